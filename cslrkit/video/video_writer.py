"""Write RGB frames as a video."""

import os
from fractions import Fraction
from pathlib import Path
from typing import Any, Dict, Optional, Tuple, Union

import av
import numpy as np

from cslrkit.errors import ConfigError, OutputError
from cslrkit.video.sound import Sound

# Suffix -> encoder, pixel format and options. Browsers play .mp4 and .webm; .mkv is without loss.
CODECS: Dict[str, Tuple[str, str, Dict[str, str]]] = {
    '.mp4': ('libx264', 'yuv420p', dict(crf='16', preset='veryfast')),
    '.avi': ('mjpeg', 'yuvj420p', dict(qmin='2', qmax='3', b='100M')),
    '.webm': ('libvpx', 'yuv420p', {'crf': '8', 'b': '20M', 'cpu-used': '4', 'auto-alt-ref': '0'}),
    '.mkv': ('ffv1', 'bgr0', {}),
}
# For a build of FFmpeg without x264; browsers do not play the last, which all builds have.
_MP4_OTHERWISE = [
    ('libopenh264', 'yuv420p', dict(b='20M')),
    ('mpeg4', 'yuv420p', dict(qmin='2', qmax='3', b='100M')),
]
_TICKS = 60_000  # in a second: frames of all usual rates last whole numbers of them


def check_video_name(path: Union[str, Path]) -> None:
    """Check that a video can be written under this name.

    Raises:
        ConfigError: If its suffix is none of ``CODECS``.
    """
    if Path(path).suffix.lower() not in CODECS:
        raise ConfigError(f"video: got the name '{path}', expected one ending in {', '.join(CODECS)}.")


class VideoWriter:
    """Writes RGB frames as a video.

    Args:
        path: File whose suffix is one of ``CODECS``; its folder is made if need be.
        frame_rate: Frames per second where no times are given.
        sound: Sound to write beside the frames.

    Raises:
        OutputError: If the file cannot be written; with the first frame at the earliest.
    """

    def __init__(self, path: Union[str, Path], frame_rate: float, *, sound: Optional[Sound] = None) -> None:
        self._path, self._rate = Path(path), Fraction(frame_rate).limit_denominator(1001)
        self._sound = sound
        self._container: Any = None
        self._stream: Any = None
        self._last = -1  # tick of the frame before

    def write(self, image: np.ndarray, time: Optional[float] = None) -> None:
        """Append an RGB frame (H, W, 3); all must have one size.

        In ``.mp4``, an odd height or width grows by a row or column, the last one repeated, which H.264 asks for.

        Args:
            image: The frame.
            time: Seconds from the first frame; None follows the one before by a frame of the frame rate.
        """
        if self._container is None:
            check_video_name(self._path)
            self._do(self._open, image)
        if self._path.suffix.lower() == '.mp4' and (image.shape[0] % 2 or image.shape[1] % 2):
            image = np.pad(image, [(0, image.shape[0] % 2), (0, image.shape[1] % 2), (0, 0)], mode='edge')
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format='rgb24')
        base = self._stream.codec_context.time_base
        tick = self._last + round(1 / self._rate / base) if time is None else round(time / base)
        self._last = frame.pts = max(self._last + 1, tick if self._last >= 0 or time is not None else 0)
        frame.time_base = base
        self._do(self._encode, frame)

    def close(self) -> None:
        """End the file."""
        if self._container is not None:
            container, self._container = self._container, None
            with container:
                self._do(self._end, container)

    def _open(self, image: np.ndarray) -> None:
        suffix = self._path.suffix.lower()
        codec, pixels, options = _encoder(suffix)
        os.makedirs(self._path.parent, exist_ok=True)
        self._container = av.open(str(self._path), 'w')
        self._stream = self._container.add_stream(codec, rate=self._rate, options=dict(options))
        even = 2 if suffix == '.mp4' else 1
        self._stream.height, self._stream.width = (-(-side // even) * even for side in image.shape[:2])
        self._stream.pix_fmt = pixels
        # AVI counts frames instead of telling times.
        self._stream.codec_context.time_base = 1 / self._rate if suffix == '.avi' else Fraction(1, _TICKS)
        if self._sound is not None:
            self._sound.begin(self._container, suffix)

    def _encode(self, frame: av.VideoFrame) -> None:
        self._container.mux(self._stream.encode(frame))
        if self._sound is not None:
            self._sound.write(float(frame.pts * frame.time_base))

    def _end(self, container: Any) -> None:
        container.mux(self._stream.encode())
        if self._sound is not None:
            self._sound.write()
            self._sound.close()

    def _do(self, action: Any, argument: Any) -> None:
        try:
            action(argument)
        except (OSError, av.FFmpegError) as error:
            raise OutputError(f"video: '{self._path}' cannot be written ({error.strerror or error}).") from error


def _encoder(suffix: str) -> Tuple[str, str, Dict[str, str]]:
    choices = [CODECS[suffix], *(_MP4_OTHERWISE if suffix == '.mp4' else [])]
    return next((choice for choice in choices if choice[0] in av.codecs_available), choices[-1])
