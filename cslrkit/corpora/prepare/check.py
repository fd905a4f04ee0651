"""Verify a prepared corpus: everything that training would trip over, found before it starts."""

import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Tuple, Union

from cslrkit.corpora.base import SPLITS, Corpus, Size, find_corpus
from cslrkit.corpora.info_file import read_entries
from cslrkit.corpora.prepare.corpus import check_frame_dir
from cslrkit.corpora.tables import PathLike
from cslrkit.errors import CSLRKitError, DataNotFoundError
from cslrkit.structures import GlossVocab
from cslrkit.utils.messages import listed, plural
from cslrkit.utils.parallel import map_parallel
from cslrkit.video.image_folders import find_paths
from cslrkit.video.images import check_size, read_image

_NAMED_FRAMES = 3  # how many unreadable frames of a sentence a problem names


@dataclass(frozen=True)
class CheckResult:
    """What ``check_corpus`` found."""

    frame_root: str  # folder of the frames that were checked
    num_sentences: int
    num_frames: int
    problems: Tuple[str, ...]  # what is wrong, a line each; empty if nothing is


def check_corpus(
    root: PathLike,
    corpus: Union[str, Mapping[str, Any], Corpus],
    *,
    out: Optional[PathLike] = None,
    frame_dir: Optional[str] = None,
    resize: Optional[Size] = None,
    frames_out: Optional[PathLike] = None,
    workers: Optional[int] = None,
    progress: bool = False,
) -> CheckResult:
    """Check every sentence of a prepared corpus, frames and glosses.

    Its frames are there, as many as ``num_frames``, readable and of one size; its glosses are in
    the vocabulary.

    Args:
        root: Root of the corpus.
        corpus: The corpus, as in ``prepare_corpus``.
        out: Folder of the prepared files; ``root/preprocess`` by default.
        frame_dir: Folder of the frames relative to the root; None takes the one that datasets
            read by default, or else the only one.
        resize: Takes the frames resized to this width and height.
        frames_out: Stands for the root in the path of the frames, as in ``prepare_corpus``.
        workers: Processes that read frames; None takes one for each CPU.
        progress: Whether to show progress on stderr.

    Raises:
        ConfigError: For an unknown corpus.
        DataNotFoundError: If there is no prepared file or no folder of frames.
    """
    corpus = find_corpus(corpus)
    out = Path(root) / 'preprocess' if out is None else Path(out)
    base = root if frames_out is None or corpus.recordings else frames_out
    frame_root = os.path.normpath(os.path.join(base, _frame_dir(base, corpus, frame_dir, resize)))
    problems: List[str] = []
    tasks = []
    vocab = _attempt(partial(GlossVocab.from_file, out / 'gloss_dict.npy'), problems)
    for split in _splits(out, corpus, problems):
        entries = _attempt(partial(read_entries, out / f'{split}_info.npy', where=split), problems) or []
        for entry in entries:
            where = f"{split}: sample '{entry['sample_id']}'"
            unknown = vocab.encode(entry['glosses'])[1] if vocab is not None else []
            if unknown:
                problems.append(f'{where}: glosses outside the vocabulary: {", ".join(unknown)}')
            tasks.append((where, frame_root, corpus.pattern(entry['folder']), entry['num_frames']))
    found = map_parallel(_check_sentence, tasks, what='checking sentences', workers=workers, progress=progress)
    problems.extend(problem for _, own in found for problem in own)
    return CheckResult(frame_root, len(tasks), sum(count for count, _ in found), tuple(problems))


def _frame_dir(root: PathLike, corpus: Corpus, frame_dir: Optional[str], resize: Optional[Size]) -> str:
    if frame_dir is not None or corpus.recordings:  # the entries of recordings lead from their root
        return check_frame_dir(root, '.' if frame_dir is None else frame_dir)
    if resize is not None:
        return check_frame_dir(root, corpus.frames_at(check_size(resize)))
    usual = None if corpus.read_size is None else corpus.frames_at(corpus.read_size)
    return usual if usual and os.path.isdir(os.path.join(root, usual)) else corpus.find_frame_dir(root)


def _splits(out: Path, corpus: Corpus, problems: List[str]) -> List[str]:
    splits = [split for split in SPLITS if (out / f'{split}_info.npy').is_file()]
    if not splits:
        raise DataNotFoundError(f"'{out}' has no *_info.npy. Prepare the corpus first, or name its folder by --out.")
    needed = [split for split in SPLITS if split not in splits and split not in corpus.optional_splits]
    problems.extend(f'{split}: there is no {split}_info.npy' for split in needed)
    return splits


def _attempt(read: Any, problems: List[str]) -> Any:
    try:
        return read()
    except CSLRKitError as error:
        problems.append(str(error))
        return None


def _check_sentence(task: Tuple[str, str, str, int]) -> Tuple[int, List[str]]:
    """Return the number of frames of a sentence, and its problems."""
    where, frame_root, pattern, expected = task
    paths = find_paths(pattern, frame_root)
    if not paths:
        return 0, [f"{where}: no frames match '{os.path.join(frame_root, pattern)}'"]
    problems = []
    if len(paths) != expected:
        problems.append(f"{where}: {len(paths)} frames match '{pattern}', num_frames says {expected}")
    sizes: Dict[Tuple[int, int], str] = {}
    unreadable = []
    for path in paths:
        image = read_image(path)
        if image is None:
            unreadable.append(path)
        else:
            sizes.setdefault((image.shape[1], image.shape[0]), path)
    if unreadable:
        shown = listed(map(repr, unreadable), _NAMED_FRAMES)
        problems.append(f'{where}: {plural(len(unreadable), "frame")} cannot be read: {shown}')
    if len(sizes) > 1:
        shown = ', '.join(f"{w}x{h} ('{os.path.basename(path)}')" for (w, h), path in sizes.items())
        problems.append(f'{where}: frames of several sizes: {shown}')
    return len(paths), problems
