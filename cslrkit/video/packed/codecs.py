"""How a frame becomes bytes of a pack and is read again, pixel for pixel."""

import struct
import zlib
from abc import ABC, abstractmethod
from typing import Any, Dict, Optional, Tuple, Type, Union

import cv2
import numpy as np

from cslrkit.errors import ConfigError

Buffer = Union[bytes, memoryview]
DEFAULT_CODEC = 'zstd'

PLAIN = 'p'  # the pixels as they are
ROWS = 'r'  # the difference of each row from the one above
REFERENCE = 'd'  # the difference from the frame's reference

# Summing up rows takes as long again as decompressing: worth it for that saving alone.
_ROWS_MUST_SAVE = 0.75
# Statistics more than search for repetitions: level 1 reads fastest, higher ones gain nothing on noise, and
# short repetitions cost more time than they save bytes.
_ZSTD_LEVEL, _ZSTD_MIN_MATCH = 1, 7


class DamagedFrameError(Exception):
    """Bytes that are not what the codec wrote; the reader says which file and frame."""


class Codec(ABC):
    """Encodes and decodes single frames; one object a thread.

    Attributes:
        name: Its name in packs and on the command line.
        group: A frame may be stored by its difference from the first of this many frames.
    """

    name: str
    group: int = 1

    @abstractmethod
    def encode(self, image: np.ndarray, content: bytes, reference: Optional[np.ndarray]) -> Tuple[str, bytes]:
        """Encode a frame.

        Args:
            image: uint8 RGB (H, W, 3), in one piece.
            content: The bytes of the image file.
            reference: The first frame of the group, of the same size; None if this one is the first.

        Returns:
            One letter that says how the frame is stored, and the bytes.
        """

    @abstractmethod
    def decode(self, data: Buffer, *, kind: str, size: Tuple[int, int], reference: Optional[np.ndarray]) -> np.ndarray:
        """Return the frame as uint8 RGB (H, W, 3), perhaps read-only.

        Args:
            data: What :meth:`encode` returned.
            kind: The letter that came with it.
            size: Height and width.
            reference: The decoded first frame of the group; only for the kind ``'d'``.

        Raises:
            DamagedFrameError: If the bytes are damaged.
        """


class ZstdCodec(Codec):
    """Zstandard over differences of pixels, whichever of three makes the frame smallest.

    The differences are from the frame's first of eight, or from the row above. A still background
    becomes nearly nothing, and noise costs only its own bits. The checksum is Zstandard's own
    (XXH64), over the decoded bytes.

    Raises:
        ConfigError: If the package ``zstandard`` is not installed.
    """

    name = 'zstd'
    group = 8

    def __init__(self) -> None:
        self._zstd = _import_zstandard()
        parameters = self._zstd.ZstdCompressionParameters.from_level(
            _ZSTD_LEVEL, min_match=_ZSTD_MIN_MATCH, write_content_size=True, write_checksum=True
        )
        self._compressor = self._zstd.ZstdCompressor(compression_params=parameters)
        self._decompressor = self._zstd.ZstdDecompressor()

    def encode(self, image: np.ndarray, content: bytes, reference: Optional[np.ndarray]) -> Tuple[str, bytes]:
        """Try all three, and keep the smallest."""
        del content
        stored = {PLAIN: self._compressor.compress(image)}
        if reference is not None:
            stored[REFERENCE] = self._compressor.compress(image - reference)
        kind = min(stored, key=lambda kind: len(stored[kind]))
        by_rows = image.copy()
        by_rows[1:] -= image[:-1]
        rows = self._compressor.compress(by_rows)
        return (ROWS, rows) if len(rows) < _ROWS_MUST_SAVE * len(stored[kind]) else (kind, stored[kind])

    def decode(self, data: Buffer, *, kind: str, size: Tuple[int, int], reference: Optional[np.ndarray]) -> np.ndarray:
        """Decompress and sum up."""
        height, width = size
        try:
            # Asked first, because a damaged header could claim any amount of memory.
            if self._zstd.get_frame_parameters(data).content_size != height * width * 3:
                raise DamagedFrameError('it has another size than the pack says')
            values = np.frombuffer(self._decompressor.decompress(data), np.uint8)
            if kind == REFERENCE and reference is None:
                raise DamagedFrameError('it lacks the frame that it differs from')
        except self._zstd.ZstdError as error:
            raise DamagedFrameError(str(error)) from error
        if kind == ROWS:
            rows = values.reshape(height, width * 3)
            return np.add.accumulate(rows, axis=0, dtype=np.uint8).reshape(height, width, 3)
        image = values.reshape(height, width, 3)
        return np.add(image, reference) if kind == REFERENCE else image


class RawCodec(Codec):
    """The pixels as they are: large, fastest from memory, and needs no other package."""

    name = 'raw'

    def encode(self, image: np.ndarray, content: bytes, reference: Optional[np.ndarray]) -> Tuple[str, bytes]:
        """The checksum, then the pixels."""
        del content, reference
        return PLAIN, _with_checksum(image.tobytes())

    def decode(self, data: Buffer, *, kind: str, size: Tuple[int, int], reference: Optional[np.ndarray]) -> np.ndarray:
        """View the pixels."""
        del kind, reference
        pixels = np.frombuffer(_checked(data), np.uint8)
        if pixels.size != size[0] * size[1] * 3:
            raise DamagedFrameError('it has another size than the pack says')
        return pixels.reshape(*size, 3)


class FilesCodec(Codec):
    """The image files as they are: as large and as slow to decode as the corpus, in few files."""

    name = 'files'

    def encode(self, image: np.ndarray, content: bytes, reference: Optional[np.ndarray]) -> Tuple[str, bytes]:
        """The checksum, then the file."""
        del image, reference
        return PLAIN, _with_checksum(content)

    def decode(self, data: Buffer, *, kind: str, size: Tuple[int, int], reference: Optional[np.ndarray]) -> np.ndarray:
        """Decode with OpenCV, as if from the file."""
        del kind, reference
        content = np.frombuffer(_checked(data), np.uint8)
        try:
            image = cv2.imdecode(content, cv2.IMREAD_COLOR)
        except cv2.error as error:  # no bytes at all, or more pixels than OpenCV decodes
            raise DamagedFrameError('OpenCV refuses it') from error
        if image is None or image.shape[:2] != tuple(size):
            raise DamagedFrameError('OpenCV does not read it as an image of the size that the pack says')
        return cv2.cvtColor(image, cv2.COLOR_BGR2RGB, dst=image)


CODECS: Dict[str, Type[Codec]] = {codec.name: codec for codec in (ZstdCodec, RawCodec, FilesCodec)}


def make_codec(name: str) -> Codec:
    """Return a codec by its name.

    Raises:
        ConfigError: If there is none, or its package is not installed.
    """
    if name not in CODECS:
        raise ConfigError(
            f'packed frames: got the codec {name!r}, expected one of {", ".join(CODECS)}. A pack of a newer '
            'cslrkit needs that cslrkit.'
        )
    return CODECS[name]()


def _import_zstandard() -> Any:
    try:
        import zstandard
    except ImportError as error:
        raise ConfigError(
            "packed frames: the codec 'zstd' needs the package zstandard: pip install 'cslrkit[packed]'. Packing "
            'with --codec files or --codec raw needs no package.'
        ) from error
    return zstandard


def _with_checksum(content: bytes) -> bytes:
    return struct.pack('<I', zlib.crc32(content)) + content


def _checked(data: Buffer) -> Buffer:
    """Return the content without the checksum that it begins with."""
    content = memoryview(data)[4:]
    if len(data) < 4 or struct.unpack('<I', data[:4])[0] != zlib.crc32(content):
        raise DamagedFrameError('its checksum is wrong')
    return content
