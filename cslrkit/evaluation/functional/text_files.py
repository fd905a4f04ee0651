"""Reading and writing of the scorers' text files, with errors that say which file and line."""

import math
import re
from functools import lru_cache
from pathlib import Path
from typing import Iterator, Optional, Tuple, Union

from cslrkit.errors import DataError, DataNotFoundError

COMMENT = ';;'

_CONTROL = re.compile(r'[\x00-\x08\x0b-\x1f\x7f]')
_NUMBER = re.compile(r'[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?', re.ASCII)


def numbered_lines(path: Union[str, Path], kind: str) -> Iterator[Tuple[str, str]]:
    """Yield where a line is, for messages, and its text; empty lines and comments are left out.

    Raises:
        DataNotFoundError: If there is no such file.
        DataError: If it cannot be read, is not UTF-8 text, or is a binary file.
    """
    path = Path(path)
    if not path.exists():
        raise DataNotFoundError(f"{kind} file: '{path}' does not exist. Check the path.")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(
            f"{kind} file: '{path}' cannot be read ({error.strerror or error}). Name a text file."
        ) from error
    if content.startswith((b'\xff\xfe', b'\xfe\xff')):
        raise DataError(f"{kind} file: '{path}' is UTF-16, expected UTF-8. Convert it: `iconv -f UTF-16 -t UTF-8`.")
    try:
        text = content.decode('utf-8-sig')
    except UnicodeDecodeError as error:
        line = content.count(b'\n', 0, error.start) + 1
        raise DataError(
            f"{kind} file: '{path}' line {line}: got the byte 0x{content[error.start]:02x}, which is not UTF-8 "
            f'({error.reason}). Convert the file, e.g. `iconv -f LATIN1 -t UTF-8`, or copy it again if it was cut off.'
        ) from error
    # Not splitlines(): it also breaks lines at characters that a gloss may hold.
    for number, line in enumerate(text.split('\n'), start=1):
        line = line.rstrip('\r')
        where = f"'{path}' line {number}"
        control = _CONTROL.search(line)
        if control is not None:
            raise DataError(
                f'{kind} file: {where}: got the control character {control.group()!r}, expected text in lines that '
                'end with a line feed. Convert the file to plain UTF-8.'
            )
        if line.strip() and not line.startswith(COMMENT):
            yield where, line


@lru_cache(maxsize=1 << 14)  # times in frames come often
def parse_number(text: str) -> Optional[float]:
    """Return ``text`` as a finite number, digits alone as an integer; None if it is none.

    Stricter than ``float``, which also takes ``nan``, ``1_0`` and digits of other scripts.
    """
    if not _NUMBER.fullmatch(text):
        return None
    value = float(text)
    if not math.isfinite(value):
        return None
    return int(text) if text.isdigit() and len(text) < 16 else value


def one_field(text: str) -> str:
    """Return ``text`` with an underscore for each stretch of white space: fields end at a space."""
    return '_'.join(text.split())


def check_field(value: str, *, what: str, kind: str) -> str:
    """Return ``value`` if it can stand as one field of a line.

    Raises:
        DataError: If it is empty or would be read back as several fields or as a comment.
    """
    if not value or any(space in value for space in ' \t\n') or _CONTROL.search(value) or value.startswith(COMMENT):
        raise DataError(
            f'{kind} file: got the {what} {value!r}, expected one without spaces, line ends and a leading ";;". '
            'Rename it.'
        )
    return value
