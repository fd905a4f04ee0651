import numpy as np
import pytest

from cslrkit.decoders.beam.ties import nth_element_order, sort_order

# What std::sort and std::nth_element of GCC 12 leave of (7i^2 + 3i) mod m.
SORTED = {
    (20, 3): '18 3 6 15 9 0 12 10 19 17 16 14 13 11 8 7 5 4 2 1',
    (37, 4): '12 24 23 27 20 19 0 28 16 15 11 31 32 8 7 4 3 35 36 18 30 29 33 34 26 25 22 21 17 14 13 10 9 6 5 2 1',
}
FIFTH = {
    (20, 3): '6 12 0 9 15 3 18 13 19 16 14 17 10 11 8 7 5 4 2 1',
    (37, 4): '16 0 28 19 15 11 12 20 27 23 24 31 18 30 29 32 8 7 33 34 4 3 26 35 36 25 22 21 17 14 13 10 9 6 5 2 1',
}


def keys(size, modulus):
    return [(7 * i * i + 3 * i) % modulus for i in range(size)]


@pytest.mark.parametrize('case', SORTED)
def test_equal_keys_end_where_the_library_leaves_them(case):
    assert ' '.join(map(str, sort_order(keys(*case)))) == SORTED[case]
    assert ' '.join(map(str, nth_element_order(keys(*case), 5))) == FIFTH[case]


@pytest.mark.parametrize('size', [0, 1, 2, 3, 4, 15, 16, 17, 100])
def test_orders_are_orders(size):
    values = keys(size, 11)
    order = sort_order(values)
    assert sorted(order) == list(range(size))
    assert [values[i] for i in order] == sorted(values)
    for nth in range(0, size + 1, 7):
        order = nth_element_order(values, nth)
        assert sorted(order) == list(range(size))
        if nth < size:
            assert values[order[nth]] == sorted(values)[nth]
            assert max([values[i] for i in order[:nth]], default=0) <= values[order[nth]]


def test_nothing_moves_when_all_are_wanted():
    assert nth_element_order([2, 1, 2, 0], 4) == [0, 1, 2, 3]


def test_the_first_of_an_order_and_arrays():
    for size in (3, 20, 150):
        values = keys(size, 7)
        for count in (0, 1, 5, size):
            assert sort_order(np.array(values), count=count) == sort_order(values)[:count]
        assert nth_element_order(np.array(values), 4) == nth_element_order(values, 4)
