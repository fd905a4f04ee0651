"""A drawn signing corpus in the layouts of the real ones, for the quickstart, tests and benchmarks."""

from cslrkit.testing.synthetic.corpus import CorpusSummary, make_corpus
from cslrkit.testing.synthetic.lexicon import Lexicon, MinimalPair, make_lexicon
from cslrkit.testing.synthetic.spec import FRAME_RATE, PRESETS, CorpusSpec
from cslrkit.testing.synthetic.videos import render_videos

__all__ = [
    'FRAME_RATE',
    'PRESETS',
    'CorpusSpec',
    'CorpusSummary',
    'Lexicon',
    'MinimalPair',
    'make_corpus',
    'make_lexicon',
    'render_videos',
]
