"""The cheapest alignment of a hypothesis with its reference."""

from functools import lru_cache
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence

import numpy as np

SUBSTITUTION_COST = 4
INSERTION_COST = 3
DELETION_COST = 3

_CELLS = 200_000  # entries of the table of costs held at a time


class Edit(NamedTuple):
    """One step of an alignment.

    Args:
        op: ``'C'`` correct, ``'S'`` substitution, ``'D'`` deletion or ``'I'`` insertion.
        ref: Index of the reference word, None for an insertion.
        hyp: Index of the hypothesis word, None for a deletion.
    """

    op: str
    ref: Optional[int]
    hyp: Optional[int]


def align_sentences(
    refs: Sequence[Sequence[str]], hyps: Sequence[Sequence[str]], *, prefer: str = 'deletion'
) -> List[List[Edit]]:
    """Align each hypothesis with its reference, with the costs of NIST's sclite: substitution 4, the others 3.

    Two words can be replaced by substitutions at 12, or by fewer of them and pairs of a deletion
    and an insertion at the same cost, so the count of errors depends on how equal costs are
    decided. A substitution or match goes first. Then the published Python scorer takes a
    deletion, sclite an insertion (both decided from the end of the sentence).

    Source: ``get_wer_delsubins`` of VIPL-SLP/VAC_CSLR ``python_wer_evaluation.py`` (which calls a
    deletion 'ins' and an insertion 'del', at equal penalties), and ``calculate_internal_cells``
    of usnistgov/SCTK ``net_dp.c``.

    Args:
        refs: Reference words of each sentence.
        hyps: Hypothesis words of each sentence.
        prefer: ``'deletion'`` or ``'insertion'``: which one where both cost the same.

    Examples:
        >>> [edit.op for edit in align_sentences([['A', 'B']], [['B', 'C']])[0]]
        ['D', 'C', 'I']
    """
    edits = [
        [_edit('C', i, i) for i in range(len(ref))] if list(ref) == list(hyp) else [] for ref, hyp in zip(refs, hyps)
    ]
    different = [index for index, (ref, hyp) in enumerate(zip(refs, hyps)) if list(ref) != list(hyp)]
    # Sentences of like length go together, as many as keep the table of costs small.
    different.sort(key=lambda index: (len(refs[index]), len(hyps[index])))
    while different:
        size = (len(refs[different[-1]]) + 1) * (max(len(hyps[index]) for index in different) + 1)
        count = max(1, _CELLS // size)
        part = different[-count:]
        del different[-count:]
        found = _cheapest_edits([refs[i] for i in part], [hyps[i] for i in part], deletion_first=prefer == 'deletion')
        for index, sentence in zip(part, found):
            edits[index] = sentence
    return edits


@lru_cache(maxsize=1 << 14)  # the same few thousand come in every sentence
def _edit(op: str, ref: Optional[int], hyp: Optional[int]) -> Edit:
    return Edit(op, ref, hyp)


def edits_of_steps(ops: str) -> List[Edit]:
    """Return the alignment that consists of these steps.

    Args:
        ops: Letters C, S, D and I, from the first step on.

    Raises:
        ValueError: For another letter.

    Examples:
        >>> edits_of_steps('DC')
        [Edit(op='D', ref=0, hyp=None), Edit(op='C', ref=1, hyp=0)]
    """
    if set(ops) - set('CSDI'):
        raise ValueError(f"steps of an alignment: got '{ops}', expected letters C, S, D and I.")
    edits, i, j = [], 0, 0
    for op in ops:
        edits.append(_edit(op, None if op == 'I' else i, None if op == 'D' else j))
        i += op != 'I'
        j += op != 'D'
    return edits


def _cheapest_edits(
    refs: Sequence[Sequence[str]], hyps: Sequence[Sequence[str]], *, deletion_first: bool
) -> Iterator[List[Edit]]:
    """Yield the cheapest alignment of each sentence."""
    ids: Dict[str, int] = {}
    padded_refs, padded_hyps = _padded_ids(refs, ids, padding=-1), _padded_ids(hyps, ids, padding=-2)
    costs = _costs(padded_refs[:, :, None] == padded_hyps[:, None, :])
    for index, (ref, hyp) in enumerate(zip(refs, hyps)):
        table = costs[: len(ref) + 1, index, : len(hyp) + 1].tolist()
        yield _walk(ref, hyp, table, deletion_first=deletion_first)


def _walk(ref: Sequence[str], hyp: Sequence[str], costs: List[List[int]], *, deletion_first: bool) -> List[Edit]:
    """The steps that the costs were summed over, decided from the end of the sentence."""
    edits, i, j = [], len(ref), len(hyp)
    while i or j:
        cost = costs[i][j]
        if i and j and ref[i - 1] == hyp[j - 1]:
            op = 'C'
        elif i and j and costs[i - 1][j - 1] + SUBSTITUTION_COST == cost:
            op = 'S'
        else:
            is_deletion = i > 0 and costs[i - 1][j] + DELETION_COST == cost
            is_insertion = j > 0 and costs[i][j - 1] + INSERTION_COST == cost
            op = 'D' if is_deletion and (deletion_first or not is_insertion) else 'I'
        i -= op != 'I'
        j -= op != 'D'
        edits.append(_edit(op, None if op == 'I' else i, None if op == 'D' else j))
    return edits[::-1]


def _costs(same: np.ndarray) -> np.ndarray:
    """Costs of aligning the first i words of each reference with the first j of its hypothesis.

    Args:
        same: Which pairs of words are the same.

    Shape:
        same: (N, R, H).

    Returns:
        (R + 1, N, H + 1).
    """
    num_sentences, ref_len, hyp_len = same.shape
    costs = np.empty((ref_len + 1, num_sentences, hyp_len + 1), dtype=np.int32)
    insertions = INSERTION_COST * np.arange(hyp_len + 1, dtype=np.int32)
    costs[0] = insertions
    corners = np.where(same, 0, SUBSTITUTION_COST).astype(np.int32)
    for i in range(1, ref_len + 1):
        above, row = costs[i - 1], costs[i]
        row[:, 0] = DELETION_COST * i
        np.minimum(above[:, :-1] + corners[:, i - 1], above[:, 1:] + DELETION_COST, out=row[:, 1:])
        # An insertion costs the same everywhere, so the best way along the row is a running minimum.
        row -= insertions
        np.minimum.accumulate(row, axis=1, out=row)
        row += insertions
    return costs


def _padded_ids(sentences: Sequence[Sequence[str]], ids: Dict[str, int], *, padding: int) -> np.ndarray:
    """Words as numbers (N, longest), new ones added to ``ids``."""
    lengths = np.array([len(words) for words in sentences])
    numbers = np.full((len(sentences), lengths.max()), padding)
    flat = [ids.setdefault(word, len(ids)) for words in sentences for word in words]
    numbers[np.arange(numbers.shape[1]) < lengths[:, None]] = flat
    return numbers
