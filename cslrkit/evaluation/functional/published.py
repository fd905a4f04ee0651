"""The comparison of a main and an auxiliary output that the published scorer prints."""

from dataclasses import dataclass
from typing import List, Optional, Sequence, Tuple

from cslrkit.evaluation.functional.alignment import align_words
from cslrkit.evaluation.functional.wer import EMPTY, merge_repeats


@dataclass(frozen=True)
class OutputCounts:
    """Counts that add up over sentences.

    Args:
        primary: Positions at which the main output is wrong.
        auxiliary: Positions at which the auxiliary output is wrong; 0 without one.
        primary_only_right: Positions that only the main output has right (WAR).
        auxiliary_only_right: Positions that only the auxiliary output has right (WDR).
        words: Reference words.
    """

    primary: int = 0
    auxiliary: int = 0
    primary_only_right: int = 0
    auxiliary_only_right: int = 0
    words: int = 0

    def __add__(self, other: 'OutputCounts') -> 'OutputCounts':
        return OutputCounts(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))


def compare_outputs(
    ref: Sequence[str], primary: Sequence[str], auxiliary: Optional[Sequence[str]] = None
) -> OutputCounts:
    """Compare one or two hypotheses with the reference, position by position.

    Source: ``sent_evaluation`` and ``calculate_stats`` of VIPL-SLP/VAC_CSLR
    ``python_wer_evaluation.py``, its faults included. With two hypotheses, the reference is
    aligned with both, the two aligned references with each other (repeats in the second merged),
    and each hypothesis with the result. A position that both lack can count against one of them,
    and where a hypothesis gains a position of its own the pairs behind it are off by one; so
    ``primary`` may differ from that of the main output alone.

    Args:
        ref: Reference words.
        primary: Words of the main output.
        auxiliary: Words of the auxiliary output.
    """
    primary = list(primary) or [EMPTY]
    if auxiliary is None:
        aligned_ref, aligned_primary = _align(ref, primary)
        aligned_auxiliary = None
    else:
        auxiliary = list(auxiliary) or [EMPTY]
        aligned_ref = _align(_align(ref, auxiliary)[0], _align(ref, primary)[0])[0]
        aligned_auxiliary = _align(aligned_ref, auxiliary, pad=True)[1]
        aligned_primary = _align(aligned_ref, primary, pad=True)[1]
    words = sum('*' not in word for word in aligned_ref)
    primary_right = [word == other for word, other in zip(aligned_ref, aligned_primary)]
    if aligned_auxiliary is None:
        return OutputCounts(primary=primary_right.count(False), words=words)
    auxiliary_right = [word == other for word, other in zip(aligned_ref, aligned_auxiliary)]
    return OutputCounts(
        primary=primary_right.count(False),
        auxiliary=auxiliary_right.count(False),
        primary_only_right=sum(p and not a for p, a in zip(primary_right, auxiliary_right)),
        auxiliary_only_right=sum(a and not p for p, a in zip(primary_right, auxiliary_right)),
        words=words,
    )


def published_report(counts: OutputCounts) -> List[str]:
    """The four lines that the published scorer prints, to the letter."""
    return [
        f'WER_primary: {counts.primary / counts.words: 2.2%}',
        f'WER_auxiliary: {counts.auxiliary / counts.words: 2.2%}',
        f'WAR: {counts.primary_only_right / counts.words: 2.2%}',
        f'WDR: {counts.auxiliary_only_right / counts.words: 2.2%}',
    ]


def _align(ref: Sequence[str], hyp: Sequence[str], *, pad: bool = False) -> Tuple[List[str], List[str]]:
    """Both sequences with their gaps filled by asterisks, as many as the other word has letters.

    With ``pad``, a substituted word is filled with spaces to the length of the one it replaces:
    where positions are off by one, a padded word is not equal to the same word elsewhere.
    """
    hyp = merge_repeats(hyp)
    aligned_ref, aligned_hyp = [], []
    for edit in align_words(ref, hyp, prefer='deletion'):
        aligned_ref.append('*' * len(hyp[edit.hyp]) if edit.ref is None else ref[edit.ref])
        word = '*' * len(ref[edit.ref]) if edit.hyp is None else hyp[edit.hyp]
        aligned_hyp.append(word.ljust(len(ref[edit.ref])) if pad and edit.op == 'S' else word)
    return aligned_ref, aligned_hyp
