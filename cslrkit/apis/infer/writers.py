"""Results as text, JSON, CTM, WebVTT and tab-separated text for ELAN."""

import json
from pathlib import Path
from typing import Callable, Dict, List, Sequence, Union

from cslrkit.errors import ConfigError, DataError
from cslrkit.evaluation.functional.ctm import CtmEntry, dump_ctm
from cslrkit.evaluation.functional.text_files import write_text
from cslrkit.evaluation.functional.wer import EMPTY
from cslrkit.registry import nearest
from cslrkit.structures.result import InferenceResult

Results = Sequence[InferenceResult]


def write_results(results: Results, out_dir: Union[str, Path], formats: Sequence[str]) -> List[Path]:
    """Write results into a folder; the formats and their files are in docs/inference.md.

    Args:
        results: What the inferencer gave.
        out_dir: Folder, made if need be.
        formats: Of ``FORMATS``: ``text``, ``json`` and ``ctm`` are one file for all, ``vtt`` and ``elan`` one
            for each video.

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
        if name not in FORMATS:
            raise ConfigError(f'format: got {name!r}, expected {", ".join(FORMATS)}.{nearest(name, FORMATS)}')


def format_webvtt(result: InferenceResult) -> str:
    """Return the glosses of a video as WebVTT captions, a cue for each."""
    cues = [
        f'{_clock(span.start)} --> {_clock(max(span.end, span.start + 0.001))}\n{_escaped(span.gloss)}\n'
        for span in _timed(result, 'vtt').spans
    ]
    return '\n'.join(['WEBVTT\n', *cues])


def format_elan(result: InferenceResult) -> str:
    """Return the glosses of a video as tab-separated lines: tier, begin and end in seconds, annotation.

    The tier ``gloss`` has the glosses, the tier ``confidence`` how sure they are.
    """
    lines = []
    for tier in ('gloss', 'confidence'):
        for span in _timed(result, 'elan').spans:
            text = ' '.join(span.gloss.split()) if tier == 'gloss' else f'{span.confidence:.3f}'
            lines.append(f'{tier}\t{span.start:.3f}\t{max(span.end, span.start + 0.001):.3f}\t{text}\n')
    return ''.join(lines)


def ctm_entries(result: InferenceResult) -> List[CtmEntry]:
    """Return the glosses of a video as lines of a CTM file; an empty result is the word ``[EMPTY]``."""
    name = '_'.join(result.name.split())
    if not result.spans:
        return [CtmEntry(name, 0, 0, EMPTY)]
    return [
        CtmEntry(
            name,
            round(span.start, 3),
            round(span.end - span.start, 3),
            '_'.join(span.gloss.split()),
            confidence=round(span.confidence, 4),
        )
        for span in _timed(result, 'ctm').spans
    ]


def _write_text(results: Results, folder: Path) -> List[Path]:
    path = folder / 'glosses.txt'
    write_text(path, ''.join(f'{result.name}\t{" ".join(result.glosses)}\n' for result in results))
    return [path]


def _write_json(results: Results, folder: Path) -> List[Path]:
    path = folder / 'results.json'
    write_text(path, json.dumps([result.to_dict() for result in results], ensure_ascii=False, indent=1) + '\n')
    return [path]


def _write_ctm(results: Results, folder: Path) -> List[Path]:
    path = folder / 'glosses.ctm'
    ordered = sorted(results, key=lambda result: result.name)
    entries = [entry for result in ordered for entry in ctm_entries(result)]
    folder.mkdir(parents=True, exist_ok=True)
    dump_ctm(path, entries, comment='start and duration in seconds')
    return [path]


def _write_each(results: Results, folder: Path, suffix: str, make: Callable[[InferenceResult], str]) -> List[Path]:
    paths = [folder / f'{result.name}{suffix}' for result in results]
    for path, result in zip(paths, results):
        write_text(path, make(result))
    return paths


def _timed(result: InferenceResult, name: str) -> InferenceResult:
    if not result.timed:
        raise DataError(
            f"{name}: the frame rate of '{result.source}' is not known, so its glosses have no times in seconds. Give "
            'frame_rate (--frame-rate).'
        )
    return result


def _clock(seconds: float) -> str:
    minutes, milliseconds = divmod(round(seconds * 1000), 60_000)
    hours, minutes = divmod(minutes, 60)
    return f'{hours:02d}:{minutes:02d}:{milliseconds // 1000:02d}.{milliseconds % 1000:03d}'


def _escaped(text: str) -> str:
    return text.replace('&', '&amp;').replace('<', '&lt;').replace('>', '&gt;')


FORMATS: Dict[str, Callable[[Results, Path], List[Path]]] = {
    'text': _write_text,
    'json': _write_json,
    'ctm': _write_ctm,
    'vtt': lambda results, folder: _write_each(results, folder, '.vtt', format_webvtt),
    'elan': lambda results, folder: _write_each(results, folder, '.elan.txt', format_elan),
}
