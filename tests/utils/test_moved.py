import importlib
import re
import sys

import pytest

from cslrkit.apis.infer import FrameSpec
from cslrkit.utils.moved import MOVED
from cslrkit.video import VideoClip


@pytest.mark.parametrize('old', MOVED)
def test_a_module_of_an_earlier_release_says_where_it_is(old):
    new = MOVED[old].removesuffix(', in a checkout')
    sys.modules.pop(old, None)  # it says so once
    says = f'{re.escape(old)} of 0.1.0 is {re.escape(new)}'
    if new == MOVED[old]:
        with pytest.warns(FutureWarning, match=says):
            importlib.import_module(old)
    else:
        with pytest.raises(ModuleNotFoundError, match=says):
            importlib.import_module(old)
    importlib.import_module(new)


def test_what_it_held_is_there_by_its_old_name():
    sys.modules.pop('cslrkit.inference.preparation', None)
    with pytest.warns(FutureWarning, match='preparation of 0.1.0 is cslrkit.apis.infer now'):
        preparation = importlib.import_module('cslrkit.inference.preparation')
    assert preparation.FrameSpec is FrameSpec
    assert not hasattr(preparation, 'nothing')
    assert importlib.import_module('cslrkit.inference.readers').VideoSource is VideoClip


def test_other_names_fail_as_ever():
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'cslrkit\.nothing'"):
        importlib.import_module('cslrkit.nothing')
