"""Read annotation files: text with a line for each sentence."""

import io
import re
from pathlib import Path
from typing import Iterator, Tuple, Union

from cslrkit.errors import DataError, DataNotFoundError
from cslrkit.utils.messages import plural

PathLike = Union[str, Path]

_CONTROL = re.compile(r'[\x00-\x1f\x7f]')
_STM_CATEGORY = re.compile(r'\s*<\S*>(?:\s|\Z)')


def find_annotation_file(root: PathLike, name: str) -> Path:
    """Return the annotation file ``name`` below ``root``, or the copy of it directly in ``root``.

    A DataNotFoundError says that there is none, and names a folder below ``root`` that has it.
    """
    root = Path(root)
    candidates = [root / name, root / Path(name).name]
    for path in candidates:
        if path.is_file():
            return path
    nested = sorted({*root.glob(f'*/{name}'), *root.glob(f'*/*/{name}')}) if root.is_dir() else []
    if nested:
        inner = nested[0].as_posix()[: -len(name) - 1]
        raise DataNotFoundError(f"'{candidates[0]}' does not exist, but it does below '{inner}': that is the root.")
    state = 'Check the corpus root and its name.' if root.is_dir() else f"The corpus root '{root}' is no folder."
    raise DataNotFoundError(f"'{candidates[0]}' does not exist. {state}")


def read_text(path: Path) -> str:
    """Return the text of a UTF-8 file, without a byte order mark; any other is a DataError."""
    try:
        return path.read_bytes().decode('utf-8-sig')
    except UnicodeDecodeError as error:
        raise DataError(f"'{path}' is not UTF-8: {error}. Save it as UTF-8.") from error
    except OSError as error:
        raise DataError(f"'{path}' cannot be read: {error}.") from error


def read_table(path: Path, columns: str, *, delimiter: str, header: bool) -> Iterator[Tuple[str, str, dict]]:
    """Yield file and line number, the line, and column -> field, for each line that is not blank.

    Args:
        path: The file.
        columns: Names of the columns, as its first line has them.
        delimiter: What is between fields; none of them can hold it.
        header: Whether the first line is ``columns``.

    Raises:
        DataError: For another header or number of fields; names the file and the line.
    """
    names = columns.split(delimiter)
    # Only \n ends a line: str.splitlines would also split at separators inside a sentence.
    lines = io.StringIO(read_text(path).replace('\r\n', '\n'), newline='\n').readlines()
    if header and (not lines or lines[0].strip() != columns):
        got = repr(lines[0].strip()[:80]) if lines else 'an empty file'
        raise DataError(f"'{path}', line 1: got {got}, expected the header {columns!r}.")
    for number, line in enumerate(lines, start=1):
        if (header and number == 1) or not line.strip():
            continue
        fields = line.rstrip('\n').split(delimiter)
        where = f"'{path}', line {number}"
        if len(fields) != len(names):
            shown = '|' if delimiter == '|' else repr(delimiter)
            raise DataError(
                f'{where}: got {plural(len(fields), "field")} separated by {shown}, expected {len(names)} '
                f'({", ".join(names)}).'
            )
        yield where, line, dict(zip(names, fields))


def check_names(sample_id: str, signer: str, label: str, *, where: str) -> None:
    """Check that a sentence can be written as a line of an STM file and read back; a DataError says why not."""
    for what, text in (('name', sample_id), ('signer', signer)):
        if not text:
            raise DataError(f"{where}: the sample's {what} is empty, expected a word.")
        if text.split() != [text] or _CONTROL.search(text):
            raise DataError(f'{where}: got the {what} {text!r}, expected a word without white space in it.')
    if sample_id.startswith(';;'):
        raise DataError(f"{where}: got the name '{sample_id}', but lines that begin with ;; are comments in STM files.")
    if _CONTROL.search(label):
        raise DataError(f'{where}: got the glosses {label[:80]!r}, which hold a control character.')
    if _STM_CATEGORY.match(label):
        raise DataError(f"{where}: got the glosses '{label[:80]}': in an STM file a first word in <> is a category.")


def check_folder(pattern: str, *, where: str) -> None:
    """Check that a frame pattern such as ``NAME/1/*.png`` stays below the folder of all frames."""
    place = pattern.rpartition('/')[0]
    if not all(part not in ('', '.', '..') for part in place.split('/')) or _CONTROL.search(pattern):
        raise DataError(f'{where}: got the folder {pattern!r}, expected a folder below that of the split.')
