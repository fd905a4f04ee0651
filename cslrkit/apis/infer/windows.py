"""A video of any length: overlapping windows of its frames, and their outputs decoded as one."""

import heapq
import math
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Callable, Dict, Iterable, Iterator, List, Optional, Tuple

import numpy as np
import torch

from cslrkit.apis.infer.frames import SampledFrame
from cslrkit.errors import ConfigError
from cslrkit.structures import GlossSpan, Hypothesis, NBestEntry, merge_neighbors

# Decoding may pause where the blank has this probability: what follows does not depend on what came before.
_SURE_BLANK = 0.999
_OVERLAP = 4.0  # seconds


@dataclass(frozen=True)
class Window:
    """Consecutive frames that the model sees.

    Args:
        start: Position of the first one among those of the video.
        frames: The frames.
    """

    start: int
    frames: List[SampledFrame]


@dataclass(frozen=True)
class WindowPlan:
    """How long windows are and how far they overlap, in frames that the model sees; made by :func:`plan_windows`.

    Args:
        length: Frames of a window.
        overlap: Frames that it shares with the one before.
        align: Windows begin at multiples of this.
    """

    length: int
    overlap: int
    align: int


def plan_windows(window: float, overlap: Optional[float], *, rate: float, align: int) -> WindowPlan:
    """Turn seconds into frames.

    Args:
        window: Seconds of a window.
        overlap: Seconds that two windows share, at most half of a window; None for 4 s or that half.
        rate: Frames per second that the model sees.
        align: Frames of which a window's start must be a multiple: the recognizer's ``frames_in_phase``.

    Raises:
        ConfigError: For numbers that give no windows.
    """
    overlap = min(_OVERLAP, window / 2) if overlap is None else overlap
    if not (0 < window < math.inf and 0 <= overlap <= window / 2):
        raise ConfigError(
            f'windows: got {window:g} s that overlap by {overlap:g} s, expected a length above 0 and an overlap from 0 '
            'to half of it. Set window and overlap (--window, --overlap).'
        )
    # At least two steps are shared, in whose midst the outputs are joined.
    shared = max(2 * align, round(overlap * rate / align) * align)
    return WindowPlan(max(2 * shared, round(window * rate / align) * align), shared, align)


def cut_windows(frames: Iterable[SampledFrame], plan: Optional[WindowPlan]) -> Iterator[Window]:
    """Yield overlapping windows; a video that is no longer than one gives itself.

    The last window is as long as the others, and so overlaps more. No more than two windows of frames
    are held.

    Args:
        frames: Of one video.
        plan: Sizes; None takes everything at once.
    """
    held: List[SampledFrame] = []
    base = 0  # position of the first frame that is held: the start of the latest window
    following = 0  # where the next window starts
    for frame in frames:
        if plan is not None and base + len(held) == following + plan.length:
            del held[: following - base]
            base = following
            yield Window(base, held[: plan.length])
            following = base + plan.length - plan.overlap
        held.append(frame)
    if plan is not None and following:
        last = -(-(base + len(held) - plan.length) // plan.align) * plan.align
        del held[: last - base]
        base = last
    if held:
        yield Window(base, held)


class WindowDecoder:
    """Joins the log-probabilities of a video's windows and decodes them piece by piece.

    Two windows are joined within the middle half of the steps that they share, at the step where both
    give the blank the highest probability, of equals the one nearest to the middle: there no gloss is
    cut, and each window has seen frames on either side. What was joined is decoded up to the last step
    whose blank is nearly certain. No more than some windows of steps are held.

    Args:
        decode: Hypotheses of log-probabilities (1, T', V) and their length.
        nbest: Sequences to keep.
        blank_id: The CTC blank.
        keep: Whether all log-probabilities are kept.
    """

    def __init__(
        self,
        decode: Callable[[torch.Tensor, List[int]], List[Hypothesis]],
        *,
        nbest: int = 1,
        blank_id: int = 0,
        keep: bool = False,
    ) -> None:
        self._decode, self._nbest, self._blank_id = decode, nbest, blank_id
        self._steps: Optional[np.ndarray] = None  # not decoded yet
        self._first = 0  # which step the first of these is
        self._settled = 0  # up to which step no later window changes anything
        self._spans: List[GlossSpan] = []
        self._score = 0.0
        self._best = [NBestEntry((), 0.0)]
        self._kept: Optional[List[np.ndarray]] = [] if keep else None

    @property
    def num_held(self) -> int:
        """Steps that are not decoded yet."""
        return 0 if self._steps is None else len(self._steps)

    @property
    def log_probs(self) -> Optional[np.ndarray]:
        """All that was decoded, (T', V), if it was to be kept."""
        return np.concatenate(self._kept) if self._kept else None

    def add(self, start: int, log_probs: np.ndarray) -> None:
        """Take the log-probabilities (T', V) of the next window, whose first step is ``start``."""
        if self._steps is None:
            self._steps = log_probs
            return
        first = max(start, self._settled)  # of the shared steps
        before, after = self._steps[first - self._first :], log_probs[first - start :]
        cut = joint(before[:, self._blank_id], after[: len(before), self._blank_id])
        self._settled = first + cut
        self._steps = np.concatenate([self._steps[: self._settled - self._first], after[cut:]])
        blank = self._steps[: self._settled - self._first, self._blank_id]
        self._flush(pause(blank, longest=2 * len(log_probs)))

    def finish(self) -> Hypothesis:
        """Decode what is left and return the hypothesis of the whole video, in its steps."""
        self._flush(self.num_held)
        nbest: Dict[Tuple[int, ...], NBestEntry] = {}
        for entry in self._best:
            merged = tuple(gloss_id for gloss_id, _ in groupby(entry.gloss_ids))
            nbest.setdefault(merged, replace(entry, gloss_ids=merged))
        return Hypothesis(self._spans, self._score, tuple(nbest.values()))

    def _flush(self, count: int) -> None:
        """Decode the first ``count`` steps and forget them."""
        if not count:
            return
        steps, self._steps = np.ascontiguousarray(self._steps[:count]), self._steps[count:]
        hyp = self._decode(torch.from_numpy(steps)[None], [count])[0]
        moved = (span.shifted(self._first) for span in hyp)
        self._spans[-1:] = merge_neighbors([*self._spans[-1:], *moved])
        self._score += hyp.score
        found = hyp.nbest or [NBestEntry(hyp.gloss_ids, hyp.score)]
        joined = (joined_entry(before, after) for before in self._best for after in found)
        self._best = heapq.nlargest(self._nbest, joined, key=lambda entry: entry.score)
        self._first += count
        if self._kept is not None:
            self._kept.append(steps)


def joined_entry(before: NBestEntry, after: NBestEntry) -> NBestEntry:
    """Return the sequence of two that follow each other."""
    lm_score = None if after.lm_score is None else (before.lm_score or 0.0) + after.lm_score
    return NBestEntry(before.gloss_ids + after.gloss_ids, before.score + after.score, lm_score=lm_score)


def pause(blank: np.ndarray, *, longest: int, sure: float = _SURE_BLANK) -> int:
    """Return how many steps can be decoded without those that follow, by their log-probabilities of the blank.

    Decoding pauses at the last step whose blank is as probable as ``sure``. If there is none in more than ``longest``
    steps, the likeliest place of one must do. 0 means to wait.
    """
    certain, half = np.flatnonzero(np.exp(blank) >= sure), len(blank) // 2
    if len(certain) and certain[-1] > 0:
        return int(certain[-1])
    return half + int(blank[half:].argmax()) if len(blank) > longest else 0


def joint(before: np.ndarray, after: np.ndarray) -> int:
    """Return at which of the steps that two windows share they are joined, by their log-probabilities of the blank."""
    shared = min(len(before), len(after))
    low, high = shared // 4, max(shared - shared // 4, shared // 4 + 1)
    blank = np.exp(np.minimum(before[low:high], after[low:high]))
    if not len(blank):
        return shared
    middle = abs(np.arange(low, low + len(blank)) - shared / 2)
    best = np.flatnonzero(blank >= blank.max() - 0.01)
    return low + int(best[middle[best].argmin()])
