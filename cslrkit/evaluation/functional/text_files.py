"""Reading and writing of the scorers' text files, with errors that say which file."""

from pathlib import Path
from typing import Iterator, Tuple, Union

from cslrkit.errors import DataError, DataNotFoundError, OutputError

COMMENT = ';;'


def numbered_lines(path: Union[str, Path], kind: str) -> Iterator[Tuple[str, str]]:
    """Yield where a line is, for messages, and its text; empty lines and comments are left out.

    Raises:
        DataNotFoundError: If there is no such file.
        DataError: If it is not UTF-8.
    """
    path = Path(path)
    if not path.is_file():
        raise DataNotFoundError(f"{kind} file: '{path}' does not exist.")
    try:
        text = path.read_text(encoding='utf-8')
    except UnicodeDecodeError as error:
        raise DataError(f"{kind} file: '{path}' is not UTF-8 ({error}). Convert it.") from error
    # Not splitlines(): it also breaks lines at characters that a gloss may hold.
    for number, line in enumerate(text.split('\n'), start=1):
        line = line.rstrip('\r')
        if line.strip() and not line.startswith(COMMENT):
            yield f"'{path}' line {number}", line


def write_text(path: Union[str, Path], text: str) -> None:
    """Write a UTF-8 file and the folders that lead to it.

    Raises:
        OutputError: If it cannot be written.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode('utf-8'))
    except OSError as error:
        raise OutputError(f"'{path}' cannot be written: {error}.") from error
