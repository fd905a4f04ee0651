"""The comparison of a main and an auxiliary output that the published scorer prints."""

from dataclasses import dataclass
from typing import List, Optional, Sequence, Tuple

from cslrkit.evaluation.functional.alignment import align_sentences
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
    return compare_sentences([ref], [primary], None if auxiliary is None else [auxiliary])[0]


def compare_sentences(
    refs: Sequence[Sequence[str]],
    primaries: Sequence[Sequence[str]],
    auxiliaries: Optional[Sequence[Sequence[str]]] = None,
) -> List[OutputCounts]:
    """Compare the outputs of many sentences, which is faster than one by one; see :func:`compare_outputs`.

    Args:
        refs: Reference words of each sentence.
        primaries: Words of the main output.
        auxiliaries: Words of the auxiliary output.
    """
    primaries = [list(words) or [EMPTY] for words in primaries]
    if auxiliaries is None:
        aligned_refs, aligned = _align(refs, primaries)
        return [
            OutputCounts(primary=_right(*pair).count(False), words=_num_words(pair[0]))
            for pair in zip(aligned_refs, aligned)
        ]
    auxiliaries = [list(words) or [EMPTY] for words in auxiliaries]
    aligned_refs = _align(_align(refs, auxiliaries)[0], _align(refs, primaries)[0])[0]
    aligned_auxiliaries = _align(aligned_refs, auxiliaries, pad=True)[1]
    aligned_primaries = _align(aligned_refs, primaries, pad=True)[1]
    counts = []
    for ref, primary, auxiliary in zip(aligned_refs, aligned_primaries, aligned_auxiliaries):
        right = list(zip(_right(ref, primary), _right(ref, auxiliary)))
        counts.append(
            OutputCounts(
                primary=sum(not p for p, _ in right),
                auxiliary=sum(not a for _, a in right),
                primary_only_right=sum(p and not a for p, a in right),
                auxiliary_only_right=sum(a and not p for p, a in right),
                words=_num_words(ref),
            )
        )
    return counts


def published_report(counts: OutputCounts) -> List[str]:
    """The four lines that the published scorer prints, to the letter."""
    return [
        f'WER_primary: {counts.primary / counts.words: 2.2%}',
        f'WER_auxiliary: {counts.auxiliary / counts.words: 2.2%}',
        f'WAR: {counts.primary_only_right / counts.words: 2.2%}',
        f'WDR: {counts.auxiliary_only_right / counts.words: 2.2%}',
    ]


def _right(ref: Sequence[str], hyp: Sequence[str]) -> List[bool]:
    return [word == other for word, other in zip(ref, hyp)]


def _num_words(ref: Sequence[str]) -> int:
    return sum('*' not in word for word in ref)


def _align(
    refs: Sequence[Sequence[str]], hyps: Sequence[Sequence[str]], *, pad: bool = False
) -> Tuple[List[List[str]], List[List[str]]]:
    """All sequences with their gaps filled by asterisks, as many as the other word has letters.

    With ``pad``, a substituted word is filled with spaces to the length of the one it replaces:
    where positions are off by one, a padded word is not equal to the same word elsewhere.
    """
    hyps = [merge_repeats(hyp) for hyp in hyps]
    aligned_refs, aligned_hyps = [], []
    for ref, hyp, edits in zip(refs, hyps, align_sentences(refs, hyps, prefer='deletion')):
        aligned_ref, aligned_hyp = [], []
        for edit in edits:
            aligned_ref.append('*' * len(hyp[edit.hyp]) if edit.ref is None else ref[edit.ref])
            word = '*' * len(ref[edit.ref]) if edit.hyp is None else hyp[edit.hyp]
            aligned_hyp.append(word.ljust(len(ref[edit.ref])) if pad and edit.op == 'S' else word)
        aligned_refs.append(aligned_ref)
        aligned_hyps.append(aligned_hyp)
    return aligned_refs, aligned_hyps
