"""One's own recordings, listed in a table."""

import csv
import io
import json
import math
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Optional, Tuple

from cslrkit.corpora.base import SPLITS, Annotation, Corpus, DrawnClip
from cslrkit.corpora.tables import PathLike, check_names, read_text
from cslrkit.errors import DataError, DataNotFoundError
from cslrkit.registry import CORPORA
from cslrkit.utils.messages import nearest

_PATHS = ('frames', 'video', 'path')  # columns for a folder of frames or a video file
_COLUMNS = ('id', *_PATHS, 'glosses', 'signer', 'split', 'frame_rate')
_REQUIRED = ('id', 'glosses', 'split')
_DELIMITERS = ',;\t|'

_Record = Tuple[str, Mapping[str, Any]]  # file and row, column -> value


@CORPORA.register_module(name='custom')
class Custom(Corpus):
    """Recordings of one's own: video files or folders of images, with a row of a table for each sentence.

    The table is CSV (comma, semicolon, tab or ``|``; a header) or JSON (a list of objects). Columns: ``id``; a path
    in ``frames``, ``video`` or ``path``, relative to the root; ``glosses``, between spaces, in JSON also a list;
    ``split``; optional ``signer`` and ``frame_rate``.

    Args:
        table: The file; ``own.csv`` in the root by default.
    """

    annotation_file = 'own.csv'
    columns = 'id,frames,glosses,signer,split'
    delimiter = ','
    recordings = True
    optional_splits = SPLITS

    def __init__(self, table: Optional[PathLike] = None) -> None:
        self.table = table

    def read(self, root: PathLike, split: str) -> List[Annotation]:
        """Read the rows of a split.

        Raises:
            DataNotFoundError: If there is no table.
            DataError: If it is not such a table, a row is malformed, or an id repeats; names the row.
        """
        path = Path(root, self.annotation_file) if self.table is None else Path(self.table)
        if not path.is_file():
            raise DataNotFoundError(f"table of recordings: '{path}' does not exist.")
        return [annotation for annotation in self.read_file(path) if annotation.split == split]

    def read_file(self, path: Path) -> List[Annotation]:
        """Read all rows of a table."""
        text = read_text(path)
        records = _read_json(text, path) if path.suffix.lower() == '.json' else _read_csv(text, path)
        rows: Dict[str, Annotation] = {}
        for where, record in records:
            row = _parse(record, where)
            # Folders are named after ids; some file systems do not tell upper from lower case.
            first = rows.setdefault(row.sample_id.casefold(), row)
            if first is not row:
                raise DataError(f"{where}: sample '{row.sample_id}' is already in {first.where}.")
        if not rows:
            raise DataError(f"'{path}' lists no sentence.")
        return list(rows.values())

    def row(self, clip: DrawnClip) -> Dict[str, str]:
        """Return a row of the table."""
        frames = f'{self.frame_dir}/{clip.sample_id}'
        shared = dict(signer=clip.signer_name, split=clip.split)
        return dict(id=clip.sample_id, frames=frames, glosses=' '.join(clip.words), **shared)


def _read_csv(text: str, path: Path) -> Iterator[_Record]:
    header = text.split('\n', 1)[0].strip()
    delimiter = max(_DELIMITERS, key=lambda own: sum(name.strip(' "') in _COLUMNS for name in header.split(own)))
    reader = csv.reader(io.StringIO(text, newline=''), delimiter=delimiter, strict=True)
    try:
        names = [name.strip() for name in next(reader, [])]
        _check_columns(names, f"'{path}', line 1")
        for fields in reader:
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


def _read_json(text: str, path: Path) -> Iterator[_Record]:
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
        if name not in _COLUMNS:
            raise DataError(
                f"{where}: got the column '{name[:80]}', expected {', '.join(_COLUMNS)}.{nearest(name, _COLUMNS)}"
            )
    if len(set(names)) != len(names):
        raise DataError(f'{where}: a column is there twice: {", ".join(names)}.')
    missing = [name for name in _REQUIRED if name not in names]
    if not any(name in names for name in _PATHS):
        missing.append(' or '.join(_PATHS))
    if missing:
        raise DataError(f'{where}: got {", ".join(names) or "nothing"}, which lacks {", ".join(missing)}.')


def _parse(record: Mapping[str, Any], where: str) -> Annotation:
    sample_id = _text(record['id'], 'id', where)
    glosses = _glosses(record['glosses'], where)
    signer = _text(record.get('signer', ''), 'signer', where) or 'unknown'
    split = _text(record['split'], 'split', where)
    label = ' '.join(glosses)
    check_names(sample_id, signer, label, where=where)
    if set(sample_id) & set('/\\*?|:<>"') or sample_id.startswith('.'):
        raise DataError(f"{where}: got the id '{sample_id}', expected one that can name a folder.")
    if split not in SPLITS:
        raise DataError(f"{where}: got the split '{split}', expected one of {', '.join(SPLITS)}.")
    paths = [path for path in (_text(record[name], name, where) for name in _PATHS if name in record) if path]
    if len(paths) != 1:
        raise DataError(f'{where}: got {len(paths)} paths in the columns {", ".join(_PATHS)}, expected one.')
    if '\0' in paths[0]:
        raise DataError(f'{where}: got the path {paths[0]!r}, which holds a control character.')
    info = f'{sample_id}|{paths[0]}|{signer}|{label}'
    rate = _frame_rate(record.get('frame_rate'), where)
    return Annotation(sample_id, paths[0], label, signer, info, split=split, frame_rate=rate, where=where)


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


def _frame_rate(value: Any, where: str) -> Optional[float]:
    if value is None or str(value).strip() == '':
        return None
    try:
        rate = float(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        rate = math.nan
    if not 0 < rate < 1e6:
        raise DataError(f"{where}: 'frame_rate': got {str(value)[:80]!r}, expected frames per second.")
    return rate
