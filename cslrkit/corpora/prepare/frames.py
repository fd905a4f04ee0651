"""Find the frames of annotated sentences on disk."""

import os
from dataclasses import dataclass
from typing import Iterable, List, Tuple

from cslrkit.corpora.prepare.annotations import Annotation
from cslrkit.corpora.prepare.layouts import CorpusLayout, PathLike, find_layout
from cslrkit.video.frame_folders import list_files


@dataclass(frozen=True)
class FoundFrames:
    """The frames of a sentence.

    Args:
        folder: Folder, with the pattern if the annotation has one, as it is on disk; as annotated
            if there are no frames.
        names: File names, sorted.
        place: Folder of the files.
        problem: What is missing; empty if nothing is.
    """

    folder: str
    names: Tuple[str, ...]
    place: str
    problem: str = ''


def find_frames(
    root: PathLike, layout: str, split: str, annotations: Iterable[Annotation], *, frame_dir: str
) -> List[FoundFrames]:
    """Look up the frames of each sentence; missing ones are told in ``problem``.

    Args:
        root: Root of the corpus.
        layout: One of ``LAYOUTS``.
        split: Name of the split.
        annotations: What ``read_annotations`` gave.
        frame_dir: Folder of the frames relative to the root.

    Raises:
        DataError: If a folder cannot be listed.
    """
    spec = find_layout(layout)
    base = os.path.join(root, frame_dir, split) if spec.by_split else os.path.join(root, frame_dir)
    return [_find(base, layout, spec, annotation) for annotation in annotations]


def _find(base: str, layout: str, spec: CorpusLayout, annotation: Annotation) -> FoundFrames:
    folders = [annotation.folder]
    if layout == 'phoenix2014-T':
        # The annotations of the release say NAME/1/*.png, its frames lie in NAME; some copies
        # mended the one or the other.
        folders.append(_other_layout(annotation.folder))
    problems = []
    for folder in folders:
        place, _, pattern = folder.rpartition('/') if '*' in folder else (folder, '', spec.frame_pattern)
        place = os.path.join(base, place)
        names = list_files(place, pattern)
        if names:
            return FoundFrames(folder, names, place, _count_problem(len(names), annotation))
        if os.path.isdir(place):
            problems.append(f"'{place}' exists, but no file in it matches '{pattern}'")
    missing = f"the folder '{os.path.join(base, _place(annotation.folder))}' does not exist"
    return FoundFrames(annotation.folder, (), '', problems[0] if problems else missing)


def _count_problem(count: int, annotation: Annotation) -> str:
    if annotation.num_frames is None or int(annotation.num_frames) <= count:
        return ''
    return f'{count} frames of {annotation.num_frames}'


def _place(folder: str) -> str:
    return folder.rpartition('/')[0] if '*' in folder else folder


def _other_layout(folder: str) -> str:
    place, _, pattern = folder.rpartition('/')
    return f'{place[:-2]}/{pattern}' if place.endswith('/1') else f'{place}/1/{pattern}'
