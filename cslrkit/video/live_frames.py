"""Frames at the pace at which they come, while somebody else is busy with those before."""

import threading
import time
from collections import deque
from typing import Deque, Iterable, Iterator, List, Optional, Tuple

from cslrkit.errors import DataError
from cslrkit.video.camera import camera_frames
from cslrkit.video.clip import Frame
from cslrkit.video.inputs import open_clips
from cslrkit.video.video_file import is_address


class LiveFrames:
    """Reads frames in a thread; an iteration gives all that came since the last one, so that nothing waits for it.

    If more than ``held`` seconds are waiting, the oldest are dropped and counted in ``num_dropped``: what is signed now
    is worth more than what was signed then.

    Args:
        frames: With times, from a camera or an address as they come, or from a file.
        paced: Whether frames of a file are given no sooner than a player would show them.
        held: Seconds of frames that may wait; None keeps all.
        quiet: Seconds without a frame after which an empty list is given, so that the glosses so far can be ended.
        stalled: Seconds without a frame after which the source is taken for dead.

    Raises:
        DataError: In the iteration, if the source breaks off or gives nothing for ``stalled`` seconds.
    """

    def __init__(
        self,
        frames: Iterable[Frame],
        *,
        paced: bool = False,
        held: Optional[float] = 2.0,
        quiet: float = 2.0,
        stalled: float = 30.0,
    ) -> None:
        self._source, self._paced, self._held = frames, paced, held
        self._quiet, self._stalled = quiet, stalled
        self._waiting: Deque[Frame] = deque()
        self._changed = threading.Condition()
        self._ended = False
        self._error: Optional[BaseException] = None
        self.num_dropped = 0

    def __iter__(self) -> Iterator[List[Frame]]:
        thread = threading.Thread(target=self._read, daemon=True)
        thread.start()
        last = time.monotonic()
        try:
            while True:
                with self._changed:
                    self._changed.wait_for(lambda: self._waiting or self._ended, timeout=self._quiet)
                    batch, ended = list(self._waiting), self._ended
                    self._waiting.clear()
                    self._changed.notify_all()
                now = time.monotonic()
                last = now if batch else last
                if batch or not ended:
                    yield batch
                elif self._error is not None:
                    raise self._error
                else:
                    return
                if not batch and now - last > self._stalled:
                    raise DataError(f'live: no frame for {now - last:.0f} s. Is the camera or the connection gone?')
        finally:
            with self._changed:
                self._ended = True

    def _read(self) -> None:
        start = time.monotonic()
        try:
            for frame in self._source:
                if frame.time is None:
                    raise DataError('live: the frames have no times. Give a camera, an address or a video file.')
                if self._paced:
                    time.sleep(max(0.0, start + frame.time - time.monotonic()))
                if not self._keep(frame):
                    return
        except Exception as error:  # handed to whoever iterates
            self._error = error
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _keep(self, frame: Frame) -> bool:
        """Let a frame wait, unless nobody listens any more."""
        with self._changed:
            self._waiting.append(frame)
            while self._held is not None and frame.time - self._waiting[0].time > self._held:
                self._waiting.popleft()
                self.num_dropped += 1
            self._changed.notify_all()
            return not self._ended


def open_live(source: str) -> Tuple[Iterator[Frame], bool]:
    """Return the frames of an index of a camera, an address or a video file, and whether it is a file.

    Raises:
        DataNotFoundError: If there is no such file.
        DataError: If it cannot be read.
    """
    if source.isdecimal():
        return camera_frames(int(source)), False
    return open_clips(source)[0].frames(), not is_address(source)
