import importlib
import re
import subprocess
import sys

import pytest

from cslrkit.utils.moved import MOVED


@pytest.mark.parametrize('old', MOVED)
def test_a_module_of_an_earlier_release_says_where_it_is(old):
    new = MOVED[old].removesuffix(', in a checkout')
    with pytest.raises(ModuleNotFoundError, match=f'{re.escape(old)} of 0.1.0 is {re.escape(new)}'):
        importlib.import_module(old)
    importlib.import_module(new)


def test_what_is_in_it_says_so_too():
    with pytest.raises(ModuleNotFoundError, match=r'cslrkit\.inference of 0\.1\.0 is cslrkit\.apis\.infer now'):
        importlib.import_module('cslrkit.inference.readers')


def test_other_names_fail_as_ever():
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'cslrkit\.nothing'"):
        importlib.import_module('cslrkit.nothing')


def test_a_config_that_imports_one_is_refused_in_a_line(tmp_path):
    (tmp_path / 'old_plugin.py').write_text('from cslrkit.inference import read_clip\n')
    config = tmp_path / 'mine.py'
    config.write_text("_base_ = 'cslrkit::slowfast/synthsign.py'\ncustom_imports = dict(imports=['old_plugin'])\n")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); sys.argv = ['print_config', {str(config)!r}]\n"
    code += "import runpy; runpy.run_path('tools/print_config.py', run_name='__main__')"
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert 'Traceback' not in done.stderr
    assert 'cslrkit.inference of 0.1.0 is cslrkit.apis.infer now' in done.stderr
