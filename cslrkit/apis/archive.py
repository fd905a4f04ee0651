"""From an archive of videos to files of glosses: each video once, by a pool of processes, on record in a manifest."""

import contextlib
import os
import shutil
from collections import deque
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import Callable, Dict, List, Optional, Sequence, Union

import torch

from cslrkit.apis.archive_manifest import Entry, Manifest, is_current, state_of
from cslrkit.apis.archive_pool import Job, Video, do_videos
from cslrkit.apis.checkpoints import sha256_of
from cslrkit.apis.infer.writers import check_formats, write_results
from cslrkit.apis.inferencer import CSLRInferencer
from cslrkit.engine.checkpoint_io import find_checkpoint
from cslrkit.errors import DataError, OutputError
from cslrkit.structures.result import InferenceResult
from cslrkit.utils.checks import positive
from cslrkit.utils.files import ensure_writable_dir
from cslrkit.utils.imports import import_modules
from cslrkit.utils.parallel import available_cpus
from cslrkit.utils.progress import ProgressLine
from cslrkit.video.clip import Clip
from cslrkit.video.inputs import FailedInput, clip_name, find_inputs
from cslrkit.video.video_file import is_address


@dataclass
class ArchiveReport:
    """What a call of :func:`do_archive` did.

    Args:
        written: Videos that were done.
        kept: Videos whose files were there already.
        failed: Videos that could not be done, by this call or an earlier one.
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
    checkpoint = find_checkpoint(checkpoint)
    made_by = dict(checkpoint=sha256_of(checkpoint), settings=dict(formats=list(formats), fit=fit, rate=frame_rate))
    job = Recognition(checkpoint, formats, fit, modules, max(1, available_cpus() // positive('workers', workers)))
    options = dict(workers=workers, devices=devices, frame_rate=frame_rate, retry=retry, progress=progress)
    return do_archive(inputs, out_dir, job, made_by, **options)


def do_archive(
    inputs: Sequence[Union[str, Path]],
    out_dir: Union[str, Path],
    job: Job,
    made_by: Entry,
    *,
    workers: int = 1,
    devices: Sequence[Optional[str]] = (None,),
    frame_rate: Optional[float] = None,
    retry: bool = False,
    progress: bool = False,
) -> ArchiveReport:
    """Do a job to each video of an archive, unless the manifest says that it is done.

    Args:
        inputs: As for :func:`transcribe_archive`; so are those that are not named here.
        out_dir: Folder of the manifest and of all files.
        job: What is done.
        made_by: What its files depend on besides the video, as the manifest says it.

    Raises:
        CSLRKitError: As :func:`~cslrkit.apis.archive_pool.do_videos`.
        DataError: If the manifest cannot be read.
    """
    out_dir = ensure_writable_dir(out_dir, what='output', option='--out')
    manifest = Manifest(out_dir)
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
    line = ProgressLine('videos', len(todo), shown=progress)
    with contextlib.closing(
        do_videos(todo, job, list(islice(cycle(devices), positive('workers', workers))))
    ) as outcomes:
        for source, outcome in outcomes:
            manifest.add({**entries[source], **outcome})
            if outcome['state'] == 'done':
                report.written += 1
            else:
                report.failed.append(FailedInput(source, DataError(outcome['reason'])))
            line.add(1)
    line.close()
    return report


@dataclass(frozen=True)
class Recognition(Job):
    """Recognizes each video and writes its files into a folder of its own."""

    checkpoint: Path
    formats: Sequence[str]
    fit: Optional[str]
    modules: Sequence[str]
    threads: int

    def begin(self, device: Optional[str]) -> Callable[[Video, Clip], Entry]:
        """Build the network."""
        torch.set_num_threads(self.threads)
        import_modules(self.modules)
        return partial(self._recognize, CSLRInferencer(self.checkpoint, device=device, fit=self.fit))

    def _recognize(self, inferencer: CSLRInferencer, video: Video, clip: Clip) -> Entry:
        (result,) = inferencer(clip)
        files = _write(result, video, self.formats)
        return dict(glosses=len(result.glosses), notes=result.notes, files=files)


def _write(result: InferenceResult, video: Video, formats: Sequence[str]) -> Dict[str, str]:
    """Write all files beside the video's folder, move them there, and return their checksums."""
    part = video.folder.with_name(f'.{video.name}.part')  # as deep as the folder: links in files are relative
    shutil.rmtree(part, ignore_errors=True)  # of a process that was killed
    files = {}
    try:
        for path in write_results([result], part, formats):
            files[f'{video.name}/{path.name}'] = sha256_of(path)
            video.folder.mkdir(exist_ok=True)
            os.replace(path, video.folder / path.name)
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(f"'{video.folder}' cannot be written: {error}.") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return files


def _find(inputs: Sequence[Union[str, Path]], frame_rate: Optional[float]) -> Dict[str, Callable[[], Clip]]:
    """Return what opens each video, by its absolute path."""
    found = {}
    for given in inputs:
        if is_address(str(given)):
            raise DataError(f"inputs: got the address '{given}', expected files or folders. Use tools/infer.py for it.")
        for path, opener in find_inputs(given, frame_rate=frame_rate):
            found[os.path.abspath(path)] = opener
    return found
