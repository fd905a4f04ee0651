"""Find the frames of annotated sentences on disk, or make them of recordings."""

import math
import os
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Callable, List, Optional, Sequence, Tuple

from cslrkit.corpora.base import Annotation, Corpus, Size
from cslrkit.corpora.frame_rates import are_alike, commonest_rate
from cslrkit.corpora.prepare.recording import ImportedFrames, ImportTask, import_recording, recorded_rate
from cslrkit.errors import DataError, DataNotFoundError
from cslrkit.utils.messages import listed, plural
from cslrkit.utils.parallel import map_parallel
from cslrkit.video.image_folders import list_files, list_images

_NAMED_PROBLEMS = 20


@dataclass(frozen=True)
class FoundFrames:
    """The frames of a sentence."""

    folder: str  # as on disk, with the pattern if the annotation has one; as annotated if there are no frames
    names: Tuple[str, ...]  # of the files, sorted
    place: str  # folder of the files
    problem: str = ''  # what is missing; empty if nothing is
    frame_rate: Optional[float] = None  # frames per second, if they are known
    note: str = ''  # what looks wrong with a recording; empty if nothing does


def find_frames(corpus: Corpus, root: str, annotations: Sequence[Annotation]) -> List[FoundFrames]:
    """Look up the frames of each sentence below ``root``, the folder of all; missing ones are told in ``problem``."""
    return [_find(corpus, root, annotation) for annotation in annotations]


def import_recordings(
    annotations: Sequence[Annotation],
    root: Path,
    target: str,
    *,
    size: Optional[Size],
    frame_rate: Optional[float],
    **work: Any,
) -> Tuple[List[FoundFrames], List[str]]:
    """Decode videos below ``target``, a folder for each; folders of images stay unless they are resized or resampled.

    All are resampled to ``frame_rate``; without one to the commonest rate, if they differ. The notes say it. Errors
    name all recordings that do not exist or cannot be read; ``work`` goes to ``map_parallel``.
    """
    sources = [os.path.normpath(os.path.join(root, own.folder)) for own in annotations]
    absent = ['' if os.path.exists(source) else f"'{source}' does not exist" for source in sources]
    _check_all(annotations, absent, DataNotFoundError)
    tasks = [
        ImportTask(path, os.path.join(target, own.sample_id), size, own.frame_rate, _part(own))
        for own, path in zip(annotations, sources)
    ]
    tasks, notes = _plan_rate(tasks, frame_rate, partial(map_parallel, what='reading frame rates', **work))
    frames = map_parallel(_import, tasks, what='importing recordings', **work)
    _check_all(annotations, [own.problem for own in frames], DataError)
    found = []
    for task, own in zip(tasks, frames):
        folder = task.source if _stays(task) else task.target
        rate = task.frame_rate if task.resample is None and task.frame_rate is not None else own.frame_rate
        pattern = f'{_below(folder, root)}/*{os.path.splitext(own.names[0])[1]}'
        found.append(FoundFrames(pattern, own.names, folder, frame_rate=rate, note=own.note))
    return found, notes


def _plan_rate(
    tasks: List[ImportTask], frame_rate: Optional[float], run: Callable[..., List[Optional[float]]]
) -> Tuple[List[ImportTask], List[str]]:
    """Say in the tasks to which rate recordings are resampled, if they are, and say it in notes."""
    sources = list({(task.source, task.frame_rate): task for task in tasks}.values())  # each once, of parts
    by_source = {(task.source, task.frame_rate): rate for task, rate in zip(sources, run(recorded_rate, sources))}
    rates = [by_source[task.source, task.frame_rate] for task in tasks]
    known = [rate for rate in rates if rate is not None]
    if frame_rate is None and are_alike(known):
        return tasks, []
    chosen = commonest_rate(known) if frame_rate is None else frame_rate
    found = listed([f'{rate:g}' for rate in sorted(set(known))])
    notes = [
        f'recordings of {found or "unknown"} frames/s are resampled to {chosen:g} by their time-stamps (--frame-rate)'
    ]
    if len(known) < len(rates):
        unknown = sum(rate is None for rate in rates)
        notes.append(f'recordings of unknown frame rate, which are taken as they are: {unknown}')
    for index, (task, rate) in enumerate(zip(tasks, rates)):
        stays = rate is None or (os.path.isdir(task.source) and are_alike([rate, chosen]))
        tasks[index] = task if stays else replace(task, resample=chosen)
    return tasks, notes


def _find(corpus: Corpus, root: str, annotation: Annotation) -> FoundFrames:
    problem, base = '', os.path.join(root, annotation.split if corpus.by_split else '')
    for folder in corpus.folders(annotation):
        place, _, pattern = os.path.join(base, corpus.pattern(folder)).rpartition('/')
        names = list_files(place, pattern)
        if names:
            return FoundFrames(folder, names, place, _count_problem(len(names), annotation), annotation.frame_rate)
        if os.path.isdir(place) and not problem:
            problem = f"'{place}' exists, but no file in it matches '{pattern}'"
    place = os.path.join(base, corpus.pattern(annotation.folder)).rpartition('/')[0]
    return FoundFrames(annotation.folder, (), '', problem or f"the folder '{place}' does not exist")


def _count_problem(count: int, annotation: Annotation) -> str:
    if annotation.num_frames is None or int(annotation.num_frames) <= count:
        return ''
    return f'{plural(count, "frame")} of {annotation.num_frames}'


def _part(annotation: Annotation) -> Optional[Tuple[float, float]]:
    if annotation.start is None and annotation.end is None:
        return None
    return annotation.start or 0.0, math.inf if annotation.end is None else annotation.end


def _stays(task: ImportTask) -> bool:
    return task.size is None and task.part is None and task.resample is None and os.path.isdir(task.source)


def _import(task: ImportTask) -> ImportedFrames:
    if not _stays(task):
        return import_recording(task)
    try:
        return ImportedFrames(list_images(task.source))
    except DataError as error:
        return ImportedFrames(problem=str(error))


def _below(folder: str, root: Path) -> str:
    """Return ``folder`` relative to the root if it is below it, so that the corpus can be moved."""
    path, root = Path(os.path.abspath(folder)), Path(os.path.abspath(root))
    return (path.relative_to(root) if root in path.parents else path).as_posix()


def _check_all(annotations: Sequence[Annotation], problems: Sequence[str], kind: type) -> None:
    wrong = [f"{own.where}: sample '{own.sample_id}': {text}" for own, text in zip(annotations, problems) if text]
    if wrong:
        rest = [f'and {len(wrong) - _NAMED_PROBLEMS} more'] if len(wrong) > _NAMED_PROBLEMS else []
        lines = [*wrong[:_NAMED_PROBLEMS], *rest, 'Mend or remove these rows and run again; what is done stays done.']
        raise kind('\n'.join(lines))
