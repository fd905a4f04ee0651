"""Read the frames of a video, of images, of an array or of a camera one at a time, in RGB."""

import math
import os
import time
from dataclasses import dataclass
from typing import Iterator, List, Optional, Sequence, Tuple

import cv2
import numpy as np

from cslrkit.errors import DataError, DataNotFoundError
from cslrkit.video.images import read_image

_MIN_RATE, _MAX_RATE = 1.0, 480.0  # beyond, a container states the units of its clock, not its frame rate
_LONGEST_FRAME = 10.0  # seconds: a longer step of the clock is taken for a fault of the file
_FEWER = 0.05  # share of the announced frames that may lack: some containers only estimate their number


@dataclass(frozen=True)
class SourceFrame:
    """One frame as its source has it.

    Args:
        image: RGB, uint8 (H, W, 3).
        index: Position in the source.
        time: Seconds from the first frame; None if nothing says how fast frames follow.
    """

    image: np.ndarray
    index: int
    time: Optional[float]


class Source:
    """Frames to recognize, read anew by each call of :meth:`frames`, one in memory at a time.

    Args:
        name: Short name, for results.
        where: Path or description, for messages.
        frame_rate: Frames per second, if known.
        num_frames: How many there are as far as known beforehand.
    """

    def __init__(
        self, name: str, where: str, *, frame_rate: Optional[float] = None, num_frames: Optional[int] = None
    ) -> None:
        self.name = name
        self.where = where
        self.frame_rate = frame_rate
        self.num_frames = num_frames
        self.notes: List[str] = []  # what looked wrong while reading, filled when all is read

    def frames(self) -> Iterator[SourceFrame]:
        """Yield the frames in order.

        Raises:
            DataError: If one cannot be read, or there is none.
        """
        raise NotImplementedError

    def _time(self, index: int) -> Optional[float]:
        return None if self.frame_rate is None else index / self.frame_rate


class VideoSource(Source):
    """A video file.

    Times come from the file's own clock, so they hold for a varying frame rate, too.

    Args:
        path: The file.
        frame_rate: Frames per second, for a file that does not say.

    Raises:
        DataNotFoundError: If there is no such file.
        DataError: If it is no video.
    """

    def __init__(self, path: str, *, frame_rate: Optional[float] = None) -> None:
        if not os.path.isfile(path):
            raise DataNotFoundError(f"video: '{path}' does not exist, looked for from {os.getcwd()!r}.")
        capture = self._open(path)
        stated, count = capture.get(cv2.CAP_PROP_FPS), capture.get(cv2.CAP_PROP_FRAME_COUNT)
        capture.release()
        if math.isfinite(stated) and _MIN_RATE <= stated <= _MAX_RATE:
            frame_rate = stated
        super().__init__(
            os.path.splitext(os.path.basename(path))[0],
            path,
            frame_rate=frame_rate,
            # A damaged file or a live recording announces a negative number, or none.
            num_frames=int(count) if math.isfinite(count) and 0 < count < 1e9 else None,
        )

    def frames(self) -> Iterator[SourceFrame]:
        """Yield the frames that can be decoded; a note says if the file announced more."""
        capture = self._open(self.where)
        clock = _Clock(self.frame_rate)
        index = 0
        try:
            while True:
                read, image = capture.read()
                if not read or image is None:
                    break
                seconds = clock.tick(capture.get(cv2.CAP_PROP_POS_MSEC) / 1000)
                yield SourceFrame(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), index, seconds)
                index += 1
        finally:
            capture.release()
        if index == 0:
            raise DataError(f"video: '{self.where}': no frame can be decoded. Is the file whole? Convert it to .mp4.")
        if self.frame_rate is None:
            self.frame_rate = clock.rate
        if self.num_frames is not None and index < self.num_frames - max(1, _FEWER * self.num_frames):
            note = f"'{self.where}' says that it has {self.num_frames} frames, {index} can be decoded: is it cut off?"
            self.notes[:] = [note]
        self.num_frames = index

    @staticmethod
    def _open(path: str) -> cv2.VideoCapture:
        capture = cv2.VideoCapture(path) if os.path.getsize(path) else cv2.VideoCapture()
        if not capture.isOpened():
            state = 'cannot be read as a video' if os.path.getsize(path) else 'is empty'
            raise DataError(f"video: '{path}' {state}. Give a video file, or a folder of frames.")
        return capture


class ImagesSource(Source):
    """Images in order.

    Args:
        paths: Their files.
        name: Short name, for results.
        where: Folder or pattern, for messages.
        frame_rate: Frames per second, if known.
    """

    def __init__(self, paths: Sequence[str], *, name: str, where: str, frame_rate: Optional[float] = None) -> None:
        super().__init__(name, where, frame_rate=frame_rate, num_frames=len(paths))
        self._paths = list(paths)

    def frames(self) -> Iterator[SourceFrame]:
        """Yield the images; all must have one size."""
        shape: Optional[Tuple[int, ...]] = None
        for index, path in enumerate(self._paths):
            image = read_image(path)
            if image is None:
                raise DataError(f"frames: '{path}' cannot be read as an image. Replace the file.")
            if shape not in (None, image.shape):
                raise DataError(
                    f"frames: '{path}' is {image.shape[1]}x{image.shape[0]} pixels, the ones before are "
                    f'{shape[1]}x{shape[0]}; all frames of a clip must have one size.'
                )
            shape = image.shape
            yield SourceFrame(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), index, self._time(index))


class ArraySource(Source):
    """An array of RGB frames.

    Args:
        array: uint8 (T, H, W, 3).
        name: Short name, for results.
        frame_rate: Frames per second, if known.

    Raises:
        DataError: For another shape or type, or no frame.
    """

    def __init__(self, array: np.ndarray, *, name: str = 'array', frame_rate: Optional[float] = None) -> None:
        if array.ndim != 4 or array.shape[3] != 3 or array.dtype != np.uint8 or 0 in array.shape:
            raise DataError(
                f'{name}: got an array of shape {array.shape} and type {array.dtype}, expected uint8 (T, H, W, 3), '
                'RGB, with at least a frame.'
            )
        super().__init__(name, name, frame_rate=frame_rate, num_frames=len(array))
        self._array = array

    def frames(self) -> Iterator[SourceFrame]:
        """Yield the frames of the array."""
        for index, image in enumerate(self._array):
            yield SourceFrame(image, index, self._time(index))


class WebcamSource(Source):
    """A camera, recorded into memory when it is first read: a network slower than it must not lose frames.

    Args:
        camera: Index of the camera, from 0.
        duration: Seconds to record.

    Raises:
        DataError: If there is no duration.
    """

    def __init__(self, camera: int, *, duration: Optional[float]) -> None:
        super().__init__(f'camera{camera}', f'camera {camera}')
        if duration is None or not duration > 0:
            raise DataError(f'camera {camera}: say for how long to record: duration=10 (--duration 10), in seconds.')
        self._camera, self._duration = camera, duration
        self._recorded: List[SourceFrame] = []

    def frames(self) -> Iterator[SourceFrame]:
        """Yield the recorded frames, with the times at which they came."""
        if not self._recorded:
            self._record()
        yield from self._recorded

    def _record(self) -> None:
        capture = cv2.VideoCapture(self._camera)
        try:
            if not capture.isOpened():
                raise DataError(f'{self.where}: cannot be opened. Is one attached, and may this program use it?')
            start = None
            while True:
                read, image = capture.read()
                now = time.monotonic()
                start = now if start is None else start
                if not read or image is None or now - start > self._duration:
                    break
                frame = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
                self._recorded.append(SourceFrame(frame, len(self._recorded), now - start))
        finally:
            capture.release()
        if not self._recorded:
            raise DataError(f'{self.where}: it gives no picture. Is another program using it?')
        self.num_frames = len(self._recorded)
        last = self._recorded[-1].time
        self.frame_rate = (self.num_frames - 1) / last if last else None


class _Clock:
    """Seconds from the first frame by a file's time-stamps, or by its frame rate where they cannot be true."""

    def __init__(self, rate: Optional[float]) -> None:
        self._rate = rate
        self._last: Optional[float] = None
        self._now = 0.0
        self._ticks = 0

    def tick(self, stamp: float) -> Optional[float]:
        """Return the time of the next frame, whose time-stamp is ``stamp``; None if nothing tells it."""
        self._ticks += 1
        if self._last is not None:
            step = stamp - self._last
            if not 0 < step <= _LONGEST_FRAME:
                step = 1 / self._rate if self._rate else 0.0
            self._now += step
        self._last = stamp
        return self._now if self._rate or self._now or self._ticks == 1 else None

    @property
    def rate(self) -> Optional[float]:
        """Frames per second so far."""
        return (self._ticks - 1) / self._now if self._now else None
