"""The cheapest alignment of a hypothesis with its reference."""

from typing import List, NamedTuple, Optional, Sequence

SUBSTITUTION_COST = 4
INSERTION_COST = 3
DELETION_COST = 3


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

    Source: ``get_wer_delsubins`` of VIPL-SLP/VAC_CSLR ``python_wer_evaluation.py`` (which calls a
    deletion 'ins' and an insertion 'del', at equal penalties), and ``calculate_internal_cells``
    of usnistgov/SCTK ``net_dp.c``.

    Args:
        ref: Reference words.
        hyp: Hypothesis words.
        prefer: ``'deletion'`` or ``'insertion'``: which one where both cost the same.

    Examples:
        >>> [edit.op for edit in align_words(['A', 'B'], ['B', 'C'])]
        ['D', 'C', 'I']
    """
    if list(ref) == list(hyp):
        return [Edit('C', index, index) for index in range(len(ref))]
    ops = _cheapest_ops(ref, hyp, deletion_first=prefer == 'deletion')
    edits, i, j = [], len(ref), len(hyp)
    while i or j:
        op = 'I' if not i else 'D' if not j else ops[i - 1][j - 1]
        i -= op != 'I'
        j -= op != 'D'
        edits.append(Edit(op, None if op == 'I' else i, None if op == 'D' else j))
    return edits[::-1]


def _cheapest_ops(ref: Sequence[str], hyp: Sequence[str], *, deletion_first: bool) -> List[List[str]]:
    """For each pair of prefixes that end in ``ref[i]`` and ``hyp[j]``, the last step that is cheapest."""
    ops = []
    above = [INSERTION_COST * j for j in range(len(hyp) + 1)]
    for i, word in enumerate(ref, start=1):
        left = DELETION_COST * i
        row, row_ops = [left], []
        for j, other in enumerate(hyp):
            deletion = above[j + 1] + DELETION_COST
            insertion = left + INSERTION_COST
            if word == other:
                left, op = above[j], 'C'
            elif above[j] + SUBSTITUTION_COST <= deletion and above[j] + SUBSTITUTION_COST <= insertion:
                left, op = above[j] + SUBSTITUTION_COST, 'S'
            elif deletion < insertion or (deletion == insertion and deletion_first):
                left, op = deletion, 'D'
            else:
                left, op = insertion, 'I'
            row.append(left)
            row_ops.append(op)
        ops.append(row_ops)
        above = row
    return ops
