"""Read and write single frames so that half an image is never taken for one, nor left behind."""

import io
import os
from pathlib import Path
from typing import Optional, Tuple

import cv2
import numpy as np
from PIL import Image

from cslrkit.errors import ConfigError, DataError, OutputError

PART = '.part-'  # in the names of files that are being written; hidden, so nobody reads them
Size = Tuple[int, int]  # width, height in pixels


def check_size(size: Size) -> Size:
    """Return ``size`` as two ints.

    Raises:
        ConfigError: If it is not a width and a height of at least one pixel.
    """
    if len(size) != 2 or not all(isinstance(side, int) and 0 < side <= 16384 for side in size):
        raise ConfigError(f'resize: got {size!r}, expected a width and a height in pixels, such as (256, 256).')
    return size[0], size[1]


def read_image(path: str) -> Optional[np.ndarray]:
    """Return the image as BGR, or None if the file is not a whole image that OpenCV can read."""
    try:
        data = Path(path).read_bytes()
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
        if image is not None and data.startswith(b'\xff\xd8'):
            # OpenCV fills what a cut-off JPEG lacks with grey; Pillow refuses it.
            Image.open(io.BytesIO(data)).load()
    except (OSError, SyntaxError, ValueError, cv2.error, Image.DecompressionBombError):
        return None
    return image


def resize_image(image: np.ndarray, size: Size) -> np.ndarray:
    """Resize as the published preparation does: Lanczos over 8x8 pixels."""
    return cv2.resize(image, size, interpolation=cv2.INTER_LANCZOS4)


def write_image(path: str, image: np.ndarray) -> None:
    """Write a BGR image in the format of the suffix, in one step.

    Raises:
        DataError: If OpenCV does not write that format.
        OutputError: If the file cannot be written.
    """
    folder, name = os.path.split(path)
    try:
        done, encoded = cv2.imencode(os.path.splitext(name)[1], image)
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
