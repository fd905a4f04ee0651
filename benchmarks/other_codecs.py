"""Lossless codecs that packed frames might have used; those whose packages are installed are measured."""

import importlib
from typing import Any, Callable, Dict, Tuple

import cv2
import numpy as np

Encode = Callable[[np.ndarray], bytes]
Decode = Callable[[bytes], np.ndarray]


def other_codecs(shape: Tuple[int, int, int]) -> Dict[str, Tuple[Encode, Decode]]:
    """Return functions to encode and to decode a frame of ``shape``, by a name for the table."""
    found: Dict[str, Tuple[Encode, Decode]] = {'PNG level 1': (_encode_png, _decode_png)}
    for package, add in (('imagecodecs', _image_codecs), ('lz4.block', _lz4), ('blosc2', _blosc)):
        try:
            module = importlib.import_module(package)
        except ImportError:
            continue
        found.update(add(module, shape))
    return found


def _encode_png(image: np.ndarray) -> bytes:
    return cv2.imencode('.png', image, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()


def _decode_png(data: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)


def _image_codecs(module: Any, shape: Tuple[int, int, int]) -> Dict[str, Tuple[Encode, Decode]]:
    del shape
    return {
        'QOI': (module.qoi_encode, module.qoi_decode),
        'JPEG-LS': (module.jpegls_encode, module.jpegls_decode),
        'JPEG XL, effort 1': (
            lambda image: module.jpegxl_encode(image, lossless=True, effort=1),
            module.jpegxl_decode,
        ),
        'WebP lossless': (lambda image: module.webp_encode(image, lossless=True, level=0), module.webp_decode),
    }


def _lz4(module: Any, shape: Tuple[int, int, int]) -> Dict[str, Tuple[Encode, Decode]]:
    return {
        'LZ4': (
            lambda image: module.compress(image.tobytes()),
            lambda data: np.frombuffer(module.decompress(data), np.uint8).reshape(shape),
        )
    }


def _blosc(module: Any, shape: Tuple[int, int, int]) -> Dict[str, Tuple[Encode, Decode]]:
    module.set_nthreads(1)
    settings = dict(filters=[module.Filter.BITSHUFFLE], typesize=1, clevel=5)
    return {
        f'Blosc2 bitshuffle, {codec.name}': (
            lambda image, codec=codec: module.compress2(image.tobytes(), codec=codec, **settings),
            lambda data: np.frombuffer(module.decompress2(data), np.uint8).reshape(shape),
        )
        for codec in (module.Codec.LZ4, module.Codec.ZSTD)
    }
