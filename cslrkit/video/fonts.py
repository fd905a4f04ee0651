"""Find fonts that can draw every character of the glosses."""

import os
import warnings
from functools import lru_cache
from typing import Iterable, List, Optional, Set

from cslrkit.errors import DataError

# Names of complete fonts first: of several that serve, a plain sans is the most legible.
_PREFERRED = ('DejaVuSans.ttf', 'NotoSans-Regular', 'NotoSansCJK-Regular', 'NotoSansCJK', 'msyh', 'PingFang', 'wqy')


def find_font(texts: Iterable[str], font: Optional[str] = None) -> str:
    """Return the path of the font that has most characters of ``texts``; see :func:`find_fonts`."""
    return find_fonts(texts, font)[0]


def find_fonts(texts: Iterable[str], font: Optional[str] = None) -> List[str]:
    """Return the paths of fonts that together have the characters of ``texts``, the one with most of them first.

    Characters that none has are drawn as boxes; a warning names them.

    Args:
        texts: What is to be drawn.
        font: A font file to use before others; by default matplotlib's own (Latin, Greek, Cyrillic, Hebrew, Arabic) or
            one of the system.

    Raises:
        DataError: If ``font`` cannot be read as a font.
    """
    lacking = {ord(character) for text in texts for character in text if not character.isspace()}
    paths = _candidates()
    if font is None:
        whole = next((path for path in paths if lacking <= characters_of(path)), None)
        font = whole or min(paths, key=lambda path: len(lacking - characters_of(path)))
    found = [font]
    lacking = lacking - characters_of(found[0])
    for path in paths:
        if lacking & characters_of(path):
            found.append(path)
            lacking = lacking - characters_of(path)
    if lacking:
        sample = ''.join(map(chr, sorted(lacking)[:12])).encode('utf-8', 'backslashreplace').decode()
        warnings.warn(
            f"captions: no font of this system has '{sample}', drawn as boxes. Give a font that does (--font), "
            'e.g. of the Noto family: NotoSansCJK-Regular.ttc for Chinese.',
            stacklevel=2,
        )
    return found


@lru_cache(maxsize=1)
def _candidates() -> List[str]:
    import matplotlib
    from matplotlib.font_manager import findSystemFonts

    own = os.path.join(matplotlib.get_data_path(), 'fonts', 'ttf', 'DejaVuSans.ttf')

    def rank(path: str) -> int:
        name = os.path.basename(path)
        return next((place for place, start in enumerate(_PREFERRED) if name.startswith(start)), len(_PREFERRED))

    return [own, *sorted(findSystemFonts(), key=lambda path: (rank(path), path))]


@lru_cache(maxsize=512)
def characters_of(path: str) -> Set[int]:
    """Return the code points that a font has; a file given by name that is no font is a DataError."""
    from matplotlib.ft2font import FT2Font

    try:
        return set(FT2Font(path).get_charmap())
    except (OSError, RuntimeError) as error:
        if os.path.isfile(path) and path in _candidates():
            return set()  # one of the system's that matplotlib cannot read
        raise DataError(f"captions: '{path}' cannot be read as a font ({error}). Give a .ttf, .otf or .ttc.") from error
