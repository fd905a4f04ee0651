"""The drawn corpus."""

from typing import Mapping

from cslrkit.corpora.phoenix2014 import Phoenix2014
from cslrkit.registry import CORPORA


@CORPORA.register_module(name='synthsign')
class SynthSign(Phoenix2014):
    """The corpus that ``tools/make_synthetic.py`` draws by itself: small frames in the folders of PHOENIX 2014."""

    frame_size = read_size = (112, 112)
    normalizer = None
    published: Mapping[str, int] = {}
