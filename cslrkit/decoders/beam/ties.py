"""The order in which GNU's C++ library leaves elements that compare equal, and beams by that order.

ctcdecode sorts by ``std::sort`` and cuts its beam by ``std::nth_element``. Neither is stable, so
which of two equally probable symbols or prefixes survives is decided by how libstdc++ moves
elements about. Ties are real: symbols whose probability underflows to zero all weigh the same, and
logits in bfloat16 repeat. ``sort_order`` and ``nth_element_order`` make the same moves (median of
three, unguarded partition, insertion sort); they leave out the library's heap fallback for inputs
that are built to defeat quicksort.

Source: the algorithms that GCC's ``bits/stl_algo.h`` documents, unchanged since GCC 4.
"""

from typing import TYPE_CHECKING, Any, Dict, List, Optional, Sequence, Tuple, Union

import numpy as np
import torch

if TYPE_CHECKING:
    from cslrkit.decoders.beam.search import Front, Trees

SORT_THRESHOLD = 16
SELECT_THRESHOLD = 3

Keys = Union[Sequence[Any], np.ndarray]


def break_ties(
    scores: torch.Tensor,
    chosen: torch.Tensor,
    move_scores: torch.Tensor,
    front: 'Front',
    symbol_tokens: torch.Tensor,
    trees: 'Trees',
    remaining: int,
) -> Tuple[torch.Tensor, torch.Tensor]:
    """Choose again where the score alone does not decide which moves are the W best.

    Of equal scores, the lower last token is better. If that is the same as well, it depends on where
    the prefixes are in the tree and on how ctcdecode's library moves them; such clips are settled
    one by one. Their order within the beam matters only at a clip's last step.

    Args:
        scores: The W + 1 best scores, falling, (n, W + 1).
        chosen: Their flat indices into the moves, (n, W + 1).
        move_scores: Of all that can follow the beams, (n, W, K + 1).
        front: The beams.
        symbol_tokens: Tokens of the symbols of the step, (n, K + 1).
        trees: The clips' prefixes.
        remaining: Clips from this one on take their last step.

    Returns:
        Scores and flat indices of the W best, (n, W) each.
    """
    flat = move_scores.flatten(1)
    cut = scores[:, -2:-1]
    scores, chosen = scores[:, :-1].clone(), chosen[:, :-1].clone()
    tokens = symbol_tokens[:, None].repeat(1, front.nodes.shape[1], 1)
    tokens[:, :, -1] = front.tokens
    tokens = tokens.flatten(1)

    # One score more is equal to the last of the best, and is not that of an impossible entry.
    at_cut = ((flat == cut).sum(1) > (scores == cut).sum(1)) & (cut[:, 0] > -torch.inf)
    rows = at_cut.nonzero()[:, 0]
    unsettled = torch.zeros_like(at_cut)
    if len(rows):
        best, worst = -1, trees.none_token + 1
        equal = torch.where(flat[rows] == cut[rows], tokens[rows], worst)
        ranks, picked = equal.masked_fill_(flat[rows] > cut[rows], best).topk(chosen.shape[1] + 1, largest=False)
        unsettled[rows] = ranks[:, -2] == ranks[:, -1]
        chosen[rows] = picked[:, :-1]
        scores[rows] = flat[rows].gather(1, chosen[rows])
    unsettled[remaining:] |= _has_equals(scores[remaining:], tokens[remaining:].gather(1, chosen[remaining:]))
    for row in unsettled.nonzero()[:, 0].tolist():
        kept = _as_in_the_library(row, move_scores[row], front, trees, tokens[row])
        chosen[row, : len(kept)] = torch.tensor(kept, device=chosen.device)
        scores[row] = flat[row, chosen[row]]
    return scores, chosen


def _has_equals(scores: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
    """Which rows (n, W) hold two possible entries with the same score and the same token."""
    same = (scores[:, :, None] == scores[:, None]) & (tokens[:, :, None] == tokens[:, None])
    return ((same.sum(2) > 1) & (scores > -torch.inf)).any(1)


def sort_order(keys: Keys, *, count: Optional[int] = None) -> List[int]:
    """Indices of ``keys`` in the order in which ``std::sort`` leaves them, smallest first.

    Args:
        keys: What is compared; an array of numbers is quickest.
        count: How many of the first indices are wanted; all by default.

    Examples:
        >>> sort_order([3, 1, 2, 1])
        [1, 3, 2, 0]
    """
    values = _as_numbers(keys)
    order = np.arange(len(values))
    count = len(order) if count is None else min(count, len(order))
    pending, end = [(0, len(order))], 0
    while pending:
        first, last = pending.pop()
        while last - first > SORT_THRESHOLD:
            cut = _partition(order, values, first, last)
            if cut < count:
                pending.append((cut, last))  # ranges are disjoint, so their turn does not matter
            last = cut
        end = max(end, last)
    _insertion_sort(order, values, 0, end)
    return order[:count].tolist()


def nth_element_order(keys: Keys, nth: int) -> List[int]:
    """Indices of ``keys`` as ``std::nth_element`` leaves them: the ``nth`` smallest come first.

    Args:
        keys: What is compared.
        nth: Position of the element that gets its sorted place; at the end, nothing moves.
    """
    values = _as_numbers(keys)
    order = np.arange(len(values))
    first, last = 0, len(order)
    if nth >= last:
        return order.tolist()
    while last - first > SELECT_THRESHOLD:
        cut = _partition(order, values, first, last)
        if cut <= nth:
            first = cut
        else:
            last = cut
    _insertion_sort(order, values, first, last)
    return order.tolist()


def _as_numbers(keys: Keys) -> np.ndarray:
    """Numbers that compare as ``keys`` do."""
    if isinstance(keys, np.ndarray):
        return keys
    ranks = {key: rank for rank, key in enumerate(sorted(set(keys)))}
    return np.array([ranks[key] for key in keys], dtype=np.int64)


def _partition(order: np.ndarray, values: np.ndarray, first: int, last: int) -> int:
    """Move a median of three to ``first``, part the rest around it and return the cut."""
    a, b, c = first + 1, first + (last - first) // 2, last - 1
    at_a, at_b, at_c = values[order[[a, b, c]]].tolist()
    if at_a < at_b:
        middle = b if at_b < at_c else c if at_a < at_c else a
    else:
        middle = a if at_a < at_c else c if at_b < at_c else b
    order[[first, middle]] = order[[middle, first]]
    # From below, elements that are not less than the pivot are exchanged with ones from above that
    # are not greater, the first with the first and so on, until the two meet.
    rest = order[first + 1 : last]
    pivot, parted = values[order[first]], values[rest]
    low, high = np.flatnonzero(parted >= pivot), np.flatnonzero(parted <= pivot)[::-1]
    both = min(len(low), len(high))
    swaps = int(np.count_nonzero(low[:both] < high[:both]))
    to_low, to_high = low[:swaps], high[:swaps]
    rest[to_low], rest[to_high] = rest[to_high], rest[to_low]
    # The way from below ends at the next such element, or at the last one that came up.
    stops = [*low[swaps : swaps + 1], *high[swaps - 1 : swaps]] if swaps else [low[0]]
    return first + 1 + int(min(stops))


def _insertion_sort(order: np.ndarray, values: np.ndarray, first: int, last: int) -> None:
    # An insertion sort is stable, so any stable sort leaves the same order.
    part = order[first:last]
    order[first:last] = part[np.argsort(values[part], kind='stable')]


def _as_in_the_library(
    row: int, scores: torch.Tensor, front: 'Front', trees: 'Trees', tokens: torch.Tensor
) -> List[int]:
    """Flat indices of the W best moves of one clip, in the order in which ``std::nth_element`` leaves them.

    ctcdecode lists each prefix before those that follow it, and these in the order in which they were attached: by
    the step at which they came into being and their place among its symbols. A move's path of these numbers says
    where it is listed.
    """
    width, num_places = scores.shape
    births = trees.births[row].tolist()
    node_tokens = trees.tokens[row].tolist()
    paths: List[Tuple[int, ...]] = []
    attached: Dict[
        Tuple[int, int], Tuple[int, ...]
    ] = {}  # a node and the token of one that follows it: that one's path
    for nodes, depth, score in zip(front.paths[row].tolist(), front.depths[row].tolist(), front.scores[row].tolist()):
        own = nodes[1 : depth + 1] if score > -torch.inf else []
        path = tuple((node - 1) // width * num_places + births[node] for node in own)
        attached.update(((nodes[i], node_tokens[node]), path[: i + 1]) for i, node in enumerate(own))
        paths.append(path)
    last = trees.none * num_places  # a new node is attached after all others
    owners, last_tokens = front.nodes[row].tolist(), tokens.tolist()
    listed: Dict[int, Tuple[int, ...]] = {}
    for index in (scores > -torch.inf).flatten().nonzero()[:, 0].tolist():
        b, place = divmod(index, num_places)
        path = paths[b]
        if place < num_places - 1:
            path = attached.get((owners[b], last_tokens[index])) or (*path, last + place)
        listed[index] = path
    order = sorted(listed, key=listed.__getitem__)
    flat = scores.flatten().tolist()
    kept = nth_element_order([(-flat[index], last_tokens[index]) for index in order], width)
    return [order[i] for i in kept[:width]]
