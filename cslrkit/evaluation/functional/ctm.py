"""CTM files: the words of hypotheses with their times, in NIST's format."""

from dataclasses import dataclass
from pathlib import Path
from typing import Iterable, List, Optional, Sequence, Set, Union

from cslrkit.errors import DataError
from cslrkit.evaluation.functional.text_files import (
    COMMENT,
    check_field,
    numbered_lines,
    one_field,
    parse_number,
)
from cslrkit.evaluation.functional.wer import EMPTY
from cslrkit.structures import GlossSpan
from cslrkit.utils.files import write_atomically
from cslrkit.utils.messages import plural


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


def ctm_entries(
    sample_id: str, spans: Sequence[GlossSpan], *, in_seconds: bool = True, confidences: bool = False
) -> List[CtmEntry]:
    """Return the lines of one sample; if it has no gloss, the word ``[EMPTY]`` at 0.

    Args:
        sample_id: Which sample.
        spans: Its glosses.
        in_seconds: Whether times are seconds; frames of the source otherwise.
        confidences: Whether lines carry the glosses' confidences.
    """
    name = one_field(sample_id)
    if not spans:
        return [CtmEntry(name, 0, 0, EMPTY)]
    entries = []
    for span in spans:
        start, end = (round(each, 3) for each in span.times) if in_seconds else span.frames
        duration = round(end - start, 3) if in_seconds else end - start
        confidence = round(span.confidence, 4) if confidences else None
        entries.append(CtmEntry(name, start, duration, one_field(span.gloss), confidence=confidence))
    return entries


def load_ctm(path: Union[str, Path]) -> List[CtmEntry]:
    """Read a CTM file; lines that begin with ``;;`` are comments.

    The words of a sample stand next to each other, in the order of their starts; anything else is
    refused, because it would be scored as another sentence. Times in digits alone stay integers.

    Raises:
        DataNotFoundError: If there is no such file.
        DataError: If a line is malformed, a sample comes twice, or its words are not in order.
    """
    lines = list(numbered_lines(path, 'CTM'))
    entries = [_parse(line, where) for where, line in lines]
    with_confidence = any(entry.confidence is not None for entry in entries)
    seen: Set[str] = set()
    for before, entry, (where, _) in zip([None, *entries], entries, lines):
        if with_confidence and entry.confidence is None and parse_number(entry.word) is not None:
            raise DataError(
                f"CTM file: {where}: got the word '{entry.word}' and no confidence, which other lines have; expected "
                'sample, channel, start, duration, word and confidence. Mend the line, or write the file again.'
            )
        fault = ''
        if before is not None and before.sample_id == entry.sample_id:
            if entry.start < before.start:
                fault = (
                    f"a word of '{entry.sample_id}' at {entry.start}, after one at {before.start}; expected rising "
                    'starts. Does it hold two hypotheses of one sample?'
                )
        elif entry.sample_id in seen:
            fault = (
                f"sample '{entry.sample_id}' again, after words of '{before.sample_id}'; expected the words of a "
                'sample next to each other. Were two files joined?'
            )
        if fault:
            raise DataError(f'CTM file: {where}: got {fault} Otherwise sort it: `sort -s -k1,1 -k3,3n`.')
        seen.add(entry.sample_id)
    return entries


def dump_ctm(path: Union[str, Path], entries: Iterable[CtmEntry], *, comment: str = '') -> None:
    """Write a CTM file, in the order of ``entries``; sclite wants samples sorted by id.

    Args:
        path: Where to.
        entries: Words, those of a sample next to each other.
        comment: A line of comment for the top, such as the unit of the times.

    Raises:
        DataError: If a word or an id would be read back as something else.
        OutputError: If it cannot be written.
    """
    lines = [f'{COMMENT} {comment}\n'] if comment else []
    for entry in entries:
        fields = [
            check_field(entry.sample_id, what='sample', kind='CTM'),
            check_field(entry.channel, what='channel', kind='CTM'),
            _number(entry.start),
            _number(entry.duration),
            check_field(entry.word, what='word', kind='CTM'),
        ]
        if entry.confidence is not None:
            fields.append(_number(entry.confidence, 4))
        lines.append(' '.join(fields) + '\n')
    write_atomically(path, ''.join(lines))


def _parse(line: str, where: str) -> CtmEntry:
    fields = [field for field in line.replace('\t', ' ').split(' ') if field]
    fault = ''
    if not 5 <= len(fields) <= 6:
        fault = plural(len(fields), 'column')
    else:
        sample_id, channel, _, _, word, *_ = fields
        numbers = [parse_number(field) for field in (*fields[2:4], *fields[5:])]
        if None in numbers:
            fault = f'{(*fields[2:4], *fields[5:])[numbers.index(None)]!r} where a number belongs'
        elif min(numbers) < 0:
            fault = 'a negative number'
        elif len(numbers) == 3 and numbers[2] > 1:
            fault = f'the confidence {fields[5]}, which lies between 0 and 1'
        else:
            return CtmEntry(sample_id, numbers[0], numbers[1], word, channel, *numbers[2:])
    raise DataError(
        f'CTM file: {where}: got {line[:80]!r}, expected sample, channel, start, duration, word '
        f'and possibly a confidence ({fault}). Mend the line, or write the file again.'
    )


def _number(value: float, digits: int = 3) -> str:
    """Integers (frames) as they are, others with ``digits`` decimals, or all that they have if that loses some."""
    if isinstance(value, int):
        return str(value)
    text = f'{value:.{digits}f}'
    return text if float(text) == value else repr(float(value))
