"""Compare packed frames with the image files, pixel by pixel."""

import os
from dataclasses import dataclass
from typing import Any, List, Optional, Sequence, Tuple

import numpy as np

from cslrkit.errors import DataError, DataNotFoundError
from cslrkit.utils.messages import listed, plural
from cslrkit.utils.parallel import run_parallel
from cslrkit.utils.progress import ProgressLine
from cslrkit.video.image_folders import find_paths
from cslrkit.video.images import read_image
from cslrkit.video.packed.index import PackIndex, read_indices
from cslrkit.video.packed.reader import ShardFile
from cslrkit.video.packed.shard import ClipRecord, Place
from cslrkit.video.packed.source_files import names_of


@dataclass(frozen=True)
class VerifyResult:
    """What verifying a pack found.

    Args:
        num_samples: Samples of the pack.
        num_frames: Frames of the pack.
        num_compared: Frames that were compared with their image files; the others have none any
            more, and were checked by their checksums.
        problems: What is wrong, one line each.
    """

    num_samples: int
    num_frames: int
    num_compared: int
    problems: Tuple[str, ...]

    def describe(self) -> str:
        """Say what was checked, and how many problems there are."""
        counted = f'{plural(self.num_samples, "sample")}, {plural(self.num_frames, "frame")}'
        checked = f'{self.num_compared} frames compared with their files'
        if self.num_compared < self.num_frames and not self.problems:
            checked += ', the others by their checksums'
        return f'{counted}, {checked}: ' + (plural(len(self.problems), 'problem') if self.problems else 'all in order')


@dataclass(frozen=True)
class _ShardCheck:
    path: str
    size: int
    codec: str
    frame_root: str
    samples: Tuple[Tuple[str, Place], ...]


def verify_pack(dataset: Any, folder: str, *, workers: Optional[int] = None, progress: bool = False) -> VerifyResult:
    """Read every packed frame of a dataset's split and compare it with its image file.

    Args:
        dataset: A :class:`CSLRDataset`, whatever its source of frames.
        folder: Folder of the pack.
        workers: Processes; None takes one for each CPU.
        progress: Whether to show progress on stderr.

    Raises:
        DataNotFoundError: If the split is not packed there.
        DataError: If its index cannot be read.
    """
    where = f'{dataset.corpus} {dataset.split}'
    index = find_index(folder, dataset.split, where=where)
    wanted = {dataset.frame_pattern(dataset.get_data_info(i)['folder']) for i in range(len(dataset))}
    lost = sorted(wanted - set(index.samples))
    problems = [f'{where}: {len(lost)} samples are not packed: {listed(lost, 5)}'] if lost else []
    tasks = []
    for number, (name, size) in enumerate(index.shards):
        samples = tuple((pattern, place) for pattern, (shard, place) in index.samples.items() if shard == number)
        tasks.append(_ShardCheck(os.path.join(folder, name), size, index.codec, dataset.frame_root, samples))
    line = ProgressLine(f'verifying {dataset.split}', index.num_frames, shown=progress)
    num_compared = 0
    found: List[List[str]] = [[] for _ in tasks]
    for task_number, (compared, own) in run_parallel(_verify_shard, tasks, workers=workers):
        num_compared += compared
        found[task_number] = own
        line.add(sum(place[3] for _, place in tasks[task_number].samples))
    line.close()
    problems += [problem for own in found for problem in own]
    return VerifyResult(len(index.samples), index.num_frames, num_compared, tuple(problems))


def find_index(folder: str, split: str, *, where: str) -> PackIndex:
    """Return the index of a split.

    Raises:
        DataNotFoundError: If the split is not packed in ``folder``.
    """
    indices = {index.split: index for index in read_indices(folder, where=where)}
    if split not in indices:
        raise DataNotFoundError(f"{where}: '{folder}' has the packed splits {', '.join(indices)}, not '{split}'.")
    return indices[split]


def compare_clip(shard: ShardFile, record: ClipRecord, paths: Sequence[str], codec: str, *, where: str) -> List[str]:
    """Return how packed frames differ from image files: one line for the first that does."""
    for path, packed in zip(paths, shard.decode(record, range(len(record.names)), codec=codec)):
        image = read_image(path)
        if image is None:
            return [f"{where}: '{path}' cannot be read as an image"]
        if not np.array_equal(image, packed):
            return [f"{where}: '{path}' has other pixels than the pack"]
    return []


def _verify_shard(task: _ShardCheck) -> Tuple[int, List[str]]:
    """Return how many frames were compared with files, and the problems."""
    shard = ShardFile(task.path, task.size)
    compared, problems = 0, []
    for pattern, place in task.samples:
        where = f"sample '{pattern}'"
        try:
            record = shard.record(place)
            paths = find_paths(pattern, task.frame_root)
            if paths and list(names_of(paths, task.frame_root)) != record.names:
                problems.append(
                    f'{where}: the folder has {len(paths)} frames, the pack {len(record.names)}, or their names '
                    'differ. Run tools/pack_frames.py again'
                )
            elif paths:
                problems += compare_clip(shard, record, paths, task.codec, where=where)
                compared += len(paths)
            else:
                for _ in shard.decode(record, range(len(record.names)), codec=task.codec):
                    pass
        except (DataError, DataNotFoundError) as error:
            problems.append(f'{where}: {error}')
    return compared, problems
