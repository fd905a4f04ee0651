"""STM files: the reference of each sentence, in NIST's format."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterable, List, Tuple, Union

from cslrkit.errors import DataError
from cslrkit.evaluation.functional.text_files import numbered_lines, write_text

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
        return tuple(word for word in self.text.split(' ') if word)


def load_stm(path: Union[str, Path]) -> List[StmEntry]:
    """Read an STM file with one sentence a line; lines that begin with ``;;`` are comments.

    Raises:
        DataNotFoundError: If there is no such file.
        DataError: If a line is malformed or a sample has two.
    """
    entries: Dict[str, StmEntry] = {}
    for where, line in numbered_lines(path, 'STM'):
        match = _LINE.fullmatch(line)
        if match is None:
            raise DataError(
                f'STM file: {where}: got {line[:80]!r}, expected sample, channel, signer, start, end and the words.'
            )
        sample_id, channel, signer, start, end, label, text = match.groups()
        try:
            times = float(start), float(end)
        except ValueError as error:
            raise DataError(f'STM file: {where}: got the times {start!r} and {end!r}, expected seconds.') from error
        if sample_id in entries:
            raise DataError(f"STM file: {where}: a second line for the sample '{sample_id}', expected one.")
        entries[sample_id] = StmEntry(sample_id, text or '', signer, channel, *times, label=label or '')
    return list(entries.values())


def dump_stm(path: Union[str, Path], entries: Iterable[StmEntry]) -> None:
    """Write an STM file, in the order of ``entries``.

    Raises:
        OutputError: If it cannot be written.
    """
    lines = []
    for entry in entries:
        label = f' {entry.label}' if entry.label else ''
        fields = f'{entry.sample_id} {entry.channel} {entry.signer} {entry.start!r} {entry.end!r}{label}'
        lines.append(f'{fields} {entry.text}\n')
    write_text(path, ''.join(lines))
