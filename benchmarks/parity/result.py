"""The outcome of one golden case."""

import math
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Iterable, Iterator, List, Tuple


@dataclass(frozen=True)
class CaseResult:
    """What a judge found for one case.

    Args:
        name: Which case.
        deviation: The largest deviation found, in units of its tolerance's kind.
        tolerance: The largest deviation that passes.
        failures: What did not match, one line each.
    """

    name: str
    deviation: float
    tolerance: float
    failures: Tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether everything matched within its tolerance."""
        return not self.failures and self.deviation <= self.tolerance


class Comparison:
    """Collects the checks of one case.

    Args:
        name: Which case.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._failures: List[str] = []
        self._worst = (0.0, 0.0)  # deviation and its tolerance

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Take whatever a malformed case raises, wherever, for a failure of that case and not of its judge."""
        try:
            yield
        except Exception as error:
            self.fail(f'{type(error).__name__}: {error}')

    def equal(self, what: str, got, expected) -> None:
        """Require ``got == expected``."""
        if got != expected:
            self._failures.append(f'{what}: got {_short(got)}, expected {_short(expected)}')

    def close(self, what: str, got: float, expected: float, *, tolerance: float, scale: float = 1.0) -> None:
        """Require ``|got - expected| <= tolerance * scale``."""
        deviation = abs(float(got) - float(expected)) / scale
        if not math.isfinite(deviation) or deviation > tolerance:
            self._failures.append(f'{what}: got {got!r}, expected {expected!r}, deviation {deviation:.3g}')
        if not deviation * self._worst[1] <= self._worst[0] * tolerance or self._worst[1] == 0:
            self._worst = (deviation, tolerance)

    def all_close(self, what: str, got: Iterable, expected: Iterable, *, tolerance: float, scale: float = 1.0) -> None:
        """Require two flat sequences to have one length and be close element by element."""
        got, expected = list(got), list(expected)
        self.equal(f'{what} length', len(got), len(expected))
        for index, (one, other) in enumerate(zip(got, expected)):
            self.close(f'{what}[{index}]', one, other, tolerance=tolerance, scale=scale)

    def fail(self, message: str) -> None:
        """Record a failure that is not a comparison."""
        self._failures.append(message)

    def result(self) -> CaseResult:
        """Sum up."""
        return CaseResult(self.name, self._worst[0], self._worst[1], tuple(self._failures))


def _short(value, limit: int = 120) -> str:
    text = repr(value)
    return text if len(text) <= limit else text[:limit] + '...'
