"""Pack the frames of a split in parallel; what is packed is not packed again."""

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple

from cslrkit.errors import ConfigError, DataError, DataNotFoundError
from cslrkit.utils.files import ensure_writable_dir
from cslrkit.utils.messages import plural
from cslrkit.utils.parallel import run_parallel
from cslrkit.utils.progress import ProgressLine
from cslrkit.video.images import PART
from cslrkit.video.packed.codecs import DEFAULT_CODEC, make_codec
from cslrkit.video.packed.index import PackIndex, index_file, read_index
from cslrkit.video.packed.shard import VERSION, read_footer
from cslrkit.video.packed.source_files import names_of
from cslrkit.video.packed.writer import ClipTask, ShardTask, write_shard

SHARD_FRAMES = 2048  # about 200 MB of PHOENIX; what a killed run has to do again for each process


@dataclass(frozen=True)
class PackSummary:
    """What was packed.

    Args:
        index: The index that was written.
        folder: Where it is.
        kept_frames: Frames that had been packed before.
        source_bytes: Size of the image files.
    """

    index: PackIndex
    folder: str
    kept_frames: int
    source_bytes: int

    def describe(self) -> str:
        """Say what was packed, where, and how large it is."""
        index = self.index
        kept = f', {self.kept_frames} of them packed before' if self.kept_frames else ''
        ratio = index.num_bytes / max(1, self.source_bytes)
        return (
            f'{index.split}: {plural(len(index.samples), "sample")}, {plural(index.num_frames, "frame")}{kept}; '
            f'{plural(len(index.shards), "file")}, '
            f'{index.num_bytes / 1e6:.1f} MB, {ratio:.2f} times the image files, codec {index.codec}, verified; '
            f'in {self.folder}'
        )


def pack_frames(
    dataset: Any,
    folder: str,
    *,
    codec: str = DEFAULT_CODEC,
    shard_frames: int = SHARD_FRAMES,
    workers: Optional[int] = None,
    progress: bool = False,
) -> PackSummary:
    """Pack all frames of a dataset's split.

    Every shard is read back and compared with the image files before it gets its name, and the
    index is written last, so a run that was killed goes on where it was. One run at a time may
    write to a folder.

    Args:
        dataset: A :class:`CSLRDataset` whose frames are in folders.
        folder: Where the pack goes.
        codec: Name of the codec.
        shard_frames: Frames after which a shard is full; samples stay whole.
        workers: Processes; None takes one for each CPU.
        progress: Whether to show progress on stderr.

    Raises:
        ConfigError: For an unknown codec or a wrong number, or if the folder holds the same split of another corpus.
        DataError: If a sample has no frames, or an image cannot be read; names it.
        OutputError: If the folder cannot be written.
    """
    make_codec(codec)
    if shard_frames < 1:
        raise ConfigError(f'shard_frames: got {shard_frames}, expected at least 1.')
    dataset.clip_reader.check()
    folder = str(ensure_writable_dir(folder, what='packed frames', option='--out'))
    tasks, source_bytes = _plan(dataset, folder, codec, shard_frames, progress)
    _check_same_corpus(folder, dataset, tasks)
    for left in _shards_of(dataset.split, folder, hidden=True):
        left.unlink()
    line = ProgressLine(f'packing {dataset.split}', sum(map(_num_frames, tasks)), shown=progress)
    todo = [task for task in tasks if not _is_done(task)]
    kept_frames = sum(map(_num_frames, tasks)) - sum(map(_num_frames, todo))
    line.add(kept_frames)
    for number, _ in run_parallel(write_shard, todo, workers=workers):
        line.add(_num_frames(todo[number]))
    line.close()
    index = _make_index(dataset.split, codec, tasks)
    index.write(folder)
    _remove_others(folder, index)
    return PackSummary(index, folder, kept_frames, source_bytes)


def _num_frames(task: ShardTask) -> int:
    return sum(len(clip.paths) for clip in task.clips)


def _plan(dataset: Any, folder: str, codec: str, shard_frames: int, progress: bool) -> Tuple[List[ShardTask], int]:
    """Find all frames and put samples together to shards; also return the size of the image files."""
    clips, missing = [], []
    line = ProgressLine(f'finding frames of {dataset.split}', len(dataset), shown=progress)
    for number in range(len(dataset)):
        info = dataset.get_data_info(number)
        where = f"{dataset.corpus} {dataset.split}: sample '{info['sample_id']}'"
        pattern = dataset.frame_pattern(info['folder'])
        try:
            clips.append(ClipTask(pattern, tuple(dataset.clip_reader.clip(pattern, where=where).paths), where))
        except (DataError, DataNotFoundError) as error:
            missing.append(error)
        line.add(1)
    line.close()
    if missing:
        raise DataError(
            f'{missing[0]} {len(missing)} of {len(dataset)} samples of {dataset.split} have no frames; nothing was '
            'packed.'
        )
    groups: List[List[ClipTask]] = [[]]
    for clip in {clip.pattern: clip for clip in clips}.values():  # two samples may share their frames
        if groups[-1] and sum(len(other.paths) for other in groups[-1]) + len(clip.paths) > shard_frames:
            groups.append([])
        groups[-1].append(clip)
    tasks, source_bytes = [], 0
    for number, group in enumerate(groups):
        fingerprint, size = _fingerprint(group, codec, dataset.frame_root)
        source_bytes += size
        path = os.path.join(folder, f'{dataset.split}-{number:05d}-{fingerprint[:12]}.frames')
        tasks.append(ShardTask(path, codec, tuple(group), dataset.frame_root, fingerprint))
    return tasks, source_bytes


def _check_same_corpus(folder: str, dataset: Any, tasks: Sequence[ShardTask]) -> None:
    """A split of that name without any of these samples is of another corpus, and would be lost."""
    path = index_file(folder, dataset.split)
    if not path.is_file():
        return
    try:
        known = read_index(path, where=dataset.split).samples
    except DataError:
        return  # damaged, or of another version: written again
    patterns = [clip.pattern for task in tasks for clip in task.clips]
    if known and known.keys().isdisjoint(patterns):
        raise ConfigError(
            f"'{folder}' holds a split '{dataset.split}' of other samples, such as '{next(iter(known))}'; here "
            f"they are such as '{patterns[0]}'. Give each corpus a folder of its own with --out, or delete '{path}' "
            'first.'
        )


def _fingerprint(clips: Sequence[ClipTask], codec: str, frame_root: str) -> Tuple[str, int]:
    """Return what changes with names, sizes and ages of the image files, and the sum of their sizes."""
    digest, total = hashlib.sha256(f'{VERSION} {codec}'.encode()), 0
    for clip in clips:
        digest.update(f'\n{clip.pattern}'.encode('utf-8', 'surrogateescape'))
        for name, path in zip(names_of(clip.paths, frame_root), clip.paths):
            state = os.stat(path)
            total += state.st_size
            digest.update(f'\n{name} {state.st_size} {state.st_mtime_ns}'.encode('utf-8', 'surrogateescape'))
    return digest.hexdigest(), total


def _is_done(task: ShardTask) -> bool:
    if not os.path.isfile(task.path):
        return False
    try:
        return read_footer(task.path)['fingerprint'] == task.fingerprint
    except DataError:
        return False  # damaged: written again


def _make_index(split: str, codec: str, tasks: Sequence[ShardTask]) -> PackIndex:
    shards: List[Tuple[str, int]] = []
    samples: Dict[str, Any] = {}
    for number, task in enumerate(tasks):
        shards.append((os.path.basename(task.path), os.path.getsize(task.path)))
        for pattern, place in read_footer(task.path)['samples'].items():
            samples[pattern] = (number, tuple(place))
    return PackIndex(split, codec, shards, samples)


def _remove_others(folder: str, index: PackIndex) -> None:
    """Remove shards of the split that only an earlier index listed."""
    current = {name for name, _ in index.shards}
    for path in _shards_of(index.split, folder):
        if path.name not in current:
            path.unlink()


def _shards_of(split: str, folder: str, *, hidden: bool = False) -> List[Path]:
    """Files of the shards of a split, or of those that a killed run left half-written."""
    name = re.escape(split) + r'-\d{5,}-[0-9a-f]{12}\.frames'
    pattern = re.compile(rf'\.{name}{re.escape(PART)}\d+' if hidden else name)
    return [path for path in sorted(Path(folder).iterdir()) if pattern.fullmatch(path.name)]
