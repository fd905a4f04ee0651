"""Turn corpora as downloaded, or your own recordings, into what the dataset and the scorer read.

Reading annotations (``read_annotations``), looking up frames (``find_frames``), the entries
(``build_info``), the vocabulary (``build_gloss_dict``) and writing (``write_info``,
``write_gloss_dict``, ``write_stm``) are apart; ``prepare_corpus`` and ``prepare_custom`` are the
sequences of them, and ``check_corpus`` verifies what they wrote.
"""

from cslrkit.corpora.prepare.annotations import Annotation, read_annotations
from cslrkit.corpora.prepare.check import check_corpus
from cslrkit.corpora.prepare.corpus import prepare_corpus
from cslrkit.corpora.prepare.custom import prepare_custom
from cslrkit.corpora.prepare.custom_table import CustomRow, read_custom_table
from cslrkit.corpora.prepare.frames import FoundFrames, find_frames
from cslrkit.corpora.prepare.info import (
    build_gloss_dict,
    build_info,
    clean_references,
    write_gloss_dict,
    write_info,
    write_stm,
)
from cslrkit.corpora.prepare.layouts import LAYOUTS, SPLITS, CorpusLayout, find_frame_dir, find_layout
from cslrkit.corpora.prepare.resize import ResizeTask, resize_frames
from cslrkit.corpora.prepare.summary import PreparedCorpus, SplitSummary, describe

__all__ = [
    'LAYOUTS',
    'SPLITS',
    'Annotation',
    'CorpusLayout',
    'CustomRow',
    'FoundFrames',
    'PreparedCorpus',
    'ResizeTask',
    'SplitSummary',
    'build_gloss_dict',
    'build_info',
    'check_corpus',
    'clean_references',
    'describe',
    'find_frame_dir',
    'find_frames',
    'find_layout',
    'prepare_corpus',
    'prepare_custom',
    'read_annotations',
    'read_custom_table',
    'resize_frames',
    'write_gloss_dict',
    'write_info',
    'write_stm',
]
