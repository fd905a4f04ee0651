"""Turn a video, or a folder of frames, into the frames of a sentence at the size that is wanted."""

import hashlib
import json
import math
import os
import shutil
from dataclasses import dataclass, replace
from itertools import chain
from typing import Iterator, List, Optional, Sequence, Tuple

from cslrkit.errors import DataError, OutputError
from cslrkit.utils.plain_json import parse_json
from cslrkit.video.clip import Clip, Frame
from cslrkit.video.image_folders import list_files, list_images
from cslrkit.video.images import PART, ImageClip, Size, resize_image, write_image
from cslrkit.video.ticks import TickSampler
from cslrkit.video.video_clip import VideoClip

_RECORD = '.source.json'  # in each folder of frames: what they were made from


@dataclass(frozen=True)
class ImportTask:
    """A recording whose frames are to be written.

    Args:
        source: A video file or a folder of frames.
        target: Folder of the frames; replaced as a whole.
        size: Width and height in pixels; None keeps those of the recording.
        frame_rate: Frames per second, for a recording that does not say.
        part: First second of it that is wanted, and the end of that; None for all of it.
        resample: Frames per second of what is written: the nearest frame at each tick; None writes each frame.
    """

    source: str
    target: str
    size: Optional[Size]
    frame_rate: Optional[float] = None
    part: Optional[Tuple[float, float]] = None
    resample: Optional[float] = None


@dataclass(frozen=True)
class ImportedFrames:
    """The frames of a recording.

    Args:
        names: Their file names, sorted.
        frame_rate: Frames per second of what was written, if known.
        problem: Why they cannot be used; empty if they can.
        note: What looks wrong with them; empty if nothing does.
    """

    names: Tuple[str, ...] = ()
    frame_rate: Optional[float] = None
    problem: str = ''
    note: str = ''


def recorded_rate(task: ImportTask) -> Optional[float]:
    """Return the frames per second of a recording: its row's, its own, or by its time-stamps; None if nothing says."""
    if task.frame_rate is not None or os.path.isdir(task.source):
        return task.frame_rate
    try:
        clip = VideoClip(task.source)
        if clip.frame_rate is None:
            for _ in clip.frames():  # the file of a browser, whose frames tell it
                pass
        return clip.frame_rate
    except DataError:
        return None  # told when it is imported


def import_recording(task: ImportTask) -> ImportedFrames:
    """Write the frames of a recording, unless they are there already and it has not changed.

    Frames of a video are named ``000000.png`` and so on; those of a folder keep their names. The
    target folder appears at once when all frames are in it.

    Raises:
        OutputError: If frames cannot be written.
    """
    fingerprint = _fingerprint(task)
    done = _read_record(task, fingerprint)
    if done is not None:
        return done
    parent, name = os.path.split(task.target)
    temporary = os.path.join(parent, f'.{name}{PART}{os.getpid()}')
    try:
        _clear(parent, name)
        os.makedirs(temporary)
        try:
            imported = _write(task, temporary)
            if not imported.problem:
                record = dict(fingerprint=fingerprint, frame_rate=imported.frame_rate, note=imported.note)
                record['names'] = list(imported.names)
                with open(os.path.join(temporary, _RECORD), 'w', encoding='utf-8') as file:
                    json.dump(record, file)
                shutil.rmtree(task.target, ignore_errors=True)
                os.replace(temporary, task.target)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(
            f"'{task.target}' cannot be written: {error}. Choose another place by --frames-out."
        ) from error
    return imported


def _write(task: ImportTask, folder: str) -> ImportedFrames:
    names: List[str] = []
    found: Sequence[str] = ()
    try:
        if os.path.isdir(task.source):
            found = list_images(task.source)
            clip = ImageClip([os.path.join(task.source, name) for name in found], frame_rate=task.frame_rate)
        else:
            clip = VideoClip(task.source, frame_rate=task.frame_rate)
        if task.part is not None:
            frames, found = clip.frames_between(*task.part), ()
        else:
            frames = clip.frames()
        if task.resample is not None:
            frames, found = _resample(frames, task, clip), ()
        for image in (frame.image for frame in frames):
            names.append(found[len(names)] if found else f'{len(names):06d}.png')
            write_image(os.path.join(folder, names[-1]), image if task.size is None else resize_image(image, task.size))
    except DataError as error:
        return ImportedFrames(problem=str(error))
    if not names:
        return ImportedFrames(problem=f"'{task.source}' has no frame from {task.part[0]:g} s to {task.part[1]:g} s.")
    rate = clip.frame_rate if task.resample is None or clip.frame_rate is None else task.resample
    return ImportedFrames(tuple(names), rate, note=' '.join([*clip.notes, *_short_note(task, clip)]))


def _resample(frames: Iterator[Frame], task: ImportTask, clip: Clip) -> Iterator[Frame]:
    """Yield the nearest frame at each tick since the first one; the row's frame rate is believed before the file's."""
    sampler, first = TickSampler(task.resample, frame_rate=task.frame_rate or clip.frame_rate), None
    for frame in chain(frames, (None,)):
        if frame is not None:
            first = first or frame
            if task.frame_rate is not None:
                frame = replace(frame, time=(frame.index - first.index) / task.frame_rate)
            elif frame.time is not None:
                frame = replace(frame, time=frame.time - first.time)
        yield from (taken for taken, _ in sampler.push(frame))


def _short_note(task: ImportTask, clip: Clip) -> List[str]:
    """Say that a recording ends before the part of it that is wanted."""
    if task.part is None or not clip.frame_rate:
        return []
    start, end = task.part
    seconds = len(clip) / clip.frame_rate
    if end == math.inf or end <= seconds + 1 / clip.frame_rate:
        return []
    return [
        f"'{task.source}' ends at {seconds:.2f} s: its part from {start:g} s to {end:g} s is shorter than the row says."
    ]


def _fingerprint(task: ImportTask) -> str:
    """Tell whether a recording changed, by the names, sizes and times of its files."""
    paths = [task.source]
    if os.path.isdir(task.source):
        paths += [os.path.join(task.source, name) for name in list_files(task.source, '*')]
    stats = [os.stat(path) for path in paths if os.path.isfile(path)]
    facts = [task.size, [os.path.abspath(path) for path in paths], [(s.st_size, s.st_mtime_ns) for s in stats]]
    if task.part is not None:
        facts += [task.part, task.frame_rate]
    if task.resample is not None:
        facts += ['resampled', task.resample, task.frame_rate]
    return hashlib.sha256(json.dumps(facts).encode('utf-8')).hexdigest()


def _read_record(task: ImportTask, fingerprint: str) -> Optional[ImportedFrames]:
    """Return what an earlier run made of the same recording, if all of it is still there."""
    try:
        with open(os.path.join(task.target, _RECORD), encoding='utf-8') as file:
            record = parse_json(file.read())
    except (OSError, ValueError):
        return None  # nothing was made, or the record is damaged: make it anew
    if not isinstance(record, dict) or record.get('fingerprint') != fingerprint:
        return None
    names = tuple(record['names'])
    if list_files(task.target, '*') != names:
        return None
    return ImportedFrames(names, record['frame_rate'], note=record['note'])


def _clear(parent: str, name: str) -> None:
    """Make ``parent`` if need be and remove what a killed run left for ``name``."""
    os.makedirs(parent, exist_ok=True)
    with os.scandir(parent) as entries:
        stale = [entry.path for entry in entries if entry.name.startswith(f'.{name}{PART}')]
    for path in stale:
        shutil.rmtree(path)
