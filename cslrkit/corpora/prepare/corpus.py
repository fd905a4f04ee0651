"""The sequence of steps from a corpus as downloaded to a prepared one."""

import os
from pathlib import Path
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

from cslrkit.corpora.prepare.annotations import Annotation, read_annotations, read_split_file
from cslrkit.corpora.prepare.frames import FoundFrames, find_frames
from cslrkit.corpora.prepare.info import (
    Info,
    build_gloss_dict,
    build_info,
    clean_references,
    write_gloss_dict,
    write_info,
    write_stm,
)
from cslrkit.corpora.prepare.layouts import (
    SPLITS,
    CorpusLayout,
    PathLike,
    check_frame_dir,
    find_annotation_file,
    find_frame_dir,
    find_layout,
)
from cslrkit.corpora.prepare.resize import ResizeResult, ResizeTask, resize_frames
from cslrkit.corpora.prepare.summary import PreparedCorpus, label_notes, named, summarise_split
from cslrkit.errors import ConfigError, DataNotFoundError
from cslrkit.video.images import Size, check_size

GROUND_TRUTH = 'ground-truth'  # folder of the cleaned references


def prepare_corpus(
    root: PathLike,
    layout: str,
    *,
    out: Optional[PathLike] = None,
    frame_dir: Optional[str] = None,
    resize: Optional[Size] = None,
    frames_out: Optional[PathLike] = None,
    workers: Optional[int] = None,
    progress: bool = False,
) -> PreparedCorpus:
    """Write ``{split}_info.npy``, ``gloss_dict.npy`` and ``{corpus}-groundtruth-{split}.stm``.

    Sentences whose frames are missing are kept, as published, and told in the result. PHOENIX
    2014 gets its cleaned references in ``ground-truth/`` as well.

    Args:
        root: Root of the corpus.
        layout: One of ``LAYOUTS``.
        out: Where the files go; ``root/preprocess`` by default.
        frame_dir: Folder of the frames relative to the root, if it cannot be told.
        resize: Width and height in pixels of a resized copy of all frames.
        frames_out: Stands for the root in the paths of resized frames, if the root is read-only.
        workers: Processes that resize; None takes one for each CPU.
        progress: Whether to show progress on stderr.

    Raises:
        ConfigError: For an unknown layout or a wrong size.
        DataNotFoundError: If there are no annotations, or no frames to resize.
        DataError: If a line is malformed; names the file and the line.
        OutputError: If the files cannot be written.

    Source: ``preprocess/dataset_preprocess*.py`` of VIPL-SLP/VAC_CSLR, hulianyuyy/CorrNet and
    kaistmm/SlowFastSign 37d1b6c; entries, ids and lines are the same. ``prefix`` is relative to
    the corpus root, so that a corpus can be moved.
    """
    root, spec = Path(root), find_layout(layout)
    annotations, notes = _read_splits(root, layout, spec)
    frame_dir = _choose_frame_dir(root, layout, spec, frame_dir, must_exist=resize is not None)
    frames = {s: find_frames(root, layout, s, own, frame_dir=frame_dir) for s, own in annotations.items()}
    infos = {s: build_info(layout, s, own, frames[s], frame_dir=frame_dir) for s, own in annotations.items()}
    out = root / 'preprocess' if out is None else Path(out)
    write_files(out, spec.corpus, infos, normalizer=spec.normalizer)

    resized, resized_dir = ResizeResult(), None
    if resize is not None:
        resized_dir = Path(root if frames_out is None else frames_out, resized_frame_dir(spec, resize))
        found = [own for split in frames.values() for own in split]
        tasks = _plan_resize(found, root / frame_dir, resized_dir, check_size(resize))
        resized = resize_frames(tasks, workers=workers, progress=progress)
    missing = {s: _missing_frames(own, frames[s]) for s, own in annotations.items()}
    return PreparedCorpus(
        layout=layout,
        out=out,
        frame_dir=frame_dir,
        splits={split: summarise_split(info, missing[split]) for split, info in infos.items()},
        num_glosses=len(build_gloss_dict(infos.values())),
        notes=(*notes, *label_notes(infos)),
        resized_dir=resized_dir,
        resized=resized,
    )


def write_files(out: Path, corpus: str, infos: Mapping[str, Info], *, normalizer: Optional[str] = None) -> None:
    """Write the info files, the STM files and the vocabulary of all splits.

    Raises:
        OutputError: If they cannot be written.
    """
    for split, info in infos.items():
        write_info(out / f'{split}_info.npy', info)
        name = f'{corpus}-groundtruth-{split}.stm'
        write_stm(out / name, info)
        if normalizer is not None:
            write_stm(out / GROUND_TRUTH / name, clean_references(info, normalizer, split=split))
    write_gloss_dict(out / 'gloss_dict.npy', build_gloss_dict(infos.values()))


def resized_frame_dir(spec: CorpusLayout, size: Size) -> str:
    """Return where frames of that size go below the root."""
    width, height = check_size(size)
    return spec.resized_frame_dir.format(w=width, h=height)


def _read_splits(root: Path, layout: str, spec: CorpusLayout) -> Tuple[Dict[str, List[Annotation]], List[str]]:
    """Read all splits that are there, and note how they differ from the published ones."""
    annotations, notes = {}, []
    for split in SPLITS:
        if split in spec.optional_splits and not _has_annotations(root, spec, split):
            continue
        own = read_annotations(root, layout, split)
        if own:
            annotations[split] = own
        else:
            notes.append(f'{split}: no sentence; no file was written for it')
        expected = spec.published.get(split, len(own))
        if len(own) != expected:
            notes.append(f'{split}: {len(own)} sentences, the published corpus has {expected}')
    read = {annotation.sample_id for own in annotations.values() for annotation in own}
    lost = [name for name in read_split_file(root, layout) if name not in read]
    if lost:
        notes.append(
            f'{len(lost)} samples of {spec.split_file} are not in {spec.annotation_file}: {named(lost[:3])}, ...'
        )
    return annotations, notes


def _has_annotations(root: Path, spec: CorpusLayout, split: str) -> bool:
    try:
        return find_annotation_file(root, spec.annotation_file.format(split=split)).is_file()
    except DataNotFoundError:
        return False


def _choose_frame_dir(
    root: Path, layout: str, spec: CorpusLayout, frame_dir: Optional[str], *, must_exist: bool
) -> str:
    if frame_dir is not None:
        return check_frame_dir(root, frame_dir)
    try:
        return find_frame_dir(root, layout)
    except DataNotFoundError:
        if must_exist:
            raise
        return spec.published_frame_dir  # annotations alone: every sentence is told as missing


def _plan_resize(frames: Sequence[FoundFrames], source: Path, target: Path, size: Size) -> List[ResizeTask]:
    if os.path.abspath(source) == os.path.abspath(target):
        raise ConfigError(f"resize: '{source}' already holds frames of {size[0]}x{size[1]} pixels.")
    tasks = []
    for found in frames:
        if found.names:
            place = os.path.join(target, os.path.relpath(found.place, source))
            tasks.append(ResizeTask(found.place, found.names, place, size))
    if not tasks:
        raise DataNotFoundError(f"resize: no sentence has frames below '{source}'. Check the corpus root.")
    return tasks


def _missing_frames(annotations: Sequence[Annotation], frames: Sequence[FoundFrames]) -> Dict[str, str]:
    pairs = zip(annotations, frames)
    return {annotation.sample_id: found.problem for annotation, found in pairs if found.problem}
