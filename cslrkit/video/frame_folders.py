"""Find the frames of a sample on disk, and say where else they might be."""

import glob
import os
import re
from fnmatch import fnmatchcase
from typing import List, Tuple

from cslrkit.errors import DataError, DataNotFoundError

IMAGE_SUFFIXES = ('.png', '.jpg', '.jpeg', '.bmp', '.webp', '.tif', '.tiff')


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
    by_number = sorted(names, key=_natural)
    if by_number != names:
        index = next(i for i, pair in enumerate(zip(names, by_number)) if pair[0] != pair[1])
        raise DataError(
            f"'{folder}': frames are read in the order of their names, '{names[index]}' before '{by_number[index]}': "
            'rename them with leading zeros.'
        )
    return tuple(names)


def _natural(name: str) -> List[Tuple[int, int, str]]:
    parts = re.findall(r'\d+|\D+', name)
    return [(0, int(part), '') if part.isdecimal() else (1, 0, part) for part in parts]
