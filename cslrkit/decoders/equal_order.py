"""The order in which GNU's C++ library leaves elements that compare equal.

ctcdecode sorts by ``std::sort`` and cuts its beam by ``std::nth_element``. Neither is stable, so
which of two equally probable symbols or prefixes survives is decided by how libstdc++ moves
elements about. Ties are real: symbols whose probability underflows to zero all weigh the same, and
logits in bfloat16 repeat. These functions make the same moves (median of three, unguarded partition,
insertion sort); they leave out the library's heap fallback for inputs that are built to defeat
quicksort.

Source: the algorithms that GCC's ``bits/stl_algo.h`` documents, unchanged since GCC 4.
"""

from typing import Any, List, Optional, Sequence, Union

import numpy as np

SORT_THRESHOLD = 16
SELECT_THRESHOLD = 3

Keys = Union[Sequence[Any], np.ndarray]


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
