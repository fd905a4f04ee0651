"""The sequence of steps from a corpus as downloaded, or recordings of one's own, to a prepared one."""

import os
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple, Union

from cslrkit.corpora.base import SPLITS, Annotation, Corpus, Size, find_corpus
from cslrkit.corpora.prepare.files import build_gloss_dict, build_info, write_files
from cslrkit.corpora.prepare.frames import FoundFrames, find_frames, import_recordings
from cslrkit.corpora.prepare.resize import ResizeResult, ResizeTask, resize_frames
from cslrkit.corpora.prepare.summary import PreparedCorpus, label_notes, summarize_split
from cslrkit.corpora.tables import PathLike
from cslrkit.errors import ConfigError, DataNotFoundError
from cslrkit.video.images import check_size


def prepare_corpus(
    root: PathLike,
    corpus: Union[str, Mapping[str, Any], Corpus],
    *,
    out: Optional[PathLike] = None,
    frame_dir: Optional[str] = None,
    resize: Optional[Size] = None,
    frames_out: Optional[PathLike] = None,
    workers: Optional[int] = None,
    progress: bool = False,
) -> PreparedCorpus:
    """Write ``{split}_info.npy``, ``gloss_dict.npy`` and ``{corpus}-groundtruth-{split}.stm``.

    Sentences whose frames are missing are kept, as published, and told in the result; missing
    recordings are an error. Videos are decoded to ``frames/{id}/000000.png`` and so on
    (``frames-256x256px/`` with a size); folders of images stay where they are, unless they are
    resized. The frame rate of a recording is kept as ``frame_rate`` of the sentence's entry.

    Args:
        root: Root of the corpus; what paths of recordings are relative to.
        corpus: Name of a registered corpus, or a dict with ``type`` and the arguments of its class,
            e.g. ``dict(type='custom', table='own.csv')``.
        out: Where the files go; ``root/preprocess`` by default.
        frame_dir: Folder of the frames relative to the root, if it cannot be told.
        resize: Width and height in pixels of a resized copy of all frames.
        frames_out: Stands for the root in the paths of frames that are written, if the root is read-only.
        workers: Processes that resize or decode; None takes one for each CPU.
        progress: Whether to show progress on stderr.

    Raises:
        ConfigError: For an unknown corpus or a wrong size.
        DataNotFoundError: If there are no annotations or recordings, or no frames to resize.
        DataError: If a line is malformed or a recording cannot be read; names it.
        OutputError: If files cannot be written.

    Source: ``preprocess/dataset_preprocess*.py`` of VIPL-SLP/VAC_CSLR, hulianyuyy/CorrNet and
    kaistmm/SlowFastSign 37d1b6c; entries, ids and lines are the same. ``prefix`` is relative to
    the corpus root, so that a corpus can be moved.
    """
    root, corpus = Path(root), find_corpus(corpus)
    size = None if resize is None else check_size(resize)
    annotations, notes = _read_splits(root, corpus)
    target = Path(root if frames_out is None else frames_out)
    work = dict(workers=workers, progress=progress)
    if corpus.recordings:
        frame_dir, frames = '.', _import(corpus, root, annotations, target, size, work)
    else:
        frame_dir = _choose_frame_dir(root, corpus, frame_dir, must_exist=size is not None)
        frames = {}
        for split, own in annotations.items():
            place = os.path.join(root, frame_dir, split if corpus.by_split else '')
            frames[split] = find_frames(corpus, place, own)
    infos = {s: build_info(corpus, s, own, frames[s], frame_dir=frame_dir) for s, own in annotations.items()}
    out = root / 'preprocess' if out is None else Path(out)
    write_files(out, corpus, infos)

    resized, resized_dir = ResizeResult(), None
    if size is not None and not corpus.recordings:
        resized_dir = target / corpus.frames_at(size)
        found = [own for split in frames.values() for own in split]
        resized = resize_frames(_plan_resize(found, root / frame_dir, resized_dir, size), **work)
    missing = {s: _missing_frames(own, frames[s]) for s, own in annotations.items()}
    return PreparedCorpus(
        corpus=corpus.name,
        out=out,
        frame_dir=frame_dir,
        splits={split: summarize_split(info, missing[split]) for split, info in infos.items()},
        num_glosses=len(build_gloss_dict(infos.values())),
        notes=(*notes, *label_notes(infos), *(own.note for split in frames.values() for own in split if own.note)),
        resized_dir=resized_dir,
        resized=resized,
    )


def _read_splits(root: Path, corpus: Corpus) -> Tuple[Dict[str, List[Annotation]], List[str]]:
    """Read all splits that are there, and note how they differ from the published ones."""
    annotations, notes = {}, []
    for split in SPLITS:
        try:
            own = corpus.read(root, split)
        except DataNotFoundError:
            if split not in corpus.optional_splits or not annotations:
                raise
            continue
        if own:
            annotations[split] = own
        else:
            notes.append(f'{split}: no sentence; no file was written for it')
        expected = corpus.published.get(split, len(own))
        if len(own) != expected:
            notes.append(f'{split}: {len(own)} sentences, the published corpus has {expected}')
    notes += corpus.notes(root, [annotation.sample_id for own in annotations.values() for annotation in own])
    return annotations, notes


def _import(
    corpus: Corpus,
    root: Path,
    annotations: Mapping[str, Sequence[Annotation]],
    target: Path,
    size: Optional[Size],
    work: Dict[str, Any],
) -> Dict[str, List[FoundFrames]]:
    """Make frames of the recordings of all splits together, so that all problems are told at once."""
    folder = corpus.frame_dir if size is None else corpus.frames_at(size)
    everything = [annotation for own in annotations.values() for annotation in own]
    found = iter(import_recordings(everything, root, os.path.abspath(target / folder), size, **work))
    return {split: [next(found) for _ in own] for split, own in annotations.items()}


def _choose_frame_dir(root: Path, corpus: Corpus, frame_dir: Optional[str], *, must_exist: bool) -> str:
    if frame_dir is not None:
        return check_frame_dir(root, frame_dir)
    try:
        return corpus.find_frame_dir(root)
    except DataNotFoundError:
        if must_exist:
            raise
        return corpus.distributed_frames()  # annotations alone: every sentence is told as missing


def check_frame_dir(root: PathLike, frame_dir: str) -> str:
    """Return ``frame_dir`` if it is a folder below ``root``.

    Raises:
        DataNotFoundError: If it is not.
    """
    if not os.path.isdir(os.path.join(root, frame_dir)):
        raise DataNotFoundError(f"frame_dir: '{frame_dir}' is not a folder below '{root}'. Check its name.")
    return frame_dir


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
