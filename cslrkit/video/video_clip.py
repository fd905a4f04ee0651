"""A video file as a clip: the frames that a player shows, at the times at which it shows them."""

import os
from itertools import takewhile
from typing import Any, ContextManager, Iterator, List, Optional, Sequence, Tuple

import av
import numpy as np

from cslrkit.errors import DataError, DataNotFoundError
from cslrkit.utils.messages import plural
from cslrkit.video.clip import Clip, Frame, is_between
from cslrkit.video.containers import is_cut_off
from cslrkit.video.video_file import (
    UprightImages,
    VideoIndex,
    decode_stream,
    is_address,
    no_frame_error,
    open_video,
    shown_size,
    video_index,
)

_MIN_RATE, _MAX_RATE = 1, 480  # beyond, a container states the units of its clock, not its frame rate
_LONGEST_FRAME = 6 * 3600.0  # seconds; a longer step of the clock is a fault of the file
_SEEK_OVER = 12  # frames to be left out from which on seeking costs less than decoding them


class VideoClip(Clip):
    """A video file of any kind that FFmpeg reads.

    Frames are turned and mirrored as the file says, and their pixels are made square. Times come from its own clock, so
    they hold for a varying frame rate. :meth:`frames` gives what can be decoded and leaves a note on what cannot;
    :meth:`decode` gives any frames exactly, seeking where that saves decoding, and nothing that is damaged.

    Args:
        path: The file, or an address such as ``rtsp://...``, whose frames can only be read in order.
        where: How messages begin.
        frame_rate: Frames per second, for a file that does not say.
        threads: Threads that decode; 0 lets FFmpeg choose.
        duration: Seconds to read of an address; None reads to its end.

    Raises:
        DataNotFoundError: If there is no such file.
        DataError: If it is no video.
    """

    begins = 0.0  # seconds on the file's clock at which its first frame is shown, once that has been read

    def __init__(
        self,
        path: str,
        *,
        where: str = 'video',
        frame_rate: Optional[float] = None,
        threads: int = 0,
        duration: Optional[float] = None,
    ) -> None:
        name = os.path.splitext(os.path.basename(path))[0] or 'stream'  # of an address without a path
        super().__init__(path, where=where, name=name, frame_rate=frame_rate)
        self._threads, self._duration = threads, duration
        if not is_address(path) and not os.path.isfile(path):
            raise DataNotFoundError(f"{where}: '{path}' does not exist, looked for from {os.getcwd()!r}.")
        with self._open() as (container, stream):
            context = stream.codec_context
            self._tick = stream.time_base
            rates = [rate for rate in (stream.guessed_rate, stream.average_rate) if rate]
            self.frame_rate = next((float(rate) for rate in rates if _MIN_RATE <= rate <= _MAX_RATE), frame_rate)
            self.coded_size = context.height, context.width
            self.num_frames = stream.frames or None
            if self.num_frames is None and container.duration and self.frame_rate:
                self.num_frames = max(1, round(container.duration / av.time_base * self.frame_rate))

    def __len__(self) -> int:
        return self.index.num_frames

    @property
    def index(self) -> VideoIndex:
        """Which frames the file has."""
        return video_index(self.source, where=self.where)

    def frame_size(self, index: int = 0) -> Tuple[int, int]:
        """Height and width of all frames, as they are shown."""
        return self.index.size

    def frames(self) -> Iterator[Frame]:
        """Yield the frames that can be decoded; a note says if some cannot, or the file is cut off."""
        upright, clock, faults, index = None, _Clock(self.frame_rate), [], 0
        with self._open() as (container, stream):
            codec = stream.codec_context.codec.canonical_name
            # AVI has no time-stamps of frames that are stored in another order, only of when they are decoded.
            stamp = 'dts' if container.format.name == 'avi' else 'pts'
            for frame in decode_stream(container, stream, faults):
                ticks = getattr(frame, stamp)
                seconds = None if ticks is None else float(ticks * frame.time_base)
                if index == 0:
                    self.begins = seconds or 0.0
                time = clock.tick(seconds)
                if self._duration is not None and time is not None and time >= self._duration:
                    break
                upright = upright or UprightImages(shown_size(frame, stream))
                yield Frame(upright(frame), index, time)
                index += 1
        if index == 0:
            raise no_frame_error(self.source, self.where, codec)
        if self.frame_rate is None:
            self.frame_rate = clock.rate
        if not is_address(self.source) and is_cut_off(self.source):
            self.notes = [f"'{self.source}' is cut off: {plural(index, 'frame')} can be decoded."]
        elif faults:
            self.notes = [f"'{self.source}' is damaged ({faults[0]}): {plural(index, 'frame')} can be decoded."]
        self.num_frames = index

    def frames_between(self, start: float, end: float) -> Iterator[Frame]:
        """Yield the frames that are shown from ``start`` to before ``end``; see :class:`Clip`."""
        stamps = self.index.stamps
        if not stamps:  # only decoding from the start tells the times
            shown = takewhile(lambda frame: frame.time is None or frame.time < end, self.frames())
            return (frame for frame in shown if frame.time is None or is_between(frame.time, start, end))
        first = min(stamps)
        times = {position: float((stamp - first) * self._tick) for stamp, position in stamps.items()}
        places = sorted(place for place, time in times.items() if is_between(time, start, end))
        return (Frame(image, place, times[place]) for place, image in zip(places, self.decode(places)))

    def decode(self, indices: Sequence[int]) -> Iterator[np.ndarray]:
        """Yield frames.

        Raises:
            DataError: If the file is cut off, or a frame or one that it builds upon is damaged.
        """
        if self.index.is_cut_off:
            raise DataError(f"{self.where}: '{self.source}' is cut off. Copy it again.")
        upright = UprightImages(self.index.size)
        with self._open() as opened:
            find = _Finder(self.index, *opened)
            for position in indices:
                frame = find(position)
                if frame is None:
                    raise DataError(
                        f"{self.where}: frame {position} of '{self.source}' cannot be decoded "
                        f'({(find.faults or ["it is not there"])[0]}). Copy the file again, or convert it to .mp4.'
                    )
                yield upright(frame)

    def _open(self) -> ContextManager[Tuple[Any, Any]]:
        return open_video(self.source, where=self.where, threads=self._threads)


class _Finder:
    """Finds frames of an open file by their positions, which must increase."""

    def __init__(self, index: VideoIndex, container: Any, stream: Any) -> None:
        self._index, self._container, self._stream = index, container, stream
        self.faults: List[str] = []
        self._frames = decode_stream(container, stream, self.faults)
        self._next = self._begun = 0  # position of the next frame, and of the first one since the last seek

    def __call__(self, position: int) -> Optional[av.VideoFrame]:
        """Return a frame; None if it is damaged or not there."""
        key, stamp = self._index.key_before(position)
        if key >= self._next + _SEEK_OVER:
            self._seek(key, stamp)
        frame = self._read_to(position)
        if frame is None and self._begun:  # the place to begin at was not what it seemed
            self._seek(self._index.keys[0], self._index.key_stamps[0])
            frame = self._read_to(position)
        return frame

    def _seek(self, key: int, stamp: int) -> None:
        self._container.seek(stamp, stream=self._stream)
        self._frames = decode_stream(self._container, self._stream, self.faults)
        self._next = self._begun = key

    def _read_to(self, position: int) -> Optional[av.VideoFrame]:
        for frame in self._frames:
            found = self._index.stamps.get(frame.pts, -1) if self._index.stamps else self._next
            if found < self._begun:
                self.faults.clear()  # it builds upon frames before the place where decoding began
                continue
            self._next = found + 1
            if found >= position:
                return frame if found == position and not self.faults else None
        return None


class _Clock:
    """Seconds from the first frame by a file's time-stamps, or by its frame rate where they cannot be true.

    Args:
        rate: Frames per second, if known.
    """

    def __init__(self, rate: Optional[float]) -> None:
        self._rate = rate
        self._last: Optional[float] = None
        self._now, self._ticks = 0.0, 0

    def tick(self, stamp: Optional[float]) -> Optional[float]:
        """Return the time of the next frame, whose time-stamp is ``stamp``; None if nothing tells it."""
        if self._ticks:
            step = None if stamp is None or self._last is None else stamp - self._last
            if step is None or not 0 < step <= _LONGEST_FRAME:
                step = 1 / self._rate if self._rate else 0.0
            self._now += step
        self._ticks, self._last = self._ticks + 1, stamp
        return self._now if self._rate or self._now or self._ticks == 1 else None

    @property
    def rate(self) -> Optional[float]:
        """Frames per second so far."""
        return (self._ticks - 1) / self._now if self._now else None
