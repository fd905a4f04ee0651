"""The sequence of steps from a corpus as downloaded, or recordings of one's own, to a prepared one."""

import os
from pathlib import Path
from typing import Any, List, Mapping, Optional, Sequence, Tuple, Union

from cslrkit.corpora.base import SPLITS, Annotation, Corpus, Size, find_corpus
from cslrkit.corpora.prepare.files import build_gloss_dict, build_infos, write_files
from cslrkit.corpora.prepare.frames import FoundFrames, find_frames, import_recordings
from cslrkit.corpora.prepare.resize import ResizeResult, ResizeTask, resize_frames
from cslrkit.corpora.prepare.summary import PreparedCorpus, label_notes, summarize_split
from cslrkit.corpora.tables import PathLike
from cslrkit.errors import ConfigError, DataNotFoundError
from cslrkit.utils.messages import plural
from cslrkit.video.images import check_size


def prepare_corpus(
    root: PathLike,
    corpus: Union[str, Mapping[str, Any], Corpus],
    *,
    out: Optional[PathLike] = None,
    frame_dir: Optional[str] = None,
    resize: Optional[Size] = None,
    frame_rate: Optional[float] = None,
    frames_out: Optional[PathLike] = None,
    workers: Optional[int] = None,
    progress: bool = False,
) -> PreparedCorpus:
    """Write ``{split}_info.npy``, ``gloss_dict.npy`` and ``{corpus}-groundtruth-{split}.stm``.

    Sentences whose frames are missing are kept, as published, and told in the result; missing
    recordings are an error. Videos are decoded to ``frames/{id}/000000.png`` and so on
    (``frames-256x256px/`` with a size); folders of images stay where they are, unless they are
    resized. The frame rate of what is written is ``frame_rate`` of the sentence's entry.

    Args:
        root: Root of the corpus; what paths of recordings are relative to.
        corpus: Name of a registered corpus, or a dict with ``type`` and the arguments of its class,
            e.g. ``dict(type='custom', table='own.csv')``.
        out: Where the files go; ``root/preprocess`` by default.
        frame_dir: Folder of the frames relative to the root, if it cannot be told.
        resize: Width and height in pixels of a resized copy of all frames.
        frame_rate: Frames per second to which all recordings are resampled by their time-stamps; by default the
            commonest rate of theirs if they differ by more than 1 %, otherwise they stay as they are.
        frames_out: Stands for the root in the paths of frames that are written, if the root is read-only.
        workers: Processes that resize or decode; None takes one for each CPU.
        progress: Whether to show progress on stderr.

    Raises:
        ConfigError: For an unknown corpus, a wrong size or a wrong frame rate.
        DataNotFoundError: If there are no annotations or recordings, or no frames to resize.
        DataError: If a line is malformed or a recording cannot be read; names it.
        OutputError: If files cannot be written.

    Source: ``preprocess/dataset_preprocess*.py`` of VIPL-SLP/VAC_CSLR, hulianyuyy/CorrNet and
    kaistmm/SlowFastSign 37d1b6c; entries, ids and lines are the same. ``prefix`` is relative to
    the corpus root, so that a corpus can be moved.
    """
    root, corpus = Path(root), find_corpus(corpus)
    size = None if resize is None else check_size(resize)
    if frame_rate is not None and not (corpus.recordings and 0 < frame_rate < 1000):
        expected = 'frames per second' if corpus.recordings else 'none: only recordings are resampled'
        raise ConfigError(f'frame_rate: got {frame_rate!r} for the corpus {corpus}, expected {expected}.')
    annotations, notes = _read_splits(root, corpus)
    target = Path(root if frames_out is None else frames_out)
    work = dict(workers=workers, progress=progress)
    if corpus.recordings:
        frame_dir, folder = '.', corpus.frame_dir if size is None else corpus.frames_at(size)
        place = os.path.abspath(target / folder)
        frames, told = import_recordings(annotations, root, place, size=size, frame_rate=frame_rate, **work)
        notes += told
    else:
        frame_dir = _choose_frame_dir(root, corpus, frame_dir, must_exist=size is not None)
        frames = find_frames(corpus, os.path.join(root, frame_dir), annotations)
    infos = build_infos(corpus, annotations, frames, frame_dir=frame_dir)
    out = root / 'preprocess' if out is None else Path(out)
    write_files(out, corpus, infos)

    resized, resized_dir = ResizeResult(), None
    if size is not None and not corpus.recordings:
        resized_dir = target / corpus.frames_at(size)
        resized = resize_frames(_plan_resize(frames, root / frame_dir, resized_dir, size), **work)
    missing = {(own.split, own.sample_id): found.problem for own, found in zip(annotations, frames) if found.problem}
    return PreparedCorpus(
        corpus=corpus.name,
        out=out,
        frame_dir=frame_dir,
        splits={split: summarize_split(split, info, missing) for split, info in infos.items()},
        num_glosses=len(build_gloss_dict(infos.values())),
        notes=(*notes, *label_notes(infos), *(found.note for found in frames if found.note)),
        resized_dir=resized_dir,
        resized=resized,
    )


def _read_splits(root: Path, corpus: Corpus) -> Tuple[List[Annotation], List[str]]:
    """Read all splits that are there, and note how they differ from the published ones."""
    annotations, notes = [], []
    for split in SPLITS:
        try:
            own = corpus.read(root, split)
        except DataNotFoundError:
            if split not in corpus.optional_splits or not annotations:
                raise
            continue
        annotations += own
        if not own:
            notes.append(f'{split}: no sentence; no file was written for it')
        expected = corpus.published.get(split, len(own))
        if len(own) != expected:
            notes.append(f'{split}: {plural(len(own), "sentence")}, the published corpus has {expected}')
    return annotations, notes + corpus.notes(root, [annotation.sample_id for annotation in annotations])


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
    """Return ``frame_dir`` if it is a folder below ``root``; a DataNotFoundError if not."""
    if not os.path.isdir(os.path.join(root, frame_dir)):
        raise DataNotFoundError(f"frame_dir: '{frame_dir}' is not a folder below '{root}'. Check its name.")
    return frame_dir


def _plan_resize(frames: Sequence[FoundFrames], source: Path, target: Path, size: Size) -> List[ResizeTask]:
    if os.path.abspath(source) == os.path.abspath(target):
        raise ConfigError(f"resize: '{source}' already holds frames of {size[0]}x{size[1]} pixels.")
    there = [(found, os.path.relpath(found.place, source)) for found in frames if found.names]
    if not there:
        raise DataNotFoundError(f"resize: no sentence has frames below '{source}'. Check the corpus root.")
    return [ResizeTask(found.place, found.names, os.path.join(target, place), size) for found, place in there]
