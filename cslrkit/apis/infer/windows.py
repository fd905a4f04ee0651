"""Overlapping windows over a stream of frames, and their outputs joined to one stream of steps."""

import math
from dataclasses import dataclass
from typing import Iterable, Iterator, List, Optional

import numpy as np

from cslrkit.apis.infer.sampling import Sample
from cslrkit.errors import ConfigError


@dataclass(frozen=True)
class Window:
    """Consecutive samples of a source.

    Args:
        start: Position of the first one among the samples of the source.
        samples: The samples.
    """

    start: int
    samples: List[Sample]


@dataclass(frozen=True)
class WindowPlan:
    """How long windows are and how far they overlap, in samples; made by :func:`plan_windows`.

    Args:
        length: Samples of a window.
        overlap: Samples that it shares with the one before.
        align: Windows begin at multiples of this.
    """

    length: int
    overlap: int
    align: int


def plan_windows(window: float, overlap: float, *, rate: float, align: int) -> WindowPlan:
    """Turn seconds into samples.

    Args:
        window: Seconds of a window.
        overlap: Seconds that two windows share, at most half of a window.
        rate: Samples per second.
        align: Samples of which a window's start must be a multiple: the recognizer's ``frames_in_phase``.

    Raises:
        ConfigError: For numbers that give no windows.
    """
    if not (0 < window < math.inf and 0 <= overlap <= window / 2):
        raise ConfigError(
            f'windows: got {window:g} s that overlap by {overlap:g} s, expected a length above 0 and an overlap from 0 '
            'to half of it.'
        )
    # At least two steps are shared, in whose midst the outputs are joined.
    shared = max(2 * align, round(overlap * rate / align) * align)
    return WindowPlan(max(2 * shared, round(window * rate / align) * align), shared, align)


def cut_windows(samples: Iterable[Sample], plan: Optional[WindowPlan]) -> Iterator[Window]:
    """Yield overlapping windows; a source that is no longer than one gives itself.

    The last window is as long as the others, and so overlaps more. No more than two windows of samples
    are held.

    Args:
        samples: Of one source.
        plan: Sizes; None takes everything at once.
    """
    held: List[Sample] = []
    base = 0  # position of the first sample that is held: the start of the latest window
    following = 0  # where the next window starts
    for sample in samples:
        if plan is not None and base + len(held) == following + plan.length:
            del held[: following - base]
            base = following
            yield Window(base, held[: plan.length])
            following = base + plan.length - plan.overlap
        held.append(sample)
    if plan is not None and following:
        last = -(-(base + len(held) - plan.length) // plan.align) * plan.align
        del held[: last - base]
        base = last
    if held:
        yield Window(base, held)


class StepJoiner:
    """Joins the log-probabilities of overlapping windows.

    Two windows are joined within the middle half of the steps that they share, at the step that both
    hold most surely for blank, of equals the one nearest to the middle: there no gloss is cut, and each
    window has seen frames on either side.

    Args:
        blank_id: The CTC blank.
    """

    def __init__(self, blank_id: int = 0) -> None:
        self._blank_id = blank_id
        self._pending: Optional[np.ndarray] = None
        self._start = 0  # step of the first pending one

    def push(self, start: int, log_probs: np.ndarray) -> Optional[np.ndarray]:
        """Take the next window, beginning at step ``start``, and return the steps (n, V) that it settles."""
        if self._pending is None:
            self._pending, self._start = log_probs, start
            return None
        first = max(start, self._start)  # of the shared steps
        before = self._pending[first - self._start :]
        after = log_probs[first - start :]
        cut = self._cut(before[:, self._blank_id], after[: len(before), self._blank_id])
        settled = self._pending[: first - self._start + cut]
        self._pending, self._start = after[cut:], first + cut
        return settled

    def finish(self) -> Optional[np.ndarray]:
        """Return the steps of the last window that are left."""
        pending, self._pending = self._pending, None
        return pending

    @staticmethod
    def _cut(before: np.ndarray, after: np.ndarray) -> int:
        shared = min(len(before), len(after))
        low, high = shared // 4, max(shared - shared // 4, shared // 4 + 1)
        surety = np.exp(np.minimum(before[low:high], after[low:high]))
        if not len(surety):
            return shared
        middle = abs(np.arange(low, low + len(surety)) - shared / 2)
        candidates = np.flatnonzero(surety >= surety.max() - 0.01)
        return low + int(candidates[middle[candidates].argmin()])
