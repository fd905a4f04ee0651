"""Rows of pictures and lines of text, one below the other."""

from itertools import zip_longest
from pathlib import Path
from typing import List, Sequence, Union

import cv2
import numpy as np
from PIL import Image, ImageDraw

from cslrkit.utils.files import write_beside
from cslrkit.video.lettering import Lettering

_PAPER, _INK = (255, 255, 255), (25, 25, 25)
_GAP = 4  # pixels


class Canvas:
    """A picture that grows downwards.

    Args:
        width: Pixels.
        texts: All that will be written, so that fonts are chosen that have the characters.
    """

    def __init__(self, width: int, *, texts: Sequence[str]) -> None:
        self.width = width
        self._letters = Lettering(texts)
        self._parts: List[np.ndarray] = []

    def text(self, text: str, *, size: int = 14) -> None:
        """Add a line; one that is too long is set smaller, down to 9 pixels, then cut."""
        while size > 9 and self._letters.length(text, size) > self.width - 2 * _GAP:
            size -= 1
        ascent, descent = self._letters.metrics(size)
        line = Image.new('RGB', (self.width, ascent + descent + 2 * _GAP), _PAPER)
        self._letters.draw(ImageDraw.Draw(line), (_GAP, _GAP), text, size, _INK)
        self._parts.append(np.asarray(line))

    def row(self, tiles: Sequence[np.ndarray], labels: Sequence[str] = ()) -> None:
        """Add pictures (H, W, 3) of one height side by side, each with a small label below if there are any."""
        height, left = tiles[0].shape[0], _GAP
        band = Image.new('RGB', (self.width, height + _GAP + (14 if labels else 0)), _PAPER)
        for tile, label in zip_longest(tiles, labels, fillvalue=''):
            band.paste(Image.fromarray(tile), (left, 0))
            self._letters.draw(ImageDraw.Draw(band), (left, height), label, 11, _INK)
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
