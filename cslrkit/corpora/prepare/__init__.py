"""Turn corpora as downloaded, or your own recordings, into what the dataset and the scorer read.

``prepare_corpus`` is the sequence of steps: reading annotations (``Corpus.read``), looking up frames
(``find_frames``), the entries (``build_infos``), the vocabulary (``build_gloss_dict``) and writing
(``write_files``); ``check_corpus`` verifies what it wrote.
"""

from cslrkit.corpora.prepare.check import check_corpus
from cslrkit.corpora.prepare.corpus import prepare_corpus
from cslrkit.corpora.prepare.files import (
    build_gloss_dict,
    build_infos,
    clean_references,
    write_files,
    write_object,
    write_stm,
)
from cslrkit.corpora.prepare.frames import FoundFrames, find_frames
from cslrkit.corpora.prepare.resize import ResizeTask, resize_frames
from cslrkit.corpora.prepare.summary import PreparedCorpus, SplitSummary, describe

__all__ = [
    'FoundFrames',
    'PreparedCorpus',
    'ResizeTask',
    'SplitSummary',
    'build_gloss_dict',
    'build_infos',
    'check_corpus',
    'clean_references',
    'describe',
    'find_frames',
    'prepare_corpus',
    'resize_frames',
    'write_files',
    'write_object',
    'write_stm',
]
