"""Resize the frames of a corpus in parallel; what is done is not done again."""

import os
from dataclasses import dataclass
from typing import Optional, Sequence, Tuple

from cslrkit.corpora.base import Size
from cslrkit.errors import OutputError
from cslrkit.utils.parallel import map_parallel
from cslrkit.video.images import PART, read_image, resize_image, write_image


@dataclass(frozen=True)
class ResizeTask:
    """The frames of one sentence."""

    source: str  # folder of the frames
    names: Tuple[str, ...]  # their file names, which they keep
    target: str  # folder of the resized frames
    size: Size


@dataclass(frozen=True)
class ResizeResult:
    """What became of frames."""

    written: int = 0  # number of frames that were resized
    kept: int = 0  # number of frames that had been resized before
    unreadable: Tuple[str, ...] = ()  # paths that are not images


def resize_frames(
    tasks: Sequence[ResizeTask], *, workers: Optional[int] = None, progress: bool = False
) -> ResizeResult:
    """Resize all frames of ``tasks``.

    A frame is there wholly or not at all, so an interrupted run goes on where it was; a frame that
    is younger than its source is kept. One run at a time may write to a folder.

    Args:
        tasks: One for each sentence.
        workers: Processes; None takes one for each CPU.
        progress: Whether to show progress on stderr.

    Raises:
        OutputError: If a frame cannot be written.

    Source: ``resize_dataset`` of the ``preprocess`` scripts of VIPL-SLP/VAC_CSLR and
    kaistmm/SlowFastSign 37d1b6c: Lanczos4, the same file names.
    """
    options = dict(what='resizing frames', workers=workers, progress=progress)
    results = map_parallel(_resize_sentence, tasks, units=lambda task: len(task.names), **options)
    unreadable = sorted(path for result in results for path in result.unreadable)
    written, kept = (sum(getattr(result, count) for result in results) for count in ('written', 'kept'))
    return ResizeResult(written, kept, tuple(unreadable))


def _resize_sentence(task: ResizeTask) -> ResizeResult:
    times = _finished(task.target)
    written = kept = 0
    unreadable = []
    for name in task.names:
        source = os.path.join(task.source, name)
        if name in times and times[name] >= (os.stat(source).st_mtime_ns if os.path.exists(source) else 0):
            kept += 1
            continue
        image = read_image(source)
        if image is None:
            unreadable.append(source)
            continue
        write_image(os.path.join(task.target, name), resize_image(image, task.size))
        written += 1
    return ResizeResult(written, kept, tuple(unreadable))


def _finished(folder: str) -> dict:
    """Make ``folder`` if need be, clear what a killed run left, and return the age of each file."""
    try:
        os.makedirs(folder, exist_ok=True)
        times = {}
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith('.') and PART in entry.name:
                    os.unlink(entry.path)
                else:
                    times[entry.name] = entry.stat().st_mtime_ns
    except OSError as error:
        raise OutputError(f"'{folder}' cannot be written: {error}. Choose another place with --frames-out.") from error
    return times
