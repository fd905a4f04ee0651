"""Writing files and folders so that nothing is lost or half-written."""

import os
import tempfile
from pathlib import Path
from typing import Any, Callable, Union

from cslrkit.errors import CSLRKitError, OutputError


def write_atomically(path: Union[str, Path], text: str) -> None:
    """Write ``text`` to ``path`` as :func:`write_beside` does, so that a reader never sees a part of it."""
    content = text.encode('utf-8', 'replace')  # the name of a file may hold bytes that are no text
    write_beside(Path(path), lambda temporary: temporary.write_bytes(content))


def write_beside(path: Path, writer: Callable[[Path], Any]) -> None:
    """Let ``writer`` write beside ``path`` and move the result there in one step.

    Raises:
        OutputError: If that fails; what was there before stays.
    """
    temporary = path.with_name(f'.{path.stem}.part-{os.getpid()}{path.suffix}')  # the suffix says the format
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            writer(temporary)
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    except CSLRKitError:  # of what is written, such as a video that cannot be read to its end
        raise
    except OSError as error:
        raise OutputError(f"'{path}' cannot be written: {error}.") from error


def append_text(path: Path, text: str, *, anew: bool = False) -> None:
    """Add text to the end of a UTF-8 file, or begin the file anew with it.

    Raises:
        OutputError: If it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open('w' if anew else 'a', encoding='utf-8', errors='replace', newline='\n') as file:
            file.write(text)
    except OSError as error:
        raise OutputError(f"'{path}' cannot be written: {error}.") from error


def ensure_writable_dir(path: Union[str, Path], *, what: str, option: str) -> Path:
    """Make the folder ``path`` if need be and check that a file can be written there.

    Args:
        path: Folder.
        what: What it is for, for the message, e.g. ``'work dir'``.
        option: How to choose another one, e.g. ``'--work-dir'``.

    Raises:
        OutputError: If it cannot be made or written.
    """
    path = Path(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise OutputError(
            f"{what}: '{path}' cannot be written ({error.strerror or error}). Choose another folder with {option}."
        ) from error
    return path
