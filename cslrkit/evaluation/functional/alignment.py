"""The cheapest alignment of a hypothesis with its reference."""

from functools import lru_cache
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

SUBSTITUTION_COST = 4
INSERTION_COST = 3
DELETION_COST = 3

_OPS = 'CSDI'
_CORRECT, _SUBSTITUTION, _DELETION, _INSERTION, _OVER = range(5)
_FIRST_DELETION = [_CORRECT, _SUBSTITUTION, _DELETION, _INSERTION]
_FIRST_INSERTION = [_CORRECT, _SUBSTITUTION, _INSERTION, _DELETION]
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


def align_words(ref: Sequence[str], hyp: Sequence[str], *, prefer: str = 'deletion') -> List[Edit]:
    """Align two word sequences with the costs of NIST's sclite: substitution 4, the others 3.

    Two words can be replaced by substitutions at 12, or by fewer of them and pairs of a deletion
    and an insertion at the same cost, so the count of errors depends on how equal costs are
    decided. A substitution or match goes first. Then the published Python scorer takes a
    deletion, sclite an insertion (both decided from the end of the sentence).

    Args:
        ref: Reference words.
        hyp: Hypothesis words.
        prefer: ``'deletion'`` or ``'insertion'``: which one where both cost the same.

    Examples:
        >>> [edit.op for edit in align_words(['A', 'B'], ['B', 'C'])]
        ['D', 'C', 'I']
    """
    return align_sentences([ref], [hyp], prefer=prefer)[0]


def align_sentences(
    refs: Sequence[Sequence[str]], hyps: Sequence[Sequence[str]], *, prefer: str = 'deletion'
) -> List[List[Edit]]:
    """Align each hypothesis with its reference as :func:`align_words` does, many sentences at a time.

    Source: ``get_wer_delsubins`` of VIPL-SLP/VAC_CSLR ``python_wer_evaluation.py`` (which calls a
    deletion 'ins' and an insertion 'del', at equal penalties), and ``calculate_internal_cells``
    of usnistgov/SCTK ``net_dp.c``.

    Args:
        refs: Reference words of each sentence.
        hyps: Hypothesis words of each sentence.
        prefer: As for :func:`align_words`.
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
        ops = _cheapest_ops([refs[i] for i in part], [hyps[i] for i in part], deletion_first=prefer == 'deletion')
        for index, sentence_ops in zip(part, ops):
            edits[index] = _edits(sentence_ops)
    return edits


@lru_cache(maxsize=1 << 14)  # the same few thousand come in every sentence
def _edit(op: str, ref: Optional[int], hyp: Optional[int]) -> Edit:
    return Edit(op, ref, hyp)


def _edits(ops: Sequence[str]) -> List[Edit]:
    edits, i, j = [], 0, 0
    for op in ops:
        edits.append(_edit(op, None if op == 'I' else i, None if op == 'D' else j))
        i += op != 'I'
        j += op != 'D'
    return edits


def _cheapest_ops(
    refs: Sequence[Sequence[str]], hyps: Sequence[Sequence[str]], *, deletion_first: bool
) -> List[List[str]]:
    """The steps of the cheapest alignment of each sentence."""
    ids: Dict[str, int] = {}
    ref, ref_lens = _padded_ids(refs, ids, padding=-1)
    hyp, hyp_lens = _padded_ids(hyps, ids, padding=-2)
    same = ref[:, :, None] == hyp[:, None, :]
    costs = _costs(same)

    # From the end of each sentence to its beginning, all sentences a step at a time.
    rows = np.arange(len(ref))
    i, j = ref_lens.copy(), hyp_lens.copy()
    steps = []
    while i.any() or j.any():
        here = costs[i, rows, j]
        above, left = costs[np.maximum(i - 1, 0), rows, j], costs[i, rows, np.maximum(j - 1, 0)]
        corner = costs[np.maximum(i - 1, 0), rows, np.maximum(j - 1, 0)]
        inside = (i > 0) & (j > 0)
        is_same = inside & same[rows, i - 1, j - 1]
        is_deletion = (i > 0) & (above + DELETION_COST == here)
        is_insertion = (j > 0) & (left + INSERTION_COST == here)
        first, second = (is_deletion, is_insertion) if deletion_first else (is_insertion, is_deletion)
        codes = _FIRST_DELETION if deletion_first else _FIRST_INSERTION
        op = np.select([is_same, inside & (corner + SUBSTITUTION_COST == here), first, second], codes, default=_OVER)
        steps.append(op)
        i -= (op != _INSERTION) & (op != _OVER)
        j -= (op != _DELETION) & (op != _OVER)
    table = np.stack(steps[::-1], axis=1)
    return [[_OPS[code] for code in row if code != _OVER] for row in table.tolist()]


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


def _padded_ids(
    sentences: Sequence[Sequence[str]], ids: Dict[str, int], *, padding: int
) -> Tuple[np.ndarray, np.ndarray]:
    """Words as numbers (N, longest or 1), new ones added to ``ids``, and the lengths."""
    lengths = np.array([len(words) for words in sentences])
    numbers = np.full((len(sentences), max(lengths.max(), 1)), padding)
    flat = [ids.setdefault(word, len(ids)) for words in sentences for word in words]
    numbers[np.arange(numbers.shape[1]) < lengths[:, None]] = flat
    return numbers, lengths
