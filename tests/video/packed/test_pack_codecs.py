import struct
import sys
import zlib

import numpy as np
import pytest

from cslrkit.errors import ConfigError
from cslrkit.video.packed.codecs import CODECS, REFERENCE, DamagedFrameError, make_codec

SIZES = [(1, 1), (2, 3), (37, 5), (64, 48)]


def image(size, seed):
    return np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)


def png_of(rgb):
    import cv2

    return cv2.imencode('.png', rgb[..., ::-1])[1].tobytes()


@pytest.mark.parametrize('name', CODECS)
@pytest.mark.parametrize('size', SIZES)
def test_lossless_with_and_without_reference(name, size):
    codec = make_codec(name)
    reference, frame = image(size, 1), image(size, 2)
    near = reference + np.uint8(250)  # wraps round 255
    for pixels, base in ((frame, None), (frame, reference), (near, reference)):
        kind, data = codec.encode(pixels, png_of(pixels), base)
        again = make_codec(name).decode(memoryview(data), kind=kind, size=size, reference=base)
        assert again.dtype == np.uint8
        np.testing.assert_array_equal(again, pixels)


def test_zstd_keeps_what_is_smallest():
    codec = make_codec('zstd')
    noise = image((64, 64), 3)
    assert codec.encode(noise, b'', noise)[0] == 'd'  # equal to the reference: zeros
    assert codec.encode(noise, b'', image((64, 64), 4))[0] == 'p'  # two independent noises: nothing to gain
    steps = np.cumsum(np.random.default_rng(5).integers(0, 3, (64, 64, 3)), axis=0).astype(np.uint8)
    assert codec.encode(steps, b'', None)[0] == 'r'  # rows differ by 0, 1 or 2


@pytest.mark.parametrize('name', CODECS)
def test_any_damaged_byte_is_noticed(name):
    codec = make_codec(name)
    pixels = image((16, 12), 6) // 32
    kind, data = codec.encode(pixels, png_of(pixels), None)
    for position in range(0, len(data), 7):
        damaged = bytearray(data)
        damaged[position] ^= 1 << (position % 8)
        try:
            read = codec.decode(bytes(damaged), kind=kind, size=(16, 12), reference=None)
        except DamagedFrameError:
            continue
        np.testing.assert_array_equal(read, pixels)  # a byte that means nothing
    for cut in (0, 3, 5, len(data) // 2, len(data) - 1):
        with pytest.raises(DamagedFrameError):
            codec.decode(data[:cut], kind=kind, size=(16, 12), reference=None)


def test_what_no_encoder_writes():
    empty = struct.pack('<I', zlib.crc32(b''))
    with pytest.raises(DamagedFrameError, match='OpenCV refuses it'):
        make_codec('files').decode(empty, kind='p', size=(4, 4), reference=None)
    codec = make_codec('zstd')
    kind, data = codec.encode(image((4, 4), 1), b'', None)
    assert kind != REFERENCE
    with pytest.raises(DamagedFrameError, match='lacks the frame'):
        codec.decode(data, kind=REFERENCE, size=(4, 4), reference=None)


@pytest.mark.parametrize('name', CODECS)
def test_a_size_that_differs_is_noticed(name):
    codec = make_codec(name)
    pixels = image((16, 12), 7)
    kind, data = codec.encode(pixels, png_of(pixels), None)
    with pytest.raises(DamagedFrameError, match='size'):
        codec.decode(data, kind=kind, size=(16, 13), reference=None)


def test_files_are_kept_byte_by_byte():
    content = png_of(image((8, 8), 8))
    data = make_codec('files').encode(image((8, 8), 8), content, None)[1]
    assert data == zlib.crc32(content).to_bytes(4, 'little') + content


def test_unknown_codec():
    with pytest.raises(ConfigError, match="codec 'zip', expected one of zstd, raw, files"):
        make_codec('zip')


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, 'zstandard', None)
    with pytest.raises(ConfigError, match=r"pip install 'cslrkit\[packed\]'.*--codec files or --codec raw"):
        make_codec('zstd')
