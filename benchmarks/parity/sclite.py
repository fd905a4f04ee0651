"""The summary that NIST's sclite prints."""

from typing import Dict

from cslrkit.evaluation.functional.wer import WordCounts


def sclite_report(counts: WordCounts) -> Dict[str, str]:
    """Lines of sclite's detailed overall report by what they begin with, to the letter.

    Source: ``score_dtl_overall`` of usnistgov/SCTK ``sc_dtl.c``.

    Args:
        counts: Corpus counts in mode ``'sclite'``; there must be reference words.
    """
    rates = {
        'Percent Total Error': counts.errors,
        'Percent Correct': counts.correct,
        'Percent Substitution': counts.substitutions,
        'Percent Deletions': counts.deletions,
        'Percent Insertions': counts.insertions,
    }
    totals = {
        'Ref. words': counts.ref_words,
        'Hyp. words': counts.hyp_words,
        'Aligned words': counts.hyp_words + counts.deletions,
    }
    lines = {name: f'{name:26}=  {_rounded(counts.percent(n)):5.1f}%   ({n:4d})' for name, n in rates.items()}
    accuracy = _rounded(100.0 - counts.percent(counts.errors))
    lines['Percent Word Accuracy'] = f'{"Percent Word Accuracy":26}=  {accuracy:5.1f}%'
    lines.update({name: f'{name:26}=           ({n:4d})' for name, n in totals.items()})
    return lines


def _rounded(percentage: float) -> float:
    # sclite rounds halves away from zero before it prints; formatting alone would round the binary value.
    return int(percentage * 10 + (0.5 if percentage > 0 else -0.5)) / 10
