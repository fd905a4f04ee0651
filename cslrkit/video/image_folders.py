"""Frames as image files, a folder for each clip: as corpora are distributed."""

import glob
import os
import re
from fnmatch import fnmatchcase
from typing import List, Sequence, Tuple

from cslrkit.errors import DataError, DataNotFoundError
from cslrkit.registry import CLIP_READERS
from cslrkit.video.clip_reader import ClipReader
from cslrkit.video.images import IMAGE_SUFFIXES, ImageClip


@CLIP_READERS.register_module()
class ImageFolders(ClipReader):
    """Image files in a folder for each clip. Args: see :class:`ClipReader`."""

    def clip(self, folder_pattern: str, *, where: str) -> ImageClip:
        """Return the image files that match the pattern."""
        paths = find_paths(folder_pattern, self.frame_root)
        if not paths:
            raise _no_frames_error(self.frame_root, folder_pattern, where=where)
        return ImageClip(paths, where=where)

    def check(self) -> None:
        """Check that the folder above all samples exists.

        Raises:
            DataNotFoundError: Naming the folders that are there instead.
        """
        if os.path.isdir(self.frame_root):
            return
        parent = os.path.dirname(os.path.abspath(self.frame_root))
        present = sorted(os.listdir(parent)) if os.path.isdir(parent) else []
        folders = [name for name in present if os.path.isdir(os.path.join(parent, name))]
        hint = ''
        if folders:
            hint = f" '{parent}' has: {', '.join(folders[:8])}; set frame_subdir to the one with the frames."
        raise DataNotFoundError(
            f"{self.where}: the folder of frames '{self.frame_root}' does not exist.{hint} It was looked for under "
            f"data_root '{self.data_root}' (in the configs, under the environment variable CSLRKIT_DATA). "
            'check_frames=False loads the annotations alone.'
        )


def find_paths(pattern: str, root: str = '') -> List[str]:
    """Return the paths below ``root`` that match a glob pattern, sorted.

    A part of the pattern that exists as it stands is that file or folder, whatever brackets are in its name.
    """
    found = [os.sep if os.path.isabs(pattern) else root]
    for part in [part for part in pattern.split(os.sep) if part]:
        found = [path for folder in found for path in _children(folder, part)]
    return sorted(dict.fromkeys(found))


def _children(folder: str, part: str) -> List[str]:
    path = os.path.join(folder, part)
    return [path] if os.path.lexists(path) else glob.glob(os.path.join(glob.escape(folder), part), recursive=True)


def list_files(folder: str, pattern: str) -> Tuple[str, ...]:
    """Return the names in ``folder`` that match, sorted; like glob, without hidden ones.

    Raises:
        DataError: If the folder cannot be listed.
    """
    if not os.path.isdir(folder):
        return ()
    try:
        names = os.listdir(folder)
    except OSError as error:
        raise DataError(f"'{folder}' cannot be listed: {error}.") from error
    return tuple(sorted(name for name in names if not name.startswith('.') and fnmatchcase(name, pattern)))


def list_images(folder: str) -> Tuple[str, ...]:
    """Return the names of the images in a folder, in order.

    Raises:
        DataError: If there are none, they have several suffixes, or names do not sort in the order
            of their numbers.
    """
    names = [name for name in list_files(folder, '*') if os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES]
    suffixes = sorted({os.path.splitext(name)[1] for name in names})
    if len(suffixes) != 1:
        got = f'images named {" and ".join("*" + suffix for suffix in suffixes)}' if suffixes else 'no image'
        raise DataError(f"'{folder}': got {got}, expected images of one suffix ({', '.join(IMAGE_SUFFIXES)}).")
    check_order(names, where=f"'{folder}'")
    return tuple(names)


def check_order(names: Sequence[str], *, where: str) -> None:
    """Check that sorted names are in the order of the numbers in them.

    Raises:
        DataError: Naming the first two that are not.
    """
    for name, numbered in zip(names, sorted(names, key=_natural)):
        if name != numbered:
            raise DataError(
                f"{where}: frames are read in the order of their names, '{name}' before '{numbered}': rename them with "
                'leading zeros.'
            )


def _natural(name: str) -> List[Tuple[int, int, str]]:
    parts = re.findall(r'\d+|\D+', name)
    return [(0, int(part), '') if part.isdecimal() else (1, 0, part) for part in parts]


def _no_frames_error(frame_root: str, pattern: str, *, where: str) -> Exception:
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
    names = sorted(os.listdir(parent)) if os.path.isdir(parent) else []
    return next((name for name in names if name != own and find_paths(pattern, os.path.join(parent, name))), '')
