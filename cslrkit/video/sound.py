"""The sound of a recording, kept beside pictures that are written anew."""

import math
import warnings
from contextlib import ExitStack
from typing import Any, Dict, Iterator, Tuple

import av

from cslrkit.video.clip import Clip
from cslrkit.video.video_clip import VideoClip
from cslrkit.video.video_file import is_address, open_video

# Suffix -> kinds of sound that are copied as they are, and the encoder for others. Browsers play all of .mp4 and .webm.
_CODECS: Dict[str, Tuple[Tuple[str, ...], str]] = {
    '.mp4': (('aac', 'mp3', 'opus', 'flac'), 'aac'),
    '.webm': (('opus', 'vorbis'), 'libopus'),
    '.avi': (('mp3', 'ac3', 'pcm_s16le'), 'pcm_s16le'),
    '.mkv': (('aac', 'mp3', 'opus', 'vorbis', 'flac', 'ac3', 'pcm_s16le'), 'flac'),
}
_RATE = 48_000  # samples per second of sound that is encoded


class Sound:
    """Moves the first sound of a clip's file to another file, from the clip's first frame on.

    A clip that is no video file, or a silent one, has no sound. What cannot be read ends the sound with a warning.

    Args:
        clip: Its first frame has been read when :meth:`begin` is called.
    """

    def __init__(self, clip: Clip) -> None:
        self._clip, self._opened = clip, ExitStack()
        self._next: Any = None

    def begin(self, out: Any, suffix: str) -> None:
        """Add a stream to a container (PyAV) of a kind of file, before anything is written to it."""
        clip = self._clip
        if not isinstance(clip, VideoClip) or is_address(clip.source):
            return
        container, _ = self._opened.enter_context(open_video(clip.source, where=clip.where))
        streams = [stream for stream in container.streams.audio if stream.codec_context is not None]
        if streams:
            kept, encoder = _CODECS[suffix]
            copied = streams[0].codec_context.codec.canonical_name in kept
            target = out.add_stream_from_template(streams[0]) if copied else out.add_stream(encoder, rate=_RATE)
            pieces = (self._copied if copied else self._encoded)(container, streams[0], target)
            self._pieces = self._readable(pieces)
            self._out, self._next = out, next(self._pieces, None)

    def write(self, until: float = math.inf) -> None:
        """Write what is heard up to a time in seconds from the first frame."""
        while self._next is not None and self._next[0] <= until:
            self._out.mux(self._next[1])
            self._next = next(self._pieces, None)

    def close(self) -> None:
        """Close the clip's file."""
        self._next = None
        self._opened.close()

    def _copied(self, container: Any, source: Any, target: Any) -> Iterator[Tuple[float, Any]]:
        shift = round(self._clip.begins / source.time_base)
        for packet in container.demux(source):
            if packet.pts is not None and packet.dts is not None and packet.pts >= shift:
                packet.pts, packet.dts, packet.stream = packet.pts - shift, packet.dts - shift, target
                yield float(packet.pts * source.time_base), packet

    def _encoded(self, container: Any, source: Any, target: Any) -> Iterator[Tuple[float, Any]]:
        time = 0.0
        for frame in container.decode(source):
            time = (frame.time or 0.0) - self._clip.begins
            frame.pts = None  # samples follow each other
            if time >= 0:
                yield time, target.encode(frame)
        yield time, target.encode(None)

    def _readable(self, pieces: Iterator[Tuple[float, Any]]) -> Iterator[Tuple[float, Any]]:
        try:
            yield from pieces
        except av.FFmpegError as error:
            warnings.warn(f"'{self._clip.source}': not all of its sound can be read ({error.strerror}).", stacklevel=2)
