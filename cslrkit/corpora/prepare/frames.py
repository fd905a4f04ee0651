"""Find the frames of annotated sentences on disk, or make them of recordings."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import List, Optional, Sequence, Tuple

from cslrkit.corpora.base import Annotation, Corpus, Size
from cslrkit.corpora.prepare.recording import ImportedFrames, ImportTask, import_recording
from cslrkit.errors import DataError, DataNotFoundError
from cslrkit.utils.parallel import run_parallel
from cslrkit.utils.progress import ProgressLine
from cslrkit.video.frame_folders import list_files, list_images

_NAMED_PROBLEMS = 20


@dataclass(frozen=True)
class FoundFrames:
    """The frames of a sentence.

    Args:
        folder: Folder, with the pattern if the annotation has one, as it is on disk; as annotated
            if there are no frames.
        names: File names, sorted.
        place: Folder of the files.
        problem: What is missing; empty if nothing is.
        frame_rate: Frames per second of a recording that says so.
        note: What looks wrong with a recording; empty if nothing does.
    """

    folder: str
    names: Tuple[str, ...]
    place: str
    problem: str = ''
    frame_rate: Optional[float] = None
    note: str = ''


def find_frames(corpus: Corpus, root: str, annotations: Sequence[Annotation]) -> List[FoundFrames]:
    """Look up the frames of each sentence; missing ones are told in ``problem``.

    Args:
        corpus: The corpus.
        root: Folder of all frames of the split.
        annotations: What ``Corpus.read`` gave.

    Raises:
        DataError: If a folder cannot be listed.
    """
    return [_find(corpus, root, annotation) for annotation in annotations]


def import_recordings(
    annotations: Sequence[Annotation],
    root: Path,
    target: str,
    size: Optional[Size],
    *,
    workers: Optional[int],
    progress: bool,
) -> List[FoundFrames]:
    """Decode videos below ``target``, a folder for each; folders of images stay unless they are resized.

    Raises:
        DataNotFoundError: If recordings do not exist; names them.
        DataError: If recordings cannot be read; names them.
        OutputError: If frames cannot be written.
    """
    sources = [os.path.normpath(os.path.join(root, own.folder)) for own in annotations]
    absent = ['' if os.path.exists(source) else f"'{source}' does not exist" for source in sources]
    _check_all(annotations, absent, DataNotFoundError)
    folders, frames, tasks = list(sources), {}, {}
    for index, (own, source) in enumerate(zip(annotations, sources)):
        if size is None and os.path.isdir(source):
            frames[index] = _list(source)
        else:
            folders[index] = os.path.join(target, own.sample_id)
            tasks[index] = ImportTask(source, folders[index], size)
    line = ProgressLine('importing recordings', len(tasks), shown=progress)
    indices = list(tasks)
    for number, imported in run_parallel(import_recording, list(tasks.values()), workers=workers):
        frames[indices[number]] = imported
        line.add(1)
    line.close()
    _check_all(annotations, [frames[index].problem for index in range(len(annotations))], DataError)
    found = []
    for index, (annotation, folder) in enumerate(zip(annotations, folders)):
        own = frames[index]
        rate = own.frame_rate if annotation.frame_rate is None else annotation.frame_rate
        pattern = f'{_below(folder, root)}/*{os.path.splitext(own.names[0])[1]}'
        found.append(FoundFrames(pattern, own.names, folder, frame_rate=rate, note=own.note))
    return found


def _find(corpus: Corpus, root: str, annotation: Annotation) -> FoundFrames:
    problem = ''
    for folder in corpus.folders(annotation):
        place, _, pattern = corpus.pattern(folder).rpartition('/')
        place = os.path.join(root, place)
        names = list_files(place, pattern)
        if names:
            return FoundFrames(folder, names, place, _count_problem(len(names), annotation), annotation.frame_rate)
        if os.path.isdir(place) and not problem:
            problem = f"'{place}' exists, but no file in it matches '{pattern}'"
    place = os.path.join(root, corpus.pattern(annotation.folder).rpartition('/')[0])
    return FoundFrames(annotation.folder, (), '', problem or f"the folder '{place}' does not exist")


def _count_problem(count: int, annotation: Annotation) -> str:
    if annotation.num_frames is None or int(annotation.num_frames) <= count:
        return ''
    return f'{count} frames of {annotation.num_frames}'


def _list(folder: str) -> ImportedFrames:
    try:
        return ImportedFrames(list_images(folder))
    except DataError as error:
        return ImportedFrames(problem=str(error))


def _below(folder: str, root: Path) -> str:
    """Return ``folder`` relative to the root if it is below it, so that the corpus can be moved."""
    path, root = Path(os.path.abspath(folder)), Path(os.path.abspath(root))
    return (path.relative_to(root) if root in path.parents else path).as_posix()


def _check_all(annotations: Sequence[Annotation], problems: Sequence[str], kind: type) -> None:
    wrong = [f"{own.where}: sample '{own.sample_id}': {text}" for own, text in zip(annotations, problems) if text]
    if not wrong:
        return
    lines = wrong[:_NAMED_PROBLEMS]
    if len(wrong) > _NAMED_PROBLEMS:
        lines.append(f'and {len(wrong) - _NAMED_PROBLEMS} more')
    raise kind('\n'.join([*lines, 'Mend or remove these rows and run again; what is done stays done.']))
