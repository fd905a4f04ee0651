"""From an archive of videos to files of glosses: each video once, by a pool of processes, on record in a manifest."""

import contextlib
import os
from collections import deque
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from typing import Callable, Dict, List, Optional, Sequence, Union

from cslrkit.apis.archive_manifest import Manifest, is_current, state_of
from cslrkit.apis.archive_pool import Setup, Video, recognize_videos
from cslrkit.apis.checkpoints import sha256_of
from cslrkit.apis.infer.writers import check_formats
from cslrkit.engine.checkpoint_io import find_checkpoint
from cslrkit.errors import DataError
from cslrkit.utils.checks import positive
from cslrkit.utils.files import ensure_writable_dir
from cslrkit.utils.parallel import available_cpus
from cslrkit.utils.progress import ProgressLine
from cslrkit.video.clip import Clip
from cslrkit.video.inputs import FailedInput, clip_name, find_inputs
from cslrkit.video.video_file import is_address


@dataclass
class ArchiveReport:
    """What a call of :func:`transcribe_archive` did.

    Args:
        written: Videos that were recognized.
        kept: Videos whose files were there already.
        failed: Videos that could not be recognized, by this call or an earlier one.
    """

    written: int = 0
    kept: int = 0
    failed: List[FailedInput] = field(default_factory=list)


def transcribe_archive(
    inputs: Sequence[Union[str, Path]],
    checkpoint: Union[str, Path],
    out_dir: Union[str, Path],
    *,
    formats: Sequence[str] = ('json',),
    workers: int = 1,
    devices: Sequence[Optional[str]] = (None,),
    fit: Optional[str] = None,
    frame_rate: Optional[float] = None,
    modules: Sequence[str] = (),
    retry: bool = False,
    progress: bool = False,
) -> ArchiveReport:
    """Recognize each video once and write its files into a folder of its own.

    ``manifest.jsonl`` in ``out_dir`` has a line for each video, added when it ends; docs/archives.md describes it. A
    later call does what is missing, or was made from another input, by another checkpoint or with other settings.

    Args:
        inputs: Videos, folders of frames, ``.pose`` files, or patterns of these.
        checkpoint: A checkpoint of cslrkit, or a work directory, whose best one is taken.
        out_dir: Folder of the manifest and of the videos' folders.
        formats: As for :func:`~cslrkit.apis.infer.write_results`.
        workers: Processes, each with a network of its own.
        devices: The workers take these in turn; None is a GPU if there is one.
        fit: As for :class:`~cslrkit.apis.CSLRInferencer`.
        frame_rate: Frames per second of inputs that do not say.
        modules: Imported by each worker, to register classes.
        retry: Whether videos that failed before are tried again.
        progress: Whether to show progress on stderr.

    Raises:
        CheckpointError: If the checkpoint cannot be used.
        ConfigError: For settings that cannot be.
        DataError: If the manifest cannot be read.
        OutputError: If something cannot be written; what was written before stays.
    """
    check_formats(formats)
    positive('workers', workers)
    checkpoint, out_dir = find_checkpoint(checkpoint), ensure_writable_dir(out_dir, what='output', option='--out')
    manifest = Manifest(out_dir)
    made_by = dict(checkpoint=sha256_of(checkpoint), settings=dict(formats=list(formats), fit=fit, rate=frame_rate))
    report, todo, entries = ArchiveReport(), deque(), {}
    for source, opener in _find(inputs, frame_rate).items():
        before = manifest.entries.get(source, {})
        name = before.get('name') or manifest.free_name(clip_name(source))
        entry = dict(source=source, name=name, **made_by, **state_of(source))
        if not is_current(entry, before, out_dir) or (retry and before['state'] == 'failed'):
            entries[source] = entry
            todo.append(Video(source, name, opener, out_dir / name))
        elif before['state'] == 'done':
            report.kept += 1
        else:
            report.failed.append(FailedInput(source, DataError(before['reason'])))
    setup = Setup(checkpoint, formats, fit, modules, max(1, available_cpus() // workers))
    line = ProgressLine('videos', len(todo), shown=progress)
    with contextlib.closing(recognize_videos(todo, setup, list(islice(cycle(devices), workers)))) as outcomes:
        for source, outcome in outcomes:
            manifest.add({**entries[source], **outcome})
            if outcome['state'] == 'done':
                report.written += 1
            else:
                report.failed.append(FailedInput(source, DataError(outcome['reason'])))
            line.add(1)
    line.close()
    return report


def _find(inputs: Sequence[Union[str, Path]], frame_rate: Optional[float]) -> Dict[str, Callable[[], Clip]]:
    """Return what opens each video, by its absolute path."""
    found = {}
    for given in inputs:
        if is_address(str(given)):
            raise DataError(f"inputs: got the address '{given}', expected files or folders. Use tools/infer.py for it.")
        for path, opener in find_inputs(given, frame_rate=frame_rate):
            found[os.path.abspath(path)] = opener
    return found
