"""Resampling in time: the frames that are nearest to the ticks of a clock."""

from typing import Iterator, Optional, Tuple

from cslrkit.video.clip import Frame

Times = Optional[Tuple[float, float]]  # seconds at which a frame begins and ends

_TIE = 1e-6  # seconds: of two frames that are equally near, the earlier one is taken


class TickSampler:
    """Takes frames one after the other and gives the nearest one at each tick of a clock.

    Faster frames are lost, slower ones repeated. Frames of unknown times are given as they are.

    Args:
        rate: Ticks per second; None gives each frame once.
        frame_rate: Of the clip, for the length of a frame that no other follows.
        first_tick: At which tick the clip begins.
    """

    def __init__(self, rate: Optional[float], *, frame_rate: Optional[float] = None, first_tick: int = 0) -> None:
        self._rate, self._tick = rate, first_tick
        self._previous: Optional[Frame] = None
        self._length = 1 / frame_rate if frame_rate else 0.0  # of the frame before, in seconds

    def push(self, frame: Optional[Frame]) -> Iterator[Tuple[Frame, Times]]:
        """Take the next frame, or None after the last one; give the one before, with begin and end in seconds."""
        previous, self._previous = self._previous, frame
        if previous is None:
            return
        if previous.time is None or (frame.time is None if frame else not self._length):
            yield previous, None
            return
        end = frame.time if frame else previous.time + self._length
        self._length = end - previous.time
        if self._rate is None:
            yield previous, (previous.time, end)
        # A frame is the nearest one up to the middle between it and the next.
        while self._rate is not None and self._tick / self._rate < previous.time + self._length / 2 + _TIE:
            yield previous, (self._tick / self._rate, (self._tick + 1) / self._rate)
            self._tick += 1
