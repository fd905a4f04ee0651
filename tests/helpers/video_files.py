"""Small videos of several codecs, containers and clocks, whose frames can be told apart."""

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

SIZE = (48, 64)


def picture(index, size=SIZE):
    """Frame ``index`` of every clip: a ramp, a square that wanders, and its number in a corner."""
    height, width = size
    image = np.empty((height, width, 3), np.uint8)
    image[..., 0] = np.linspace(20, 220, width, dtype=np.uint8)
    image[..., 1] = np.linspace(40, 200, height, dtype=np.uint8)[:, None]
    image[..., 2] = 90
    left = 5 * index % (width - 12)
    image[20:32, left : left + 12] = (250, 30, 30)
    image[:16, :16] = index * 9 % 250
    return image


def write_clip(path, codec='libx264', *, count=30, times=None, pixels='yuv420p', size=SIZE, aspect=None, **options):
    """Write frames at ``times`` (seconds), 25 a second by default; returns the path as text."""
    tick = Fraction(1, 25 if times is None else 60_000)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), 'w', options=options.pop('container', {})) as container:
        stream = container.add_stream(codec, rate=25, options={key: str(value) for key, value in options.items()})
        stream.height, stream.width = size
        stream.pix_fmt = pixels
        stream.codec_context.time_base = tick
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = stream.sample_aspect_ratio = Fraction(aspect)
        for index in range(count):
            frame = av.VideoFrame.from_ndarray(picture(index, size), format='rgb24')
            frame.pts = index if times is None else round(times[index] / tick)
            frame.time_base = tick
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return str(path)


def set_matrix(path, matrix):
    """Change the display matrix in the track header of an MP4: its 2x2 part, in ones."""
    content = bytearray(Path(path).read_bytes())
    start = content.index(b'tkhd') + 4 + 40
    a, b, c, d = (value << 16 for value in matrix)
    content[start : start + 36] = struct.pack('>9i', a, b, 0, c, d, 0, 0, 0, 1 << 30)
    Path(path).write_bytes(content)
