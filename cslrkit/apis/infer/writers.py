"""Results as a table for the console, and as text, JSON, CTM, WebVTT, SubRip and ELAN files."""

import json
import math
import mimetypes
import os
from html import escape
from pathlib import Path
from typing import Callable, Dict, List, Sequence, Tuple, Union

from cslrkit.errors import DataError
from cslrkit.evaluation.functional.ctm import CtmEntry, ctm_entries, dump_ctm
from cslrkit.structures.result import InferenceResult
from cslrkit.utils.checks import one_of
from cslrkit.utils.files import write_atomically
from cslrkit.utils.messages import plural
from cslrkit.video.captions import PAUSE
from cslrkit.video.lettering import isolated

Results = Sequence[InferenceResult]


def write_results(results: Results, out_dir: Union[str, Path], formats: Sequence[str]) -> List[Path]:
    """Write results into a folder; the formats and their files are in docs/inference.md.

    Args:
        results: What the inferencer gave.
        out_dir: Folder, made if need be.
        formats: Of ``FORMATS``: ``text``, ``json`` and ``ctm`` are one file for all, ``vtt``, ``srt`` and
            ``elan`` one for each video.

    Returns:
        The files.

    Raises:
        ConfigError: For another format.
        DataError: If a format needs seconds and the frame rate of a source is not known.
        OutputError: If a file cannot be written.
    """
    check_formats(formats)
    return [path for name in dict.fromkeys(formats) for path in FORMATS[name](results, Path(out_dir))]


def check_formats(formats: Sequence[str]) -> None:
    """Check names of formats before anything is recognized.

    Raises:
        ConfigError: For a name that is none of ``FORMATS``.
    """
    for name in formats:
        one_of('format', name, FORMATS)


def format_result(result: InferenceResult) -> str:
    """Return a result as a head and a line for each gloss: times in seconds, confidence in percent."""
    rate = 'unknown frame rate' if result.frame_rate is None else f'{result.frame_rate:g} frames/s'
    windows = f', {result.num_windows} windows' if result.num_windows > 1 else ''
    lines = [f'{result.source}: {plural(result.num_frames, "frame")}, {rate}{windows}']
    if result.spans:
        width = max(len('gloss'), *map(len, result.glosses))
        unit, digits = ('s', '9.2f') if result.timed else ('frame', '9d')
        lines.append(f'  {f"from {unit}":>9}  {f"to {unit}":>9}  {"gloss":<{width}}  confidence')
        for span in result.spans:
            start, end = span.times if result.timed else span.frames
            lines.append(f'  {start:{digits}}  {end:{digits}}  {span.gloss:<{width}}  {100 * span.confidence:8.0f} %')
    else:
        lines.append('  no gloss')
    if len(result.nbest) > 1:
        lines.append(f'  {"log-prob":>9}  {"sequence":<9}')
        lines += [f'  {entry.score:9.2f}  {" ".join(entry.glosses)}' for entry in result.nbest]
    return '\n'.join(lines)


def _write_text(results: Results, folder: Path) -> List[Path]:
    return [_write(folder / 'glosses.txt', ''.join(f'{each.name}\t{" ".join(each.glosses)}\n' for each in results))]


def _write_json(results: Results, folder: Path) -> List[Path]:
    content = json.dumps([result.to_dict() for result in results], ensure_ascii=False, indent=1)
    return [_write(folder / 'results.json', content + '\n')]


def _write_ctm(results: Results, folder: Path) -> List[Path]:
    entries: List[CtmEntry] = []
    for result in sorted(results, key=lambda result: result.name):
        check_timed(result, 'ctm')
        entries += ctm_entries(result.name, result.spans, confidences=True)
    dump_ctm(folder / 'glosses.ctm', entries, comment='start and duration in seconds')
    return [folder / 'glosses.ctm']


def _write_webvtt(results: Results, folder: Path) -> List[Path]:
    """Write WebVTT captions, a cue for each gloss."""
    written = []
    for result in results:
        cues = [f'{_clock(a)} --> {_clock(b)}\n{escape(gloss, quote=False)}\n' for a, b, gloss in _cues(result, 'vtt')]
        written.append(_write(folder / f'{result.name}.vtt', '\n'.join(['WEBVTT\n', *cues])))
    return written


def _write_subrip(results: Results, folder: Path) -> List[Path]:
    """Write SubRip captions, a cue for each gloss."""
    written = []
    for result in results:
        cues = [
            f'{number}\n{_clock(start)} --> {_clock(end)}\n{gloss}\n'.replace('.', ',', 2)
            for number, (start, end, gloss) in enumerate(_cues(result, 'srt'), start=1)
        ]
        written.append(_write(folder / f'{result.name}.srt', '\n'.join(cues)))
    return written


def _cues(result: InferenceResult, name: str) -> List[Tuple[int, int, str]]:
    """Start and end in milliseconds, and gloss: shown until the next one begins, or for a while after it was signed."""
    timed = _timed(result, name)
    ends = [start for start, *_ in timed[1:]] + [math.inf]
    glosses = isolated(gloss for _, _, gloss, _ in timed)
    return [
        (start, max(start + 1, min(end + round(1000 * PAUSE), next_start)), gloss)
        for (start, end, _, _), next_start, gloss in zip(timed, ends, glosses)
    ]


def _write_elan(results: Results, folder: Path) -> List[Path]:
    """Write ELAN documents: the tiers ``gloss`` and ``confidence``, and the video if it is a file."""
    from pympi.Elan import Eaf, to_string

    written = []
    for result in results:
        document = Eaf(author='cslrkit')
        document.remove_tier('default')
        if os.path.isfile(result.source):
            kind = mimetypes.guess_type(result.source)[0] or 'video/*'
            relative = Path(os.path.relpath(result.source, folder)).as_posix()
            document.add_linked_file(Path(result.source).absolute().as_uri(), relpath=relative, mimetype=kind)
        for tier in ('gloss', 'confidence'):
            document.add_tier(tier)
        for start, end, gloss, confidence in _timed(result, 'elan'):
            document.add_annotation('gloss', start, end, gloss)
            document.add_annotation('confidence', start, end, f'{confidence:.3f}')
        text = '<?xml version="1.0" encoding="UTF-8"?>\n' + to_string(document)
        written.append(_write(folder / f'{result.name}.eaf', text))
    return written


def _write(path: Path, text: str) -> Path:
    write_atomically(path, text)
    return path


def _timed(result: InferenceResult, name: str) -> List[Tuple[int, int, str, float]]:
    """Start and end in milliseconds, gloss and confidence; no gloss is shorter than a millisecond.

    Raises:
        DataError: If the frame rate is not known.
    """
    check_timed(result, name)
    bounds = [(round(1000 * start), round(1000 * end)) for start, end in result.hyp.time_spans]
    return [
        (start, max(end, start + 1), ' '.join(span.gloss.split()), span.confidence)
        for (start, end), span in zip(bounds, result.spans)
    ]


def check_timed(result: InferenceResult, name: str) -> None:
    """Check that a format which needs seconds can be written.

    Raises:
        DataError: If the frame rate is not known.
    """
    if not result.timed:
        raise DataError(
            f"{name}: the frame rate of '{result.source}' is not known, so its glosses have no times in seconds. Give "
            'frame_rate (--frame-rate).'
        )


def _clock(milliseconds: int) -> str:
    minutes, milliseconds = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f'{hours:02d}:{minutes:02d}:{milliseconds // 1000:02d}.{milliseconds % 1000:03d}'


FORMATS: Dict[str, Callable[[Results, Path], List[Path]]] = {
    'text': _write_text,
    'json': _write_json,
    'ctm': _write_ctm,
    'vtt': _write_webvtt,
    'srt': _write_subrip,
    'elan': _write_elan,
}
FOR_EACH = ('vtt', 'srt', 'elan')  # a file for each result; of the others one for all
TIMED = ('ctm', *FOR_EACH)  # in seconds
