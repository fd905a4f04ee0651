"""Resize the frames of a corpus in parallel; what is done is not done again."""

import os
from dataclasses import dataclass
from typing import Optional, Sequence, Tuple

from cslrkit.errors import OutputError
from cslrkit.utils.parallel import run_parallel
from cslrkit.utils.progress import ProgressLine
from cslrkit.video.images import PART, Size, read_image, resize_image, write_image


@dataclass(frozen=True)
class ResizeTask:
    """The frames of one sentence.

    Args:
        source: Folder of the frames.
        names: Their file names, which they keep.
        target: Folder of the resized frames.
        size: Width and height in pixels.
    """

    source: str
    names: Tuple[str, ...]
    target: str
    size: Size


@dataclass(frozen=True)
class ResizeResult:
    """What became of frames.

    Args:
        written: Number of frames that were resized.
        kept: Number of frames that had been resized before.
        unreadable: Paths that are not images.
    """

    written: int = 0
    kept: int = 0
    unreadable: Tuple[str, ...] = ()


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
    line = ProgressLine('resizing frames', sum(len(task.names) for task in tasks), shown=progress)
    written = kept = 0
    unreadable = []
    for index, result in run_parallel(_resize_sentence, tasks, workers=workers):
        written, kept = written + result.written, kept + result.kept
        unreadable.extend(result.unreadable)
        line.add(len(tasks[index].names))
    line.close()
    return ResizeResult(written, kept, tuple(sorted(unreadable)))


def _resize_sentence(task: ResizeTask) -> ResizeResult:
    times = _finished(task.target)
    written = kept = 0
    unreadable = []
    for name in task.names:
        source = os.path.join(task.source, name)
        if name in times and times[name] >= _changed(source):
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


def _changed(path: str) -> int:
    return os.stat(path).st_mtime_ns if os.path.exists(path) else 0
