"""A drawn signing corpus in the folders of any registered one, for the quickstart, tests and benchmarks."""

from cslrkit.corpora.synthsign.make import CorpusSummary, make_corpus
from cslrkit.corpora.synthsign.record import render_videos
from cslrkit.corpora.synthsign.session import Session, make_session, read_session
from cslrkit.corpora.synthsign.signs import Lexicon, MinimalPair, make_lexicon
from cslrkit.corpora.synthsign.spec import FRAME_RATE, PRESETS, CorpusSpec

__all__ = [
    'FRAME_RATE',
    'PRESETS',
    'CorpusSpec',
    'CorpusSummary',
    'Lexicon',
    'MinimalPair',
    'Session',
    'make_corpus',
    'make_lexicon',
    'make_session',
    'read_session',
    'render_videos',
]
