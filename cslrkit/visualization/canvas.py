"""Rows of pictures and lines of text, one below the other."""

from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import List, Sequence, Union

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from cslrkit.utils.files import write_beside
from cslrkit.video.fonts import find_font

_PAPER, _INK = (255, 255, 255), (25, 25, 25)
_GAP = 4  # pixels


class Canvas:
    """A picture that grows downwards.

    Args:
        width: Pixels.
        texts: All that will be written, so that a font is chosen that has the characters.
    """

    def __init__(self, width: int, *, texts: Sequence[str]) -> None:
        self.width = width
        self._font = partial(ImageFont.truetype, find_font(texts))
        self._parts: List[np.ndarray] = []

    def text(self, text: str, *, size: int = 14) -> None:
        """Add a line; one that is too long is set smaller, down to 9 pixels, then cut."""
        while size > 9 and self._font(size).getlength(text) > self.width - 2 * _GAP:
            size -= 1
        ascent, descent = self._font(size).getmetrics()
        line = Image.new('RGB', (self.width, ascent + descent + 2 * _GAP), _PAPER)
        ImageDraw.Draw(line).text((_GAP, _GAP), text, font=self._font(size), fill=_INK)
        self._parts.append(np.asarray(line))

    def row(self, tiles: Sequence[np.ndarray], labels: Sequence[str] = ()) -> None:
        """Add pictures (H, W, 3) of one height side by side, each with a small label below if there are any."""
        height, left = tiles[0].shape[0], _GAP
        band = Image.new('RGB', (self.width, height + _GAP + (14 if labels else 0)), _PAPER)
        for tile, label in zip_longest(tiles, labels, fillvalue=''):
            band.paste(Image.fromarray(tile), (left, 0))
            ImageDraw.Draw(band).text((left, height), label, font=self._font(11), fill=_INK)
            left += tile.shape[1] + _GAP
        self._parts.append(np.asarray(band))

    def picture(self) -> np.ndarray:
        """Return all of it, RGB, uint8 (H, W, 3)."""
        return np.concatenate(self._parts)


def scaled(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return an image of another size; areas are averaged where it shrinks."""
    shrinks = height < image.shape[0]
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def save_picture(picture: np.ndarray, path: Union[str, Path]) -> Path:
    """Write an RGB picture; its folder is made if need be.

    Raises:
        OutputError: If it cannot be written.
    """
    path = Path(path)
    data = cv2.imencode(path.suffix, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1].tobytes()
    write_beside(path, lambda part: part.write_bytes(data))
    return path
