"""Draw text of any script: each character in a font that has it, right-to-left scripts in their order."""

from functools import lru_cache
from typing import Iterable, List, Optional, Tuple
from unicodedata import bidirectional, category

from PIL import ImageDraw, ImageFont

from cslrkit.video.fonts import characters_of, find_fonts

_RIGHT_TO_LEFT = ('R', 'AL')
_ISOLATE, _END = '\u2068', '\u2069'  # Unicode: first strong isolate, pop directional isolate


def reads_right_to_left(texts: Iterable[str]) -> bool:
    """Whether most letters of ``texts`` are of a script that is written from right to left."""
    classes = [bidirectional(character) for text in texts for character in text]
    return sum(each in _RIGHT_TO_LEFT for each in classes) > classes.count('L')


def isolated(glosses: Iterable[str]) -> List[str]:
    """Return glosses that keep their order when they are joined: where one is right-to-left, each is a Unicode isolate.

    Examples:
        >>> isolated(['A', 'B'])
        ['A', 'B']
        >>> [ascii(gloss) for gloss in isolated(['A', '\u05d0'])]
        ["'\\\\u2068A\\\\u2069'", "'\\\\u2068\\\\u05d0\\\\u2069'"]
    """
    glosses = list(glosses)
    if not any(bidirectional(character) in _RIGHT_TO_LEFT for gloss in glosses for character in gloss):
        return glosses
    return [f'{_ISOLATE}{gloss}{_END}' for gloss in glosses]


class Lettering:
    """Measures and draws text.

    Pillow shapes Arabic and its relatives if it has raqm, as its wheels do where FriBiDi is installed.

    Args:
        texts: All that will be drawn.
        font: A font file to use before others.

    Raises:
        DataError: If ``font`` cannot be read as a font.
    """

    def __init__(self, texts: Iterable[str], font: Optional[str] = None) -> None:
        texts = list(texts)
        self.right_to_left = reads_right_to_left(texts)
        self._paths = find_fonts(texts, font)

    def length(self, text: str, size: int) -> float:
        """Return the pixels that ``text`` takes."""
        return sum(_font(path, size).getlength(part) for path, part in self._runs(text))

    def metrics(self, size: int) -> Tuple[int, int]:
        """Return the pixels above and below the base line."""
        return _font(self._paths[0], size).getmetrics()

    def draw(self, pen: ImageDraw.ImageDraw, place: Tuple[float, float], text: str, size: int, fill: tuple) -> None:
        """Draw ``text``, whose left upper corner is ``place``."""
        left, base = place[0], place[1] + self.metrics(size)[0]
        for path, part in self._runs(text):
            font = _font(path, size)
            pen.text((left, base), part, font=font, fill=fill, anchor='ls')
            left += font.getlength(part)

    def _runs(self, text: str) -> List[Tuple[str, str]]:
        """Return the parts of ``text`` from left to right, each with a font that has its characters."""
        runs: List[Tuple[str, str]] = []
        for character in text:
            having = [path for path in self._paths if ord(character) in characters_of(path)]
            stays = not having or category(character)[0] in 'MZC' or (runs and runs[-1][0] in having)
            if runs and stays:
                runs[-1] = (runs[-1][0], runs[-1][1] + character)
            else:
                runs.append(((having or self._paths)[0], character))
        return runs[::-1] if reads_right_to_left([text]) else runs


@lru_cache(maxsize=64)
def _font(path: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size)
