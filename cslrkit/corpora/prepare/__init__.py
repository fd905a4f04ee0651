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
    write_object,
    write_stm,
)
from cslrkit.corpora.prepare.frames import find_frames
from cslrkit.corpora.prepare.resize import ResizeTask, resize_frames
from cslrkit.corpora.prepare.summary import describe

__all__ = [
    'ResizeTask',
    'build_gloss_dict',
    'build_infos',
    'check_corpus',
    'describe',
    'find_frames',
    'prepare_corpus',
    'resize_frames',
    'write_object',
    'write_stm',
]
