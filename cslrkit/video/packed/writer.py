"""Write one shard: encode the frames of some samples, read them back, and only then give it its name."""

import os
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Dict, Sequence, Tuple

import numpy as np

from cslrkit.errors import DataError, OutputError
from cslrkit.video.images import PART, read_image
from cslrkit.video.packed.codecs import Codec, make_codec
from cslrkit.video.packed.reader import ShardFile
from cslrkit.video.packed.shard import HEADER, ClipRecord, Place, footer_bytes
from cslrkit.video.packed.source_files import folder_changed, names_of
from cslrkit.video.packed.verify import compare_clip


@dataclass(frozen=True)
class ClipTask:
    """The frames of one sample.

    Args:
        pattern: What the dataset asks its source of frames for.
        paths: The image files, sorted.
        where: How messages name the sample.
    """

    pattern: str
    paths: Tuple[str, ...]
    where: str


@dataclass(frozen=True)
class ShardTask:
    """A shard to be written.

    Args:
        path: Where it goes.
        codec: Name of the codec.
        clips: What goes in.
        frame_root: Folder above the folders of all samples.
        fingerprint: Of the image files; a shard with the same one need not be written again.
    """

    path: str
    codec: str
    clips: Tuple[ClipTask, ...]
    frame_root: str
    fingerprint: str


def write_shard(task: ShardTask) -> int:
    """Write a shard, verify it pixel by pixel, and return its size in bytes.

    Raises:
        DataError: If an image cannot be read, or is not read back as it was; names it.
        OutputError: If the file cannot be written.
    """
    folder, name = os.path.split(task.path)
    temporary = os.path.join(folder, f'.{name}{PART}{os.getpid()}')
    try:
        try:
            with open(temporary, 'wb') as file:
                places = _write_clips(file, task)
                footer = dict(codec=task.codec, fingerprint=task.fingerprint, samples=places)
                file.write(footer_bytes(footer, file.tell()))
                file.flush()
                os.fsync(file.fileno())
            _read_back(temporary, task, places)
            os.replace(temporary, task.path)
        finally:
            Path(temporary).unlink(missing_ok=True)
        return os.path.getsize(task.path)
    except DataError:
        raise
    except OSError as error:
        raise OutputError(
            f"'{task.path}' cannot be written: {error.strerror or error}. What is packed stays packed: run again with "
            'more room, or choose another folder with --out.'
        ) from error


def _write_clips(file: BinaryIO, task: ShardTask) -> Dict[str, Place]:
    codec = make_codec(task.codec)
    file.write(HEADER)
    places = {}
    for clip in task.clips:
        record = _write_frames(file, clip, codec, task.frame_root)
        data = record.to_bytes()
        places[clip.pattern] = (file.tell(), len(data), zlib.crc32(data), len(record.names))
        file.write(data)
    return places


def _write_frames(file: BinaryIO, clip: ClipTask, codec: Codec, frame_root: str) -> ClipRecord:
    changed = folder_changed(clip.paths)  # before reading, so that a later change is noticed
    record = ClipRecord(names=list(names_of(clip.paths, frame_root)), start=file.tell(), source_changed=changed)
    first, reference = 0, None
    for index, path in enumerate(clip.paths):
        image, content = _read(path, clip.where)
        if reference is None or index - first >= codec.group or image.shape != reference.shape:
            first, reference = index, None
        kind, data = codec.encode(image, content, reference)
        reference = image if reference is None else reference
        record.references.append(first)
        record.kinds += kind
        record.sizes.append((image.shape[0], image.shape[1]))
        record.lengths.append(len(data))
        record.source_bytes += len(content)
        file.write(data)
    return record


def _read(path: str, where: str) -> Tuple[np.ndarray, bytes]:
    """Return an image as RGB, and the bytes of its file."""
    image = read_image(path)
    if image is None:
        raise DataError(f"{where}: '{path}' cannot be read as an image. Replace the file or prepare it again.")
    return image, Path(path).read_bytes()


def _read_back(path: str, task: ShardTask, places: Dict[str, Place]) -> None:
    problems: Sequence[str] = ()
    shard = ShardFile(path)
    for clip in task.clips:
        problems = compare_clip(shard, shard.record(places[clip.pattern]), clip.paths, task.codec, where=clip.where)
        if problems:
            raise DataError(f'{problems[0]}. Frames must not change while they are packed; run again.')
