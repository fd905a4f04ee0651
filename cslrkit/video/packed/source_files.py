"""What a pack remembers of the image files, to tell later whether they are still the same."""

import os
from typing import Sequence, Tuple

from cslrkit.video.image_folders import find_paths
from cslrkit.video.packed.shard import ClipRecord


def folder_of(paths: Sequence[str]) -> str:
    """The folder that all ``paths`` lie in, or '' if they do not share one."""
    folders = {os.path.dirname(path) for path in paths}
    return folders.pop() if len(folders) == 1 else ''


def names_of(paths: Sequence[str], frame_root: str) -> Tuple[str, ...]:
    """Names that tell the files of a sample apart: file names, where they share a folder."""
    if folder_of(paths):
        return tuple(os.path.basename(path) for path in paths)
    return tuple(os.path.relpath(path, frame_root) for path in paths)


def folder_changed(paths: Sequence[str]) -> int:
    """When a file was last put into or taken out of the folder, in ns; 0 if they share none."""
    folder = folder_of(paths)
    return os.stat(folder).st_mtime_ns if folder else 0


def describe_change(frame_root: str, pattern: str, record: ClipRecord) -> str:
    """Say how the image files differ from what was packed; '' if they do not or are not there.

    A folder that was not changed since is not listed, so this costs one look at the folder. What is
    compared are names and the sum of sizes; ``tools/pack_frames.py --verify`` compares pixels.
    """
    folder = os.path.dirname(os.path.join(frame_root, pattern))
    try:
        changed = os.stat(folder).st_mtime_ns
    except OSError:
        return ''  # the frames may have been removed once they were packed
    if changed == record.source_changed:
        return ''
    paths = find_paths(pattern, frame_root)
    if not paths:
        return ''
    names = list(names_of(paths, frame_root))
    if names != record.names:
        differing = sorted(set(names) ^ set(record.names))
        return f"'{folder}' has {len(names)} frames, the pack {len(record.names)}; '{differing[0]}' is in one alone"
    if sum(os.path.getsize(path) for path in paths) != record.source_bytes:
        return f"the files in '{folder}' have other sizes than those that were packed"
    return ''
