"""Find the frames of a sample on disk, and say where else they might be."""

import glob
import os
from typing import List

from cslrkit.errors import DataError, DataNotFoundError


def list_frames(frame_root: str, pattern: str) -> List[str]:
    """Return the paths that match ``pattern`` under ``frame_root``, sorted by name.

    Only ``pattern`` is a glob: brackets in ``frame_root``, or in an existing folder, are literal.
    """
    folder, name = os.path.split(os.path.join(frame_root, pattern))
    if os.path.isdir(folder):
        return sorted(glob.glob(os.path.join(glob.escape(folder), name)))
    return sorted(glob.glob(os.path.join(glob.escape(frame_root), pattern)))


def check_frame_root(frame_root: str, *, where: str, data_root: str) -> None:
    """Check that the folder above all samples exists.

    Raises:
        DataNotFoundError: Naming the folders that are there instead.
    """
    if os.path.isdir(frame_root):
        return
    parent = os.path.dirname(os.path.abspath(frame_root))
    present = sorted(os.listdir(parent)) if os.path.isdir(parent) else []
    folders = [name for name in present if os.path.isdir(os.path.join(parent, name))]
    hint = ''
    if folders:
        hint = f" '{parent}' has: {', '.join(folders[:8])}; set frame_subdir to the one with the frames."
    raise DataNotFoundError(
        f"{where}: the folder of frames '{frame_root}' does not exist.{hint} It was looked for under data_root "
        f"'{data_root}' (in the configs, under the environment variable CSLRKIT_DATA). check_frames=False loads "
        'the annotations alone.'
    )


def no_frames_error(frame_root: str, pattern: str, *, where: str) -> Exception:
    """Return the error for a sample without frames: what was looked for, and where frames are instead."""
    wanted = os.path.join(frame_root, pattern)
    folder = os.path.dirname(wanted)
    if os.path.isdir(folder):
        count = len(os.listdir(folder))
        state = f'The folder exists but is empty{"" if count == 0 else f" of such files ({count} others)"}'
    else:
        state = f"The folder '{folder}' does not exist"
    elsewhere = _elsewhere(frame_root, pattern)
    advice = f'the frames are there for frame_subdir={elsewhere!r}' if elsewhere else 'check data_root and frame_subdir'
    kind = DataError if os.path.isdir(folder) else DataNotFoundError
    return kind(f"{where}: no frames match '{wanted}'. {state}; {advice}.")


def _elsewhere(frame_root: str, pattern: str) -> str:
    """Name the folder next to ``frame_root`` in which ``pattern`` matches, or nothing."""
    parent, own = os.path.split(os.path.abspath(frame_root))
    if not os.path.isdir(parent):
        return ''
    for name in sorted(os.listdir(parent)):
        if (
            name != own
            and os.path.isdir(os.path.join(parent, name))
            and list_frames(os.path.join(parent, name), pattern)
        ):
            return name
    return ''
