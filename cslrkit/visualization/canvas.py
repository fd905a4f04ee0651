"""Rows of pictures and lines of text, one below the other."""

from pathlib import Path
from typing import Any, List, Sequence, Tuple, Union

import cv2
import numpy as np

from cslrkit.errors import OutputError
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
        self._font = find_font(texts)
        self._parts: List[np.ndarray] = []

    def text(self, text: str, *, size: int = 14, colour: Tuple[int, int, int] = _INK) -> None:
        """Add a line; one that is too long is set smaller, down to 9 pixels, then cut."""
        from PIL import Image, ImageDraw, ImageFont

        font = ImageFont.truetype(self._font, size)
        while size > 9 and font.getlength(text) > self.width - 2 * _GAP:
            size -= 1
            font = ImageFont.truetype(self._font, size)
        ascent, descent = font.getmetrics()
        image = Image.new('RGB', (self.width, ascent + descent + 2 * _GAP), _PAPER)
        ImageDraw.Draw(image).text((_GAP, _GAP), text, font=font, fill=colour)
        self._parts.append(np.asarray(image))

    def row(self, tiles: Sequence[np.ndarray], labels: Sequence[str] = ()) -> None:
        """Add pictures (H, W, 3) of one height side by side, each with a small label below if there are any."""
        height = tiles[0].shape[0]
        band = np.full((height + _GAP + (14 if labels else 0), self.width, 3), _PAPER, np.uint8)
        left = _GAP
        for place, tile in enumerate(tiles):
            band[:height, left : left + tile.shape[1]] = tile
            if labels:
                band[height:] = _labelled(band[height:], labels[place], left, self._font)
            left += tile.shape[1] + _GAP
        self._parts.append(band)

    def picture(self) -> np.ndarray:
        """Return all of it, RGB, uint8 (H, W, 3)."""
        return np.concatenate(self._parts)


def save_picture(picture: np.ndarray, path: Union[str, Path]) -> Path:
    """Write an RGB picture; its folder is made if need be.

    Raises:
        OutputError: If it cannot be written.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        encoded, data = cv2.imencode(path.suffix, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
        path.write_bytes(data.tobytes() if encoded else b'')
    except (OSError, cv2.error) as error:
        raise OutputError(f"'{path}' cannot be written: {error}.") from error
    return path


def _labelled(band: np.ndarray, label: str, left: int, font_path: str) -> Any:
    from PIL import Image, ImageDraw, ImageFont

    image = Image.fromarray(band)
    ImageDraw.Draw(image).text((left, 0), label, font=ImageFont.truetype(font_path, 11), fill=_INK)
    return np.asarray(image)
