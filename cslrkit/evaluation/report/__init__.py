"""Scores of STM and CTM files, broken down and compared: what ``tools/score.py`` prints."""

from cslrkit.evaluation.report.bootstrap import PairedTest, bootstrap_wer, paired_bootstrap
from cslrkit.evaluation.report.breakdown import by_frequency, by_length, by_signer, count_confusions
from cslrkit.evaluation.report.corpus import MISSING_RULES, ScoredCorpus, ScoredSentence, score_files
from cslrkit.evaluation.report.summary import compare_corpora, sentence_record, summarize
from cslrkit.evaluation.report.text import (
    format_alignment,
    format_comparison,
    format_interval,
    format_summary,
    format_wer_table,
)

__all__ = [
    'MISSING_RULES',
    'PairedTest',
    'ScoredCorpus',
    'ScoredSentence',
    'bootstrap_wer',
    'by_frequency',
    'by_length',
    'by_signer',
    'compare_corpora',
    'count_confusions',
    'format_alignment',
    'format_comparison',
    'format_interval',
    'format_summary',
    'format_wer_table',
    'paired_bootstrap',
    'score_files',
    'sentence_record',
    'summarize',
]
