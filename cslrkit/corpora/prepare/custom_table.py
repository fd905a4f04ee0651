"""Read the table that lists one's own recordings."""

import csv
import io
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Optional, Tuple, Union

from cslrkit.corpora.prepare.annotations import check_names, read_text
from cslrkit.corpora.prepare.layouts import SPLITS, PathLike
from cslrkit.errors import DataError, DataNotFoundError
from cslrkit.registry import nearest

SOURCES = ('frames', 'video', 'path')  # columns for a folder of frames or a video file
COLUMNS = ('id', *SOURCES, 'glosses', 'signer', 'split', 'frame_rate')
_REQUIRED = ('id', 'glosses', 'split')
_DELIMITERS = ',;\t|'


@dataclass(frozen=True)
class CustomRow:
    """A sentence of one's own.

    Args:
        sample_id: Name, unique in the table.
        source: Path of a folder of frames or of a video file, as written.
        glosses: At least one.
        signer: ``'unknown'`` if the table does not say.
        split: train, dev or test.
        frame_rate: Frames per second, if the table says.
        where: File and row, for messages.
    """

    sample_id: str
    source: str
    glosses: Tuple[str, ...]
    signer: str
    split: str
    frame_rate: Optional[float]
    where: str


def read_custom_table(path: PathLike) -> List[CustomRow]:
    """Read a CSV file (comma, semicolon, tab or ``|``; a header) or a JSON file (a list of objects).

    Columns: ``id``; a path in ``frames``, ``video`` or ``path``; ``glosses``, separated by spaces,
    or in JSON a list; ``split``; optional ``signer`` and ``frame_rate``.

    Raises:
        DataNotFoundError: If there is no such file.
        DataError: If it is not such a table, a row is malformed, or an id repeats.
    """
    path = Path(path)
    if not path.is_file():
        raise DataNotFoundError(f"table of recordings: '{path}' does not exist.")
    text = read_text(path)
    records = _read_json(text, path) if path.suffix.lower() == '.json' else _read_csv(text, path)
    rows: List[CustomRow] = []
    seen: Dict[str, str] = {}
    for where, record in records:
        row = _parse(record, where)
        # Folders are named after ids; some file systems do not tell upper from lower case.
        if row.sample_id.casefold() in seen:
            raise DataError(f"{where}: sample '{row.sample_id}' is already in {seen[row.sample_id.casefold()]}.")
        seen[row.sample_id.casefold()] = where
        rows.append(row)
    if not rows:
        raise DataError(f"'{path}' lists no sentence.")
    return rows


def _read_csv(text: str, path: Path) -> Iterator[Tuple[str, Dict[str, Any]]]:
    header = text.split('\n', 1)[0].strip()
    delimiter = max(_DELIMITERS, key=lambda own: sum(name.strip(' "') in COLUMNS for name in header.split(own)))
    reader = csv.reader(io.StringIO(text, newline=''), delimiter=delimiter, strict=True)
    try:
        names = [name.strip() for name in next(reader, [])]
        _check_columns(names, f"'{path}', line 1")
        while True:
            fields = next(reader, None)
            if fields is None:
                return
            where = f"'{path}', line {reader.line_num}"
            if not any(field.strip() for field in fields):
                continue
            if len(fields) != len(names):
                raise DataError(
                    f'{where}: got {len(fields)} fields separated by {delimiter!r}, expected {len(names)} '
                    f'({", ".join(names)}). Put a field that holds {delimiter!r} between double quotes.'
                )
            yield where, dict(zip(names, fields))
    except csv.Error as error:
        raise DataError(f"'{path}', line {reader.line_num}: not CSV: {error}.") from error


def _read_json(text: str, path: Path) -> Iterator[Tuple[str, Dict[str, Any]]]:
    try:
        content = json.loads(text, object_pairs_hook=_unique)
    # RecursionError: thousands of nested brackets.
    except (ValueError, RecursionError) as error:
        raise DataError(f"'{path}' is not JSON: {error}.") from error
    if not isinstance(content, list):
        raise DataError(f"'{path}': got a JSON {type(content).__name__}, expected a list of objects.")
    for number, record in enumerate(content, start=1):
        where = f"'{path}', entry {number}"
        if not isinstance(record, dict):
            raise DataError(f'{where}: got {str(record)[:80]!r}, expected an object with {", ".join(_REQUIRED)}.')
        _check_columns(list(record), where)
        yield where, record


def _unique(pairs: List[Tuple[str, Any]]) -> Dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError(f'an object has a key twice: {", ".join(key for key, _ in pairs)}')
    return dict(pairs)


def _check_columns(names: List[str], where: str) -> None:
    for name in names:
        if name not in COLUMNS:
            raise DataError(
                f"{where}: got the column '{name[:80]}', expected {', '.join(COLUMNS)}.{nearest(name, COLUMNS)}"
            )
    if len(set(names)) != len(names):
        raise DataError(f'{where}: a column is there twice: {", ".join(names)}.')
    missing = [name for name in _REQUIRED if name not in names]
    if not any(name in names for name in SOURCES):
        missing.append(' or '.join(SOURCES))
    if missing:
        raise DataError(f'{where}: got {", ".join(names) or "nothing"}, which lacks {", ".join(missing)}.')


def _parse(record: Mapping[str, Any], where: str) -> CustomRow:
    sample_id = _text(record['id'], 'id', where)
    glosses = _glosses(record['glosses'], where)
    signer = _text(record.get('signer', ''), 'signer', where) or 'unknown'
    split = _text(record['split'], 'split', where)
    check_names(sample_id, signer, ' '.join(glosses), where=where)
    if set(sample_id) & set('/\\*?|:<>"') or sample_id.startswith('.'):
        raise DataError(f"{where}: got the id '{sample_id}', expected one that can name a folder.")
    if split not in SPLITS:
        raise DataError(f"{where}: got the split '{split}', expected one of {', '.join(SPLITS)}.")
    sources = [_text(record[name], name, where) for name in SOURCES if name in record]
    sources = [source for source in sources if source]
    if len(sources) != 1:
        raise DataError(f'{where}: got {len(sources)} paths in the columns {", ".join(SOURCES)}, expected one.')
    if '\0' in sources[0]:
        raise DataError(f'{where}: got the path {sources[0]!r}, which holds a control character.')
    return CustomRow(sample_id, sources[0], glosses, signer, split, _frame_rate(record.get('frame_rate'), where), where)


def _text(value: Any, name: str, where: str) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, type(None))):
        raise DataError(f"{where}: '{name}': got {str(value)[:80]!r}, expected text.")
    text = '' if value is None else str(value).strip()
    try:
        text.encode('utf-8')
    except UnicodeEncodeError as error:
        raise DataError(f"{where}: '{name}': got {text[:80]!r}, which is not Unicode text: {error}.") from error
    return text


def _glosses(value: Any, where: str) -> Tuple[str, ...]:
    parts = value if isinstance(value, list) else _text(value, 'glosses', where).split()
    glosses = tuple(_text(part, 'glosses', where) for part in parts)
    if not glosses:
        raise DataError(f'{where}: there are no glosses, expected at least one.')
    wrong = [gloss for gloss in glosses if gloss.split() != [gloss]]
    if wrong:
        raise DataError(f'{where}: got the gloss {wrong[0]!r}, expected a word without white space in it.')
    return glosses


def _frame_rate(value: Union[str, float, None], where: str) -> Optional[float]:
    if value is None or str(value).strip() == '':
        return None
    try:
        rate = float(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        rate = math.nan
    if not 0 < rate < 1e6:
        raise DataError(f"{where}: 'frame_rate': got {str(value)[:80]!r}, expected frames per second.")
    return rate
