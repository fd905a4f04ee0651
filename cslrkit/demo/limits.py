"""What the demo takes: files that are videos, neither too large nor too long."""

import math
import os
from dataclasses import dataclass
from typing import Iterator, Optional

from cslrkit.errors import ConfigError, DataError, DataNotFoundError
from cslrkit.video.clip import Frame
from cslrkit.video.video_clip import VideoClip

_MAX_RATE = 120  # frames per second, on average
_MEGABYTE = 2**20  # as Gradio's page counts


@dataclass(frozen=True)
class Limits:
    """How much one clip may be, and all together.

    Args:
        max_seconds: Length.
        max_megabytes: Size of the file, in units of 2 ** 20 bytes.
        max_pixels: Pixels of a frame.
        max_total_megabytes: Size of the files of all visitors.

    Raises:
        ConfigError: For a number that is not above 0.
    """

    max_seconds: float = 60.0
    max_megabytes: float = 50.0
    max_pixels: int = 4096 * 2304
    max_total_megabytes: float = 1000.0

    def __post_init__(self) -> None:
        for name in ('max_seconds', 'max_megabytes', 'max_pixels', 'max_total_megabytes'):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise ConfigError(f'got {value!r}, expected a number above 0.', path=name)

    @property
    def max_bytes(self) -> int:
        """Size of the file in bytes."""
        return int(self.max_megabytes * _MEGABYTE)


class LimitedVideo(VideoClip):
    """A video file that is refused as soon as it is known to be beyond the limits.

    Size, kind and announced length are checked before anything is decoded, the true length while frames are read.

    Args:
        path: The file.
        limits: What is allowed.
        frame_rate: Frames per second, for a file that does not say.

    Raises:
        DataNotFoundError: If it is not there.
        DataError: If it is no video, or too large or too long; the message begins with the path.
    """

    def __init__(self, path: str, limits: Limits, *, frame_rate: Optional[float] = None) -> None:
        if not os.path.isfile(path):
            raise DataNotFoundError(f"'{path}' is not there any more. Upload it again.")
        size = os.path.getsize(path)
        if size > limits.max_bytes:
            raise DataError(
                f"'{path}' has {size / _MEGABYTE:.1f} MB, expected at most {limits.max_megabytes:g} MB. Cut it, or "
                'make its frames smaller.'
            )
        if size == 0:
            raise DataError(f"'{path}' is empty. Upload a video.")
        try:
            super().__init__(path, frame_rate=frame_rate)
        except DataError as error:
            raise DataError(
                f"'{path}' cannot be read as a video. Is the file whole? Upload .mp4, .mov or .webm."
            ) from error
        self._limits = limits
        height, width = self.coded_size
        if width * height > limits.max_pixels:
            raise DataError(
                f"'{path}' has frames of {width}x{height} pixels, expected at most {limits.max_pixels} pixels. "
                'Make them smaller.'
            )
        if self.num_frames and self.frame_rate and self.num_frames > self.frame_rate * limits.max_seconds:
            raise self._too_long(self.num_frames / self.frame_rate)

    def frames(self) -> Iterator[Frame]:
        """Yield the frames; ends with an error at the first one beyond the limits."""
        limit = self._limits.max_seconds
        for frame in super().frames():
            # A clock that stands still must not make a clip short.
            if (frame.time is not None and frame.time >= limit) or frame.index >= limit * _MAX_RATE:
                raise self._too_long()
            yield frame

    def _too_long(self, seconds: Optional[float] = None) -> DataError:
        got = 'more' if seconds is None else f'{seconds:.1f} s'
        return DataError(
            f"'{self.source}' is too long: got {got}, expected at most {self._limits.max_seconds:g} s. Cut it."
        )
