"""STM files: the reference of each sentence, in NIST's format."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterable, List, Tuple, Union

from cslrkit.errors import DataError
from cslrkit.evaluation.functional.text_files import check_field, numbered_lines, parse_number
from cslrkit.utils.files import write_atomically

END_OF_TIME = 1.79769e308  # what the corpora write where a clip's length is not stated

_LINE = re.compile(r'\s*(\S+)[ \t]+(\S+)[ \t]+(\S+)[ \t]+(\S+)[ \t]+(\S+)(?:[ \t]+(<\S*>)(?=[ \t]|\Z))?(?:[ \t](.*))?')


@dataclass(frozen=True)
class StmEntry:
    """The reference of one sentence.

    Args:
        sample_id: Which sample.
        text: Its words as written; there may be several spaces between them.
        signer: Who signs.
        channel: Always 1 in the corpora.
        start: Start in seconds.
        end: End in seconds.
        label: NIST's category field with its angle brackets; empty if there is none.
    """

    sample_id: str
    text: str
    signer: str = 'unknown'
    channel: str = '1'
    start: float = 0.0
    end: float = END_OF_TIME
    label: str = ''

    @property
    def words(self) -> Tuple[str, ...]:
        """The words, without the empty ones between double spaces."""
        return tuple(word for word in self.text.replace('\t', ' ').split(' ') if word)


def load_stm(path: Union[str, Path]) -> List[StmEntry]:
    """Read an STM file with one sentence a line; lines that begin with ``;;`` are comments.

    Raises:
        DataNotFoundError: If there is no such file.
        DataError: If a line is malformed or a sample has two.
    """
    entries: Dict[str, StmEntry] = {}
    digits: List[Tuple[str, str]] = []  # where an end is a whole number, and which
    for where, line in numbered_lines(path, 'STM'):
        match = _LINE.fullmatch(line)
        if match is None:
            raise DataError(
                f'STM file: {where}: got {line[:80]!r}, expected sample, channel, signer, start, end and the words. '
                'Mend the line, or prepare the references again.'
            )
        sample_id, channel, signer, start, end, label, text = match.groups()
        times = parse_number(start), parse_number(end)
        if None in times or not 0 <= times[0] <= times[1]:
            raise DataError(
                f'STM file: {where}: got the times {start!r} and {end!r}, expected seconds, the end not before the '
                'start. Is a column (sample, channel, signer, start, end) missing?'
            )
        if sample_id in entries:
            raise DataError(
                f"STM file: {where}: a second line for the sample '{sample_id}', expected one. Were two files joined?"
            )
        entries[sample_id] = StmEntry(sample_id, text or '', signer, channel, *times, label=label or '')
        if isinstance(times[1], int):
            digits.append((where, end))
    if digits and any(entry.end == END_OF_TIME for entry in entries.values()):
        # A gloss in digits takes the place of a missing end without another sign of it.
        where, end = digits[0]
        raise DataError(
            f'STM file: {where}: got the end {end!r}, expected {END_OF_TIME} as in other lines. Is the column missing, '
            f"so that a word stands there? If not, write '{end}.0'."
        )
    return list(entries.values())


def dump_stm(path: Union[str, Path], entries: Iterable[StmEntry]) -> None:
    """Write an STM file, in the order of ``entries``.

    Raises:
        DataError: If a field would be read back as something else.
        OutputError: If it cannot be written.
    """
    lines = []
    for entry in entries:
        for what, field in (('sample', entry.sample_id), ('channel', entry.channel), ('signer', entry.signer)):
            check_field(field, what=what, kind='STM')
        if '\n' in entry.text:
            raise DataError(f"STM file: sample '{entry.sample_id}': got a line end in the words. Remove it.")
        label = f' {entry.label}' if entry.label else ''
        fields = f'{entry.sample_id} {entry.channel} {entry.signer} {entry.start!r} {entry.end!r}{label}'
        lines.append(f'{fields} {entry.text}\n')
    write_atomically(path, ''.join(lines))
