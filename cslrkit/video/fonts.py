"""Find a font that can draw every character of the glosses."""

import os
from functools import lru_cache
from typing import Iterable, List, Optional, Set

from cslrkit.errors import DataError

# Names of complete fonts first: of several that serve, a plain sans is the most legible.
_PREFERRED = ('DejaVuSans.ttf', 'NotoSans-Regular', 'NotoSansCJK-Regular', 'NotoSansCJK', 'msyh', 'PingFang', 'wqy')


def find_font(texts: Iterable[str], font: Optional[str] = None) -> str:
    """Return the path of a font that has all characters of ``texts``.

    Args:
        texts: What is to be drawn.
        font: A font file to use; by default matplotlib's own (Latin, Greek, Cyrillic) or one of the system.

    Raises:
        DataError: If none has them all; the message names the characters.
    """
    needed = {ord(character) for text in texts for character in text if not character.isspace()}
    lacking: Set[int] = needed
    for path in [font] if font is not None else _candidates():
        lacks = needed - _characters(path)
        if not lacks:
            return path
        lacking = min(lacking, lacks, key=len)
    sample = ''.join(chr(code) for code in sorted(lacking)[:12])
    where = f"the font '{font}' does not have" if font is not None else 'no font of this system has'
    raise DataError(
        f"captions: {where} '{sample}'. Give a font that does (--font), e.g. of the Noto family: "
        'NotoSansCJK-Regular.ttc for Chinese.'
    )


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
def _characters(path: str) -> Set[int]:
    from matplotlib.ft2font import FT2Font

    try:
        return set(FT2Font(path).get_charmap())
    except (OSError, RuntimeError) as error:
        if os.path.isfile(path) and path in _candidates():
            return set()  # one of the system's that matplotlib cannot read
        raise DataError(f"captions: '{path}' cannot be read as a font ({error}). Give a .ttf, .otf or .ttc.") from error
