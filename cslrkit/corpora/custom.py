"""One's own recordings, listed in a table."""

import csv
import io
import math
import os
import re
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from cslrkit.corpora.base import SPLITS, Annotation, Corpus, DrawnClip
from cslrkit.corpora.tables import PathLike, read_text
from cslrkit.errors import DataError, DataNotFoundError
from cslrkit.registry import CORPORA
from cslrkit.utils.messages import listed, nearest, plural
from cslrkit.utils.plain_json import parse_json

_PATHS = ('frames', 'video', 'path')  # columns for a folder of frames or a video file
_TIMES = ('start', 'end', 'start_ms', 'end_ms')  # of a sentence in a recording of many
_COLUMNS = ('id', *_PATHS, *_TIMES, 'glosses', 'signer', 'split', 'frame_rate')
_DELIMITERS = ',;\t|'
_VIDEO_SUFFIXES = ('.mp4', '.m4v', '.mov', '.avi', '.mkv', '.webm', '.mpg', '.mpeg', '.mts', '.m2ts', '.wmv')

# ELAN's header of a time, such as 'Begin Time - ss.msec'; other tools write 'begin' or 'start_time'.
_TIME_HEADER = re.compile(r'(begin|start|end)([ _]time)?( - (hh:mm:ss\.ms|ss\.msec|msec))?', re.IGNORECASE)
# Times in ELAN's export without a header, and the unit that columns of them get.
_ELAN_TIMES = ((r'\d+:\d\d:\d\d[.,]\d+', ''), (r'\d+[.,]\d+', ''), (r'\d+', '_ms'))
_CLOCK = re.compile(r'(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d*)?)')  # hh:mm:ss.mmm, mm:ss, seconds

_Record = Tuple[str, Mapping[str, Any]]  # file and row, column -> value


@CORPORA.register_module(name='custom')
class Custom(Corpus):
    """Recordings of one's own: video files or folders of images, with a row of a table for each sentence.

    The table is CSV (comma, semicolon, tab or ``|``; a header) or JSON (a list of objects). Columns: ``id``; a path
    in ``frames``, ``video`` or ``path``, relative to the root; ``glosses``, between spaces, in JSON also a list;
    ``split``; optional ``signer`` and ``frame_rate``. Other columns are named in a note and not read.

    With ``start`` or ``end`` (seconds or ``hh:mm:ss.mmm``; ``start_ms``, ``end_ms``: milliseconds) a row is a part of
    its recording. Such a table may lack ``id``, which is then made of the recording's name, ``split``, then train, and
    the path, then the video beside the table. ELAN's tab-delimited export of a tier is one, with a header or without.

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
        self._read: Dict[Tuple[Path, int, int], List[_Record]] = {}  # the last file; each split asks for it

    def find_file(self, root: PathLike, split: str) -> Path:
        """Return the table."""
        path = Path(root, self.annotation_file) if self.table is None else Path(self.table)
        if not path.is_file():
            raise DataNotFoundError(f"table of recordings: '{path}' does not exist.")
        return path

    def read_rows(self, path: Path) -> Iterator[Annotation]:
        """Yield the row of each sentence."""
        records = self.records(path)
        tiers = sorted({str(record['tier']) for _, record in records if record.get('tier')})
        if len(tiers) > 1 and any(name in record for _, record in records[:1] for name in _TIMES):
            raise DataError(
                f"'{path}': got annotations of the tiers {', '.join(tiers)}, expected those of one: export only the "
                'tier whose annotations are the glosses of a sentence.'
            )
        for number, (where, record) in enumerate(records, start=1):
            yield _parse(record, number, path, where)

    def notes(self, root: PathLike, sample_ids: Sequence[str]) -> List[str]:
        """Name the columns that are not read, and say what the lack of others means."""
        path = self.find_file(root, SPLITS[0])
        columns = list(dict.fromkeys(name for _, record in self.records(path) for name in record))
        hints = {name: nearest(name, _COLUMNS).strip() for name in columns if name not in _COLUMNS}
        unread = [f'{name[:80]} ({hint})' if hint else name[:80] for name, hint in hints.items()]
        notes = [f"'{path.name}': columns that are not read: {listed(unread)}"] if unread else []
        if 'split' not in columns:
            notes.append(f"'{path.name}': there is no column split: all sentences are for training")
        return notes

    def records(self, path: Path) -> List[_Record]:
        """Return the rows, each with where it stands; the table is read unless it is what was read last."""
        state = path.stat()
        key = (path, state.st_mtime_ns, state.st_size)
        if key not in self._read:
            read = _read_json if path.suffix.lower() == '.json' else _read_csv
            self._read = {key: list(read(read_text(path), path))}
        return self._read[key]

    def row(self, clip: DrawnClip) -> Dict[str, str]:
        """Return a row of the table."""
        frames = f'{self.frame_dir}/{clip.sample_id}'
        shared = dict(signer=clip.signer_name, split=clip.split)
        return dict(id=clip.sample_id, frames=frames, glosses=' '.join(clip.words), **shared)


def _read_csv(text: str, path: Path) -> Iterator[_Record]:
    first = text.split('\n', 1)[0].strip('\r')
    known = {own: sum(name in _COLUMNS for name in _name_columns(first.split(own))) for own in _DELIMITERS}
    delimiter = max(_DELIMITERS, key=known.get)
    reader = csv.reader(io.StringIO(text, newline=''), delimiter=delimiter, strict=True)
    try:
        names: List[str] = []
        for fields in reader:
            where = f"'{path}', line {reader.line_num}"
            if not names:
                names = _name_columns(fields)
                _check_columns(names, where)
                if not _is_elan_row(fields):
                    continue
            while len(fields) > len(names) and not fields[-1].strip():
                fields.pop()
            if not any(field.strip() for field in fields):
                continue
            if len(fields) != len(names):
                raise DataError(
                    f'{where}: got {plural(len(fields), "field")} separated by {delimiter!r}, expected {len(names)} '
                    f'({", ".join(names)}). Put a field that holds {delimiter!r} between double quotes.'
                )
            record = dict(zip(names, fields))
            yield where, {name: field for name, field in record.items() if name in _COLUMNS or field.strip()}
        if not names:
            _check_columns(names, f"'{path}', line 1")
    except csv.Error as error:
        raise DataError(f"'{path}', line {reader.line_num}: not CSV: {error}.") from error


def _name_columns(fields: Sequence[str]) -> List[str]:
    """Return the names of the columns by the first line, which is a header or ELAN's first annotation."""
    if _is_elan_row(fields):
        times, unit = _elan_times(fields)
        names = {0: 'tier', times[0]: f'start{unit}', times[1]: f'end{unit}', len(fields) - 1: 'glosses'}
    else:
        names = {}
        for place, field in enumerate(fields):
            name = field.strip(' "')
            header = _TIME_HEADER.fullmatch(name)
            if header:
                name = ('end' if header[1].lower() == 'end' else 'start') + ('_ms' if header[4] == 'msec' else '')
            name = name.lower() if name.lower() in (*_COLUMNS, 'tier') else name
            # ELAN may write a time in several units.
            names[place] = field.strip() if header and name in names.values() and header[3] else name
    return [names.get(place) or f'column {place + 1}' for place in range(len(fields))]


def _elan_times(fields: Sequence[str]) -> Tuple[List[int], str]:
    """Return the places of times in a line of ELAN's export, and their unit."""
    for pattern, unit in _ELAN_TIMES:
        times = [place for place, field in enumerate(fields) if re.fullmatch(pattern, field.strip())]
        if len(times) >= 2:
            return times, unit
    return [], ''


def _is_elan_row(fields: Sequence[str]) -> bool:
    return len(fields) >= 3 and len(_elan_times(fields)[0]) >= 2 and fields[0].strip().lower() not in _COLUMNS


def _read_json(text: str, path: Path) -> Iterator[_Record]:
    try:
        content = parse_json(text, object_pairs_hook=_unique)
    except ValueError as error:
        raise DataError(f"'{path}' is not JSON: {error}.") from error
    if not isinstance(content, list):
        raise DataError(f"'{path}': got a JSON {type(content).__name__}, expected a list of objects.")
    for number, record in enumerate(content, start=1):
        where = f"'{path}', entry {number}"
        if not isinstance(record, dict):
            raise DataError(f'{where}: got {str(record)[:80]!r}, expected an object with id, glosses, split.')
        _check_columns(list(record), where)
        yield where, record


def _unique(pairs: List[Tuple[str, Any]]) -> Dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError(f'an object has a key twice: {", ".join(key for key, _ in pairs)}')
    return dict(pairs)


def _check_columns(names: List[str], where: str) -> None:
    if len(set(names)) != len(names):
        raise DataError(f'{where}: a column is there twice: {", ".join(names)}.')
    in_parts = any(name in names for name in _TIMES)
    missing = [name for name in (('glosses',) if in_parts else ('id', 'glosses', 'split')) if name not in names]
    hints = ''.join(nearest(name, [own for own in names if own not in _COLUMNS]) for name in missing)
    if not in_parts and not any(name in names for name in _PATHS):
        missing.append(' or '.join(_PATHS))
    if missing:
        got = ', '.join(name[:80] for name in names) or 'nothing'
        raise DataError(f'{where}: got {got}, which lacks {", ".join(missing)}.{hints}')


def _parse(record: Mapping[str, Any], number: int, table: Path, where: str) -> Annotation:
    paths = [path for path in (_text(record[name], name, where) for name in _PATHS if name in record) if path]
    if not any(name in record for name in _PATHS):
        paths = [_recording_beside(table)]
    if len(paths) != 1:
        raise DataError(f'{where}: got {plural(len(paths), "path")} in the columns {", ".join(_PATHS)}, expected one.')
    if '\0' in paths[0]:
        raise DataError(f'{where}: got the path {paths[0]!r}, which holds a control character.')
    stem = '_'.join(Path(paths[0]).stem.split())
    sample_id = _text(record.get('id', f'{stem}-{number:04d}'), 'id', where)
    if set(sample_id) & set('/\\*?|:<>"') or sample_id.startswith('.'):
        raise DataError(f"{where}: got the id '{sample_id}', expected one that can name a folder.")
    label = ' '.join(parse_glosses(record['glosses'], where))
    signer = _text(record.get('signer', ''), 'signer', where) or 'unknown'
    start, end = parse_time(record, 'start', where), parse_time(record, 'end', where)
    if start is not None and end is not None and start >= end:
        raise DataError(f'{where}: got the start {start:g} s and the end {end:g} s, expected an end after the start.')
    return Annotation(
        sample_id,
        paths[0],
        label,
        signer,
        f'{sample_id}|{paths[0]}|{signer}|{label}',
        split=_text(record.get('split', 'train'), 'split', where),
        frame_rate=_frame_rate(record.get('frame_rate'), where),
        start=start,
        end=end,
        where=where,
    )


def _recording_beside(table: Path) -> str:
    """Return the video beside a table: the one of its name, or the only one."""
    videos = [path for path in sorted(table.parent.iterdir()) if path.suffix.lower() in _VIDEO_SUFFIXES]
    found = [path for path in videos if path.stem == table.stem] or videos
    if len(found) != 1:
        got = listed([path.name for path in found]) or 'none'
        raise DataError(f"'{table}' has no column video, and the videos beside it are: {got}. Add the column.")
    return os.path.abspath(found[0])


def _text(value: Any, name: str, where: str) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, type(None))):
        raise DataError(f"{where}: '{name}': got {str(value)[:80]!r}, expected text.")
    text = '' if value is None else str(value).strip()
    try:
        text.encode('utf-8')
    except UnicodeEncodeError as error:
        raise DataError(f"{where}: '{name}': got {text[:80]!r}, which is not Unicode text: {error}.") from error
    return text


def parse_glosses(value: Any, where: str) -> Tuple[str, ...]:
    """Return the glosses of a field, at least one; anything else is a DataError."""
    parts = value if isinstance(value, list) else _text(value, 'glosses', where).split()
    glosses = tuple(_text(part, 'glosses', where) for part in parts)
    if not glosses:
        raise DataError(f'{where}: there are no glosses, expected at least one.')
    wrong = [gloss for gloss in glosses if gloss.split() != [gloss]]
    if wrong:
        raise DataError(f'{where}: got the gloss {wrong[0]!r}, expected a word without white space in it.')
    return glosses


def parse_time(record: Mapping[str, Any], name: str, where: str) -> Optional[float]:
    """Return seconds; None if the row does not say."""
    for column, unit in ((name, 1.0), (f'{name}_ms', 1000.0)):
        text = '' if record.get(column) is None else str(record[column]).strip()
        parts = _CLOCK.fullmatch(text.replace(',', '.'))
        if text and not parts:
            raise DataError(f"{where}: '{column}': got {text[:80]!r}, expected seconds or hh:mm:ss.mmm.")
        if parts:
            hours, minutes, seconds = (float(part or 0) for part in parts.groups())
            return (hours * 3600 + minutes * 60 + seconds) / unit
    return None


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
