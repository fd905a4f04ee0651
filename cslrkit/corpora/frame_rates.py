"""Which frame rate recordings have in common."""

from bisect import bisect_left, bisect_right
from collections import Counter
from typing import Iterable, Optional, Tuple

_ALIKE = 1.01  # times another rate, up to which two are one: 30 and 29.97, or the mean of a phone's recording


def commonest_rate(rates: Iterable[float]) -> Optional[float]:
    """Return the rate that most of ``rates`` are alike, the lowest of several; None if there is no rate."""
    rates = sorted(rates)
    counts = Counter(rates)

    def rank(rate: float) -> Tuple[int, int, float]:
        alike = bisect_right(rates, rate * _ALIKE) - bisect_left(rates, rate / _ALIKE)
        return alike, counts[rate], -rate  # a frame that is left out shows less than one that is seen twice

    return max(counts, key=rank, default=None)


def are_alike(rates: Iterable[float]) -> bool:
    """Whether all rates are one but for rounding; of no rate, too."""
    rates = list(rates)
    return not rates or max(rates) <= _ALIKE * min(rates)
