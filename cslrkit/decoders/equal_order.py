"""The order in which GNU's C++ library leaves elements that compare equal.

ctcdecode sorts by ``std::sort`` and cuts its beam by ``std::nth_element``. Neither is stable, so
which of two equally probable symbols or prefixes survives is decided by how libstdc++ moves
elements about. Ties are real: symbols whose probability underflows to zero all weigh the same.
These functions make the same moves (median of three, unguarded partition, insertion sort); they
leave out the library's heap fallback for inputs that are built to defeat quicksort.

Source: the algorithms that GCC's ``bits/stl_algo.h`` documents, unchanged since GCC 4.
"""

from typing import Any, List, Sequence

SORT_THRESHOLD = 16
SELECT_THRESHOLD = 3


def sort_order(keys: Sequence[Any]) -> List[int]:
    """Indices of ``keys`` in the order in which ``std::sort`` leaves them, smallest first.

    Examples:
        >>> sort_order([3, 1, 2, 1])
        [1, 3, 2, 0]
    """
    order = list(range(len(keys)))
    pending = [(0, len(order))]
    while pending:
        first, last = pending.pop()
        while last - first > SORT_THRESHOLD:
            cut = _partition(order, keys, first, last)
            pending.append((cut, last))  # ranges are disjoint, so their turn does not matter
            last = cut
    _insertion_sort(order, keys, 0, len(order))
    return order


def nth_element_order(keys: Sequence[Any], nth: int) -> List[int]:
    """Indices of ``keys`` as ``std::nth_element`` leaves them: the ``nth`` smallest come first.

    Args:
        keys: What is compared.
        nth: Position of the element that gets its sorted place; at the end, nothing moves.
    """
    order = list(range(len(keys)))
    first, last = 0, len(order)
    if nth >= last:
        return order
    while last - first > SELECT_THRESHOLD:
        cut = _partition(order, keys, first, last)
        if cut <= nth:
            first = cut
        else:
            last = cut
    _insertion_sort(order, keys, first, last)
    return order


def _partition(order: List[int], keys: Sequence[Any], first: int, last: int) -> int:
    """Move a median of three to ``first``, part the rest around it and return the cut."""
    a, b, c = first + 1, first + (last - first) // 2, last - 1
    key_a, key_b, key_c = keys[order[a]], keys[order[b]], keys[order[c]]
    if key_a < key_b:
        middle = b if key_b < key_c else c if key_a < key_c else a
    else:
        middle = a if key_a < key_c else c if key_b < key_c else b
    order[first], order[middle] = order[middle], order[first]
    pivot = keys[order[first]]
    low, high = first + 1, last
    while True:
        while keys[order[low]] < pivot:
            low += 1
        high -= 1
        while pivot < keys[order[high]]:
            high -= 1
        if low >= high:
            return low
        order[low], order[high] = order[high], order[low]
        low += 1


def _insertion_sort(order: List[int], keys: Sequence[Any], first: int, last: int) -> None:
    for position in range(first + 1, last):
        index = order[position]
        key = keys[index]
        hole = position
        while hole > first and key < keys[order[hole - 1]]:
            order[hole] = order[hole - 1]
            hole -= 1
        order[hole] = index
