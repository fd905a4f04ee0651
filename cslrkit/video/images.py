"""Images: half of one is never taken for one when reading, nor left behind when writing."""

import io
import os
import struct
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Sequence, Tuple, Union

import cv2
import mmcv
import numpy as np
from PIL import Image

from cslrkit.errors import ConfigError, DataError, OutputError
from cslrkit.utils.process import MAX_PIXELS
from cslrkit.video.clip import Clip

IMAGE_SUFFIXES = ('.png', '.jpg', '.jpeg', '.bmp', '.webp', '.tif', '.tiff')
PART = '.part-'  # in the names of files that are being written; hidden, so nobody reads them
Size = Tuple[int, int]  # width, height in pixels
# OpenCV decodes to RGB by itself since 4.11, which saves a pass over each frame.
_RGB = dict(flag=cv2.IMREAD_COLOR_RGB) if hasattr(cv2, 'IMREAD_COLOR_RGB') else dict(channel_order='rgb')
_PNG_START = b'\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR'


def check_size(size: Size) -> Size:
    """Return ``size`` as two ints.

    Raises:
        ConfigError: If it is not a width and a height of at least one pixel.
    """
    if len(size) != 2 or not all(isinstance(side, int) and 0 < side <= 16384 for side in size):
        raise ConfigError(f'resize: got {size!r}, expected a width and a height in pixels, such as (256, 256).')
    return size[0], size[1]


def read_image(path: Union[str, Path]) -> Optional[np.ndarray]:
    """Return the image as RGB, uint8 (H, W, 3), or None if the file is not a whole image that OpenCV can read."""
    return decode_image(_read_bytes(path))


def decode_image(content: bytes) -> Optional[np.ndarray]:
    """Return the image as RGB, uint8 (H, W, 3), or None if the bytes are not a whole image that OpenCV can read."""
    if not _is_bounded(_png_size(content)):
        return None
    try:
        image = mmcv.imfrombytes(content, backend='cv2', **_RGB) if content else None
    except cv2.error:  # more pixels than OpenCV decodes, or None where mmcv would swap channels
        return None
    # Before 4.12 OpenCV fills what a cut-off JPEG lacks with grey. All other formats are refused.
    if image is not None and content.startswith(b'\xff\xd8') and not _is_whole_jpeg(content):
        return None
    return image


def resize_image(image: np.ndarray, size: Size) -> np.ndarray:
    """Resize as the published preparation does: Lanczos over 8x8 pixels."""
    return mmcv.imresize(image, size, interpolation='lanczos', backend='cv2')


def write_image(path: str, image: np.ndarray) -> None:
    """Write an RGB image in the format of the suffix, in one step.

    Raises:
        DataError: If OpenCV does not write that format.
        OutputError: If the file cannot be written.
    """
    folder, name = os.path.split(path)
    try:
        done, encoded = cv2.imencode(os.path.splitext(name)[1], cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    except cv2.error:
        done = False
    if not done:
        raise DataError(f"'{path}': OpenCV does not write this format. Convert the frames to .png or .jpg.")
    temporary = os.path.join(folder, f'.{name}{PART}{os.getpid()}')
    try:
        try:
            Path(temporary).write_bytes(encoded.tobytes())
            os.replace(temporary, path)
        finally:
            Path(temporary).unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"'{path}' cannot be written: {error}. What is done stays done; run again.") from error


class ImageClip(Clip):
    """Frames in image files of any format that OpenCV reads.

    Args:
        paths: The files, in order.
        source: Folder or pattern that they come from; by default the first file.
        where: How messages begin.
        name: Short name, for results.
        frame_rate: Frames per second, if known.
    """

    def __init__(
        self,
        paths: Sequence[str],
        *,
        source: Optional[str] = None,
        where: str = 'frames',
        name: Optional[str] = None,
        frame_rate: Optional[float] = None,
    ) -> None:
        super().__init__(paths[0] if source is None else source, where=where, name=name, frame_rate=frame_rate)
        self._paths = list(paths)
        self.num_frames = len(paths)
        # Frames that told their size, until they are asked for: as the file, or decoded where no header tells it.
        self._held: Dict[int, Union[bytes, np.ndarray]] = {}

    def __len__(self) -> int:
        return len(self._paths)

    @property
    def paths(self) -> List[str]:
        """Paths of the files."""
        return self._paths

    def frame_name(self, index: int) -> str:
        """Path of the file."""
        return self._paths[index]

    def frame_size(self, index: int = 0) -> Tuple[int, int]:
        """Height and width from the header of a PNG file; other files are decoded. The file is read once."""
        held = self._held.get(index)
        if held is None:
            held = _read_bytes(self._paths[index])
        size = _png_size(held) if isinstance(held, bytes) else held.shape[:2]
        if size is None or not _is_bounded(size):
            held = self._decode(index, held)
            size = held.shape[:2]
        self._held[index] = held
        return size

    def decode(self, indices: Sequence[int]) -> Iterator[np.ndarray]:
        """Yield frames."""
        for index in indices:
            held = self._held.pop(index, None)
            if held is None:
                held = _read_bytes(self._paths[index])
            yield self._decode(index, held) if isinstance(held, bytes) else held

    def _decode(self, index: int, content: bytes) -> np.ndarray:
        image = decode_image(content)
        if image is None:
            raise DataError(
                f"{self.where}: '{self._paths[index]}' cannot be read as an image, or is cut off, or has more than "
                f'{MAX_PIXELS} pixels. Replace the file or prepare it again.'
            )
        return image


def _read_bytes(path: Union[str, Path]) -> bytes:
    try:
        with open(path, 'rb') as file:
            return file.read()
    except OSError:
        return b''  # is no image, and decoding says so


def _is_whole_jpeg(content: bytes) -> bool:
    """Whether the picture's data, which cannot contain its end mark, are followed by it."""
    if content.rfind(b'\xff\xd9') > content.rfind(b'\xff\xda'):
        return True
    try:  # something may follow the picture
        Image.open(io.BytesIO(content)).load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return False
    return True


def _is_bounded(size: Optional[Tuple[int, int]]) -> bool:
    return size is None or size[0] * size[1] <= MAX_PIXELS


def _png_size(content: bytes) -> Optional[Tuple[int, int]]:
    """Return height and width from a PNG header, or None where decoding must tell them."""
    # A photo's orientation, which decoding applies, may swap the two.
    if not content.startswith(_PNG_START) or len(content) < 24 or b'eXIf' in content:
        return None
    width, height = struct.unpack('>II', content[16:24])
    return height, width


def central_part(frame: np.ndarray, aspect: float) -> np.ndarray:
    """Cut the largest central part whose width is ``aspect`` times its height."""
    height, width = frame.shape[:2]
    new_width, new_height = min(width, max(1, round(height * aspect))), min(height, max(1, round(width / aspect)))
    left, top = (width - new_width) // 2, (height - new_height) // 2
    return frame[top : top + new_height, left : left + new_width]
