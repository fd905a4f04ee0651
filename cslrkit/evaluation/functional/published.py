"""The comparison of a main and an auxiliary output that the published scorer prints."""

from typing import List, NamedTuple, Sequence, Tuple

from cslrkit.evaluation.functional.alignment import align_sentences
from cslrkit.evaluation.functional.wer import EMPTY, merge_repeats


class OutputCounts(NamedTuple):
    """What two outputs have right and wrong in a corpus.

    Args:
        primary: Positions at which the main output is wrong.
        auxiliary: Positions at which the auxiliary output is wrong.
        primary_only_right: Positions that only the main output has right (WAR).
        auxiliary_only_right: Positions that only the auxiliary output has right (WDR).
        words: Reference words.
    """

    primary: int
    auxiliary: int
    primary_only_right: int
    auxiliary_only_right: int
    words: int


def compare_outputs(
    refs: Sequence[Sequence[str]], primaries: Sequence[Sequence[str]], auxiliaries: Sequence[Sequence[str]]
) -> OutputCounts:
    """Compare two hypotheses of each sentence with its reference, position by position.

    Source: ``sent_evaluation`` and ``calculate_stats`` of VIPL-SLP/VAC_CSLR
    ``python_wer_evaluation.py``, its faults included. The reference is aligned with both
    hypotheses, the two aligned references with each other (repeats in the second merged),
    and each hypothesis with the result. A position that both lack can count against one of them,
    and where a hypothesis gains a position of its own the pairs behind it are off by one; so
    ``primary`` may differ from the errors of the main output alone.

    Args:
        refs: Reference words of each sentence.
        primaries: Words of the main output.
        auxiliaries: Words of the auxiliary output.
    """
    primaries, auxiliaries = ([list(words) or [EMPTY] for words in side] for side in (primaries, auxiliaries))
    aligned_refs = _align(_align(refs, auxiliaries)[0], _align(refs, primaries)[0])[0]
    aligned = [_align(aligned_refs, side, pad=True)[1] for side in (primaries, auxiliaries)]
    positions = [position for sentence in zip(aligned_refs, *aligned) for position in zip(*sentence)]
    right = [(word == primary, word == auxiliary) for word, primary, auxiliary in positions]
    return OutputCounts(
        primary=sum(not p for p, _ in right),
        auxiliary=sum(not a for _, a in right),
        primary_only_right=sum(p and not a for p, a in right),
        auxiliary_only_right=sum(a and not p for p, a in right),
        words=sum('*' not in word for word, *_ in positions),
    )


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
