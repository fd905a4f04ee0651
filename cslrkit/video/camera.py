"""A camera as a clip."""

import time
from itertools import takewhile
from typing import Iterator, List, Optional, Sequence, Tuple

import cv2
import numpy as np

from cslrkit.errors import DataError
from cslrkit.video.clip import Clip, Frame


class CameraClip(Clip):
    """A camera, recorded into memory when it is first read: a network slower than it must not lose frames.

    Args:
        camera: Index of the camera, from 0.
        duration: Seconds to record.

    Raises:
        DataError: If there is no duration.
    """

    def __init__(self, camera: int, *, duration: Optional[float]) -> None:
        super().__init__(f'camera {camera}', where=f'camera {camera}', name=f'camera{camera}')
        if duration is None or not duration > 0:
            raise DataError(f'camera {camera}: say for how long to record: duration=10 (--duration 10), in seconds.')
        self._camera, self._duration = camera, duration
        self._frames: List[Frame] = []

    def __len__(self) -> int:
        return len(self._recorded())

    def frame_size(self, index: int = 0) -> Tuple[int, int]:
        """Height and width."""
        return self._recorded()[index].image.shape[:2]

    def decode(self, indices: Sequence[int]) -> Iterator[np.ndarray]:
        """Yield recorded frames."""
        return (self._recorded()[index].image for index in indices)

    def frames(self) -> Iterator[Frame]:
        """Yield the recorded frames, with the times at which they came."""
        yield from self._recorded()

    def _recorded(self) -> List[Frame]:
        if self._frames:
            return self._frames
        self._frames = list(takewhile(lambda frame: frame.time <= self._duration, camera_frames(self._camera)))
        self.num_frames = len(self._frames)
        last = self._frames[-1].time
        self.frame_rate = (self.num_frames - 1) / last if last else None
        return self._frames


def camera_frames(camera: int) -> Iterator[Frame]:
    """Yield the frames of a camera as they come, with seconds since the first one, until it gives no more.

    Raises:
        DataError: If it cannot be opened, or never gives a picture.
    """
    where = f'camera {camera}'
    capture = cv2.VideoCapture(camera)
    index, start = 0, 0.0
    try:
        if not capture.isOpened():
            raise DataError(f'{where}: cannot be opened. Is one attached, and may this program use it?')
        while True:
            read, image = capture.read()
            now = time.monotonic()
            if not read or image is None:
                break
            start = now if not index else start
            yield Frame(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), index, now - start)
            index += 1
    finally:
        capture.release()
    if not index:
        raise DataError(f'{where}: it gives no picture. Is another program using it?')
