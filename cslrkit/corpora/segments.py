"""Annotations of single glosses in time: where in its clip each gloss of a sentence is signed."""

from pathlib import Path
from typing import Dict, List, NamedTuple, Union

from cslrkit.corpora.custom import Custom, parse_glosses, parse_time
from cslrkit.corpora.tables import read_text
from cslrkit.errors import DataError, DataNotFoundError
from cslrkit.utils.plain_json import parse_json

_EXPECTED = (
    'Give the synthetic.json of a drawn corpus, or a table with a row for each gloss: the columns id (of the '
    'sentence), glosses (one), start and end (seconds from the beginning of its clip)'
)


class Segment(NamedTuple):
    """A gloss as it was annotated.

    Args:
        gloss: Which.
        start: Second of the clip at which it begins.
        end: Second at which it ends.
    """

    gloss: str
    start: float
    end: float


def read_segments(path: Union[str, Path]) -> Dict[str, List[Segment]]:
    """Return the segments of each sentence, in the order of their starts.

    The file is the ``synthetic.json`` of a drawn corpus, or a table of the formats that
    :class:`cslrkit.corpora.custom.Custom` reads, with one gloss a row; ``start_ms`` and ``end_ms`` are
    milliseconds. ELAN's tab-delimited export of the tier of one video has no ids: its rows belong to the sample
    named as the file.

    Raises:
        DataNotFoundError: If there is no such file.
        DataError: If it cannot be read; names the row.
    """
    path = Path(path)
    if not path.is_file():
        raise DataNotFoundError(f"'{path}' does not exist. {_EXPECTED}.")
    drawn = _drawn(path) if path.suffix.lower() == '.json' else None
    found = _table(path) if drawn is None else drawn
    return {sample_id: sorted(segments, key=lambda segment: segment.start) for sample_id, segments in found.items()}


def _drawn(path: Path) -> Union[Dict[str, List[Segment]], None]:
    """The segments of a drawn corpus; None if the file is none of those."""
    try:
        content = parse_json(read_text(path))
    except ValueError as error:
        raise DataError(f"'{path}' is not JSON: {error}. {_EXPECTED}.") from error
    if not isinstance(content, dict):
        return None
    try:
        rate = float(content['frame_rate'])
        return {
            sample_id: [Segment(gloss, first / rate, last / rate) for gloss, first, last in clip['glosses']]
            for sample_id, clip in content['clips'].items()
        }
    except (KeyError, TypeError, ValueError, AttributeError, ZeroDivisionError) as error:
        raise DataError(f"'{path}' is no record of a drawn corpus ({error!r}). {_EXPECTED}.") from error


def _table(path: Path) -> Dict[str, List[Segment]]:
    found: Dict[str, List[Segment]] = {}
    for where, record in Custom().records(path):
        glosses = parse_glosses(record.get('glosses'), where)
        start, end = parse_time(record, 'start', where), parse_time(record, 'end', where)
        if len(glosses) != 1 or start is None or end is None or not start < end:
            raise DataError(
                f'{where}: got {len(glosses)} glosses from {start} to {end} s, expected one gloss, its start and a '
                f'later end. {_EXPECTED}.'
            )
        found.setdefault(str(record.get('id') or path.stem), []).append(Segment(glosses[0], start, end))
    if not found:
        raise DataError(f"'{path}' holds no segment. {_EXPECTED}.")
    return found
