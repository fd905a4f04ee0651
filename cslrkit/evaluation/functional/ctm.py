"""CTM files: the words of hypotheses with their times, in NIST's format."""

from dataclasses import dataclass
from pathlib import Path
from typing import Iterable, List, Optional, Union

from cslrkit.errors import DataError
from cslrkit.evaluation.functional.text_files import COMMENT, numbered_lines, write_text


@dataclass(frozen=True)
class CtmEntry:
    """One word of a hypothesis.

    Args:
        sample_id: Which sample.
        start: Start, in seconds unless the file says otherwise.
        duration: Duration, in the same unit.
        word: The word.
        channel: Always 1 here.
        confidence: From 0 to 1, if it is known.
    """

    sample_id: str
    start: float
    duration: float
    word: str
    channel: str = '1'
    confidence: Optional[float] = None


def load_ctm(path: Union[str, Path]) -> List[CtmEntry]:
    """Read a CTM file; lines that begin with ``;;`` are comments.

    Raises:
        DataNotFoundError: If there is no such file.
        DataError: If a line is malformed.
    """
    entries = []
    for where, line in numbered_lines(path, 'CTM'):
        fields = [field for field in line.replace('\t', ' ').split(' ') if field]
        try:
            sample_id, channel, start, duration, word, *confidence = fields
            times = float(start), float(duration)
            value = float(confidence[0]) if confidence else None
        except ValueError as error:
            raise DataError(
                f'CTM file: {where}: got {line[:80]!r}, expected sample, channel, start, duration, word '
                'and possibly a confidence.'
            ) from error
        entries.append(CtmEntry(sample_id, *times, word=word, channel=channel, confidence=value))
    return entries


def dump_ctm(path: Union[str, Path], entries: Iterable[CtmEntry], *, comment: str = '') -> None:
    """Write a CTM file, in the order of ``entries``; sclite wants samples sorted by id.

    Args:
        path: Where to.
        entries: Words, those of a sample next to each other.
        comment: A line of comment for the top, such as the unit of the times.

    Raises:
        OutputError: If it cannot be written.
    """
    lines = [f'{COMMENT} {comment}\n'] if comment else []
    for entry in entries:
        confidence = '' if entry.confidence is None else f' {entry.confidence:.4f}'
        times = f'{_number(entry.start)} {_number(entry.duration)}'
        lines.append(f'{entry.sample_id} {entry.channel} {times} {entry.word}{confidence}\n')
    write_text(path, ''.join(lines))


def _number(value: float) -> str:
    """Frames as integers, seconds with milliseconds."""
    return str(value) if isinstance(value, int) else f'{value:.3f}'
