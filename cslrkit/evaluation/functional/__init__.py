"""Pure functions: word alignment, word error rates, normalizers, STM and CTM files, tables."""

from cslrkit.evaluation.functional.alignment import align_sentences
from cslrkit.evaluation.functional.ctm import CtmEntry, dump_ctm, load_ctm
from cslrkit.evaluation.functional.published import compare_outputs
from cslrkit.evaluation.functional.stm import StmEntry, dump_stm, load_stm
from cslrkit.evaluation.functional.wer import WordCounts, merge_repeats, score_sentence, score_sentences

__all__ = [
    'CtmEntry',
    'StmEntry',
    'WordCounts',
    'align_sentences',
    'compare_outputs',
    'dump_ctm',
    'dump_stm',
    'load_ctm',
    'load_stm',
    'merge_repeats',
    'score_sentence',
    'score_sentences',
]
