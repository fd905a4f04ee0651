"""Opening a video file, decoding it, and finding its frames again."""

import os
import shlex
from bisect import bisect_right
from collections import OrderedDict
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, Dict, Iterator, List, Optional, Tuple

import av
import cv2
import numpy as np
from av.sidedata.sidedata import Type as SideData
from av.stream import Disposition
from av.video.reformatter import VideoReformatter

from cslrkit.errors import DataError
from cslrkit.video.containers import FORMATS, STREAM_FORMATS, is_cut_off, may_be_picture

_PROGRAM_STREAM = b'\0\0\1\xba'  # how MPEG files begin
_TIMEOUT = 15.0  # seconds to wait for an address
# Where a packet with a time-stamp of its own is a frame, so that frames are counted without decoding them.
_COUNTED_FORMATS = ('mov', 'matroska')
_COUNTED_CODECS = (
    'h264',
    'hevc',
    'av1',
    'libdav1d',
    'libaom-av1',
    'vp9',
    'mpeg4',
    'mjpeg',
    'ffv1',
    'prores',
    'dnxhd',
    'png',
)
_MAX_PIXELS = 8192 * 4608  # of a frame
_MAX_ASPECT = 4.0  # width of a pixel divided by its height, or the reverse; beyond, the file is wrong
_MAX_INDICES = 20_000  # that a process keeps, of about 2 KB each


def is_address(path: str) -> bool:
    """Whether ``path`` is an address such as ``rtsp://...``."""
    return '://' in path


@contextmanager
def open_video(path: str, *, where: str, threads: int = 0) -> Iterator[Tuple[Any, Any]]:
    """Open a file; gives PyAV's container and the stream of moving pictures in it.

    Args:
        path: The file, or an address.
        where: How messages begin.
        threads: Threads that decode; 0 lets FFmpeg choose.

    Raises:
        DataError: If it is no video.
    """
    address = is_address(path)
    choice: Dict[str, Any] = dict(options=dict(format_whitelist=f'{FORMATS},{STREAM_FORMATS}' if address else FORMATS))
    try:
        if not address and os.path.isfile(path):
            with open(path, 'rb') as file:
                if file.read(4) == _PROGRAM_STREAM:
                    choice = dict(format='mpeg')  # with a list of formats, PyAV before 17 crashes on one
        container = av.open(path, metadata_errors='replace', timeout=_TIMEOUT if address else None, **choice)
    except (av.FFmpegError, OSError, ValueError) as error:
        raise DataError(f"{where}: '{path}' {_why_not(path, error)}") from error
    with container:
        streams = [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
        brand = container.metadata.get('major_brand', '').strip().lower()
        if not streams or (may_be_picture(container.format.name, brand) and _is_single(path)):
            kind = 'is a single picture' if streams else 'has no moving pictures'
            raise DataError(f"{where}: '{path}' {kind}. Give a video file, or a folder of frames.")
        context = streams[0].codec_context
        if context is None:
            raise DataError(f"{where}: '{path}' is coded in a way that FFmpeg does not know here. {convert_hint(path)}")
        if context.width * context.height > _MAX_PIXELS:
            raise DataError(
                f"{where}: '{path}' has frames of {context.width}x{context.height} pixels, expected at most "
                f'{_MAX_PIXELS} pixels. Make them smaller.'
            )
        context.options = {**context.options, 'max_pixels': str(_MAX_PIXELS)}  # frames that come later may be larger
        context.thread_count = threads
        streams[0].thread_type = 'AUTO'
        yield container, streams[0]


def decode_stream(container: Any, stream: Any, faults: List[str]) -> Iterator[av.VideoFrame]:
    """Yield the frames that can be decoded, from where the container stands.

    Args:
        container: From :func:`open_video`.
        stream: From :func:`open_video`.
        faults: What cannot be decoded, or only in part, is added here before the frame that follows is given.
    """
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
            frames = [] if packet is None else packet.decode()
        except av.FFmpegError as error:
            faults.append(str(error.strerror))
            continue
        for frame in frames:
            if frame.is_corrupt or packet.is_corrupt:
                faults.append('damaged data')
            yield frame
        if packet is None:
            return


class UprightImages:
    """Turns decoded frames of a file into RGB images as they are to be shown.

    Args:
        size: Height and width of all images, from :func:`shown_size`.
    """

    def __init__(self, size: Tuple[int, int]) -> None:
        self._size = size
        self._reformatter = VideoReformatter()  # one for all, because it prepares tables for a size

    def __call__(self, frame: av.VideoFrame) -> np.ndarray:
        """Return the image, uint8 (H, W, 3)."""
        transpose, flip = _orientation(frame)
        height, width = self._size[::-1] if transpose else self._size
        image = self._reformatter.reformat(frame, width, height, format='rgb24').to_ndarray()
        image = cv2.transpose(image) if transpose else image
        return image if flip is None else cv2.flip(image, flip)


def shown_size(frame: av.VideoFrame, stream: Any) -> Tuple[int, int]:
    """Height and width of a frame of a stream as it is shown, in square pixels."""
    aspect = float(stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio or 1)
    width = max(1, round(frame.width * aspect)) if 1 / _MAX_ASPECT <= aspect <= _MAX_ASPECT else frame.width
    width = width if width * frame.height <= _MAX_PIXELS else frame.width
    return (width, frame.height) if _orientation(frame)[0] else (frame.height, width)


def _orientation(frame: av.VideoFrame) -> Tuple[bool, Optional[int]]:
    """Whether to transpose a frame, and OpenCV's number of the flip that comes then, None for none."""
    data = frame.side_data.get(SideData.DISPLAYMATRIX)
    if data is None:
        return False, None
    # A pixel at (x, y) is shown at (a x + c y, b x + d y); the file may scale it, too.
    a, b, _, c, d = np.frombuffer(bytes(data), np.int32)[:5].tolist()
    transpose = abs(b) + abs(c) > abs(a) + abs(d)
    mirror, upside_down = (c < 0, b < 0) if transpose else (a < 0, d < 0)
    return transpose, {(0, 0): None, (1, 0): 1, (0, 1): 0, (1, 1): -1}[mirror, upside_down]


@dataclass(frozen=True)
class VideoIndex:
    """Which frames a file has.

    Args:
        num_frames: How many.
        size: Height and width of the first one, as it is shown.
        stamps: Time-stamp -> position of each frame; empty where only decoding from the start counts them right.
        keys: Positions of the frames from which decoding can begin.
        key_stamps: The time-stamp of each of them.
        is_cut_off: Whether the file ends too early.
    """

    num_frames: int
    size: Tuple[int, int]
    stamps: Dict[int, int]
    keys: Tuple[int, ...]
    key_stamps: Tuple[int, ...]
    is_cut_off: bool

    def key_before(self, position: int) -> Tuple[int, int]:
        """Position and time-stamp of the last frame up to ``position`` from which decoding can begin."""
        place = bisect_right(self.keys, position) - 1
        return self.keys[place], self.key_stamps[place]


_indices: 'OrderedDict[Tuple[str, int, int], VideoIndex]' = OrderedDict()


def video_index(path: str, *, where: str) -> VideoIndex:
    """Return which frames a file has, from one look through it in each process.

    Raises:
        DataError: If it is no video, or none of its frames can be decoded.
    """
    state = os.stat(path)
    key = path, state.st_size, state.st_mtime_ns
    if key not in _indices:
        _indices[key] = _look_through(path, where)
        if len(_indices) > _MAX_INDICES:
            _indices.popitem(last=False)
    return _indices[key]


def _look_through(path: str, where: str) -> VideoIndex:
    with open_video(path, where=where, threads=1) as (container, stream):
        first = next(decode_stream(container, stream, []), None)
        if first is None:
            raise no_frame_error(path, where, stream.codec_context.codec.canonical_name)
        countable = (
            container.format.name.split(',')[0] in _COUNTED_FORMATS
            and stream.codec_context.name in _COUNTED_CODECS
            and not first.interlaced_frame  # else a packet may be half a frame
        )
        shared = dict(size=shown_size(first, stream), is_cut_off=is_cut_off(path))
    with open_video(path, where=where, threads=1) as (container, stream):
        if countable:
            counted = _count_packets(container, stream, first.pts)
            if counted is not None:
                return VideoIndex(**counted, **shared)
    with open_video(path, where=where, threads=1) as (container, stream):
        num_frames = sum(1 for _ in decode_stream(container, stream, []))
    return VideoIndex(num_frames, stamps={}, keys=(0,), key_stamps=(0,), **shared)


def _count_packets(container: Any, stream: Any, first_stamp: int) -> Optional[Dict[str, Any]]:
    """Return what an index has of the frames, by their packets alone; None if those do not tell."""
    stamps, keys = [], []
    try:
        for packet in container.demux(stream):
            if packet.size:
                keys += [packet.pts] if packet.is_keyframe and not packet.is_discard else []
                stamps += [] if packet.is_discard else [packet.pts]
    except av.FFmpegError:
        return None
    if None in stamps or len(set(stamps)) < len(stamps) or not keys or min(stamps) != first_stamp:
        return None
    positions = {stamp: position for position, stamp in enumerate(sorted(stamps))}
    keys.sort()
    if positions[keys[0]] != 0:
        return None
    return dict(num_frames=len(stamps), stamps=positions, keys=tuple(map(positions.get, keys)), key_stamps=tuple(keys))


def no_frame_error(path: str, where: str, codec: str) -> DataError:
    """The error for a video of which nothing can be decoded."""
    return DataError(
        f"{where}: '{path}': no frame can be decoded (codec {codec}). Is the file whole? {convert_hint(path)}"
    )


def convert_hint(path: str) -> str:
    """A command that makes a video of the usual kind of a file."""
    target = f'{os.path.splitext(os.path.basename(path))[0]}-h264.mp4'
    return f'Convert it: ffmpeg -i {shlex.quote(path)} -c:v libx264 {shlex.quote(target)}'


def _is_single(path: str) -> bool:
    with av.open(path, metadata_errors='replace') as container:
        return sum(1 for packet in islice(container.demux(video=0), 2) if packet.size) < 2


def _why_not(path: str, error: Exception) -> str:
    reason = getattr(error, 'strerror', None) or str(error)
    if is_address(path):
        return f'cannot be opened ({reason}). Is it reachable from here, and does it send a video?'
    if not os.path.getsize(path):
        return 'is empty. Give a video file, or a folder of frames.'
    return f'cannot be read as a video ({reason}). Give a video file, or a folder of frames.'
