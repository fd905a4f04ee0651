"""From what a user gives (paths, patterns, addresses, arrays, cameras) to clips."""

import glob
import math
import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple, Union

import numpy as np

from cslrkit.errors import ConfigError, CSLRKitError, DataError, DataNotFoundError
from cslrkit.video.camera import CameraClip
from cslrkit.video.clip import ArrayClip, Clip
from cslrkit.video.image_folders import check_order, find_paths, list_images
from cslrkit.video.images import IMAGE_SUFFIXES, ImageClip
from cslrkit.video.keypoints.clip import SUFFIXES as KEYPOINT_SUFFIXES
from cslrkit.video.keypoints.clip import find_keypoint_clips
from cslrkit.video.video_clip import VideoClip
from cslrkit.video.video_file import is_address

Input = Union[str, Path, int, np.ndarray, Clip]
_Found = Tuple[str, Callable[[], Clip]]  # how messages name it, and what opens it


@dataclass(frozen=True)
class FailedInput:
    """An input that could not be opened, or not be read to its end.

    Args:
        source: Its path or description.
        error: Why.
    """

    source: str
    error: CSLRKitError

    def __str__(self) -> str:
        text = str(self.error)
        return text if self.source in text else f'{self.source}: {text}'


def open_clips(
    inputs: Union[Input, Sequence[Input]],
    *,
    frame_rate: Optional[float] = None,
    duration: Optional[float] = None,
) -> List[Clip]:
    """Return the clips that ``inputs`` stand for, each with a name of its own.

    Args:
        inputs: A video file; a folder of images; a pattern, whose images are a clip for each folder that they
            lie in and whose other matches are inputs of their own; an address (``rtsp://``, ``http://``); the index
            of a camera; keypoints, a ``.pose`` file or the ``.json`` file of a split; RGB frames, uint8 (T, H, W, 3); a
            clip; or a list of these.
        frame_rate: Frames per second of inputs that do not say.
        duration: Seconds to record from a camera or an address.

    Raises:
        DataNotFoundError: If a path does not exist or a pattern matches nothing.
        DataError: If an input is none of these, or nothing can be read from it.
        ConfigError: For a frame rate that cannot be.
    """
    opened = open_each(inputs, frame_rate=frame_rate, duration=duration)
    raise_failed([each for each in opened if isinstance(each, FailedInput)][:1], 1)
    return opened


def open_each(
    inputs: Union[Input, Sequence[Input]],
    *,
    frame_rate: Optional[float] = None,
    duration: Optional[float] = None,
) -> List[Union[Clip, FailedInput]]:
    """Return what :func:`open_clips` does, with what was wrong in the place of each clip that cannot be opened.

    Raises:
        DataError: If an input is none of those, or there is none.
        ConfigError: For a frame rate that cannot be.
    """
    listed = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
    if not listed:
        raise DataError('inputs: got none, expected at least a video.')
    opened: List[Union[Clip, FailedInput]] = []
    for given in listed:
        for source, open_it in find_inputs(given, frame_rate=frame_rate, duration=duration):
            try:
                opened.append(open_it())
            except CSLRKitError as error:
                opened.append(FailedInput(source, error))
    _name_apart([each for each in opened if isinstance(each, Clip)])
    return opened


def raise_failed(failed: Sequence[FailedInput], total: int) -> None:
    """Raise what was wrong with a single input, or a :class:`DataError` that lists those that failed of ``total``."""
    if failed and total == 1:
        raise failed[0].error
    if failed:
        raise DataError(f'{len(failed)} of {total} inputs failed:' + ''.join(f'\n  {each}' for each in failed))


def clip_name(path: str) -> str:
    """Return the name of a clip by its file or folder."""
    if not os.path.isdir(path):
        return os.path.splitext(os.path.basename(path))[0]
    parent, name = os.path.split(os.path.abspath(path))
    # Corpora keep the frames of a sentence in a folder '1' of the sentence's own.
    return os.path.basename(parent) if name.isdecimal() and os.path.basename(parent) else name


def _name_apart(clips: Sequence[Clip]) -> None:
    """Give clips names that differ on any file system: ``a``, ``a_2``."""
    taken: Dict[str, int] = {}
    for clip in clips:
        name, number = clip.name, taken.get(clip.name.casefold(), 0)
        while clip.name.casefold() in taken:
            number += 1
            clip.name = f'{name}_{number}'
        taken[clip.name.casefold()], taken[name.casefold()] = 1, max(number, 1)


def find_inputs(
    given: Any, *, frame_rate: Optional[float] = None, duration: Optional[float] = None
) -> List[Tuple[str, Callable[[], Clip]]]:
    """Return the path or description of each clip that an input of :func:`open_clips` stands for, and what opens it.

    Raises:
        DataError: If the input is none of those.
        ConfigError: For a frame rate that cannot be.
    """
    if frame_rate is not None and not (isinstance(frame_rate, (int, float)) and 0 < frame_rate < math.inf):
        raise ConfigError(f'frame rate: got {frame_rate!r}, expected frames per second, above 0.')
    if isinstance(given, Clip):
        return [(given.source, lambda: given)]
    if isinstance(given, np.ndarray):
        return [('array', partial(ArrayClip, given, frame_rate=frame_rate))]
    if isinstance(given, (int, np.integer)) and not isinstance(given, bool):
        return [(f'camera {given}', partial(CameraClip, int(given), duration=duration))]
    if not isinstance(given, (str, Path)):
        raise DataError(
            f'inputs: got a {type(given).__name__}, expected a path, a pattern, an address, the index of a camera or '
            'an array (T, H, W, 3).'
        )
    path = str(given)
    if is_address(path):
        return [(path, partial(VideoClip, path, where='input', frame_rate=frame_rate, duration=duration))]
    if not os.path.exists(path) and glob.has_magic(path):
        return _pattern(path, frame_rate)
    if path.endswith(KEYPOINT_SUFFIXES) and os.path.isfile(path):
        try:
            return find_keypoint_clips(path)
        except CSLRKitError as error:
            return [(path, partial(_fail, error))]
    return [(path, partial(_folder if os.path.isdir(path) else _file, path, frame_rate))]


def _fail(error: CSLRKitError) -> Clip:
    raise error


def _file(path: str, frame_rate: Optional[float]) -> Clip:
    if not os.path.exists(path):
        what = f"nothing matches '{path}'" if glob.has_magic(path) else f"'{path}' does not exist"
        raise DataNotFoundError(f'input: {what}, looked for from {os.getcwd()!r}.')
    if _is_image(path):
        raise DataError(
            f"input: '{path}' is one image. Give a video, a folder of frames, or a pattern such as '*.png'."
        )
    return VideoClip(path, frame_rate=frame_rate)


def _folder(path: str, frame_rate: Optional[float]) -> Clip:
    try:
        names = list_images(path)
    except DataError as error:
        inside = [name for name in sorted(os.listdir(path)) if not name.startswith('.')]
        hint = f' It has: {", ".join(inside[:4])}{", ..." if len(inside) > 4 else ""}.' if inside else ' It is empty.'
        raise DataError(f'input: {error}{hint} For a folder of videos, give a pattern such as folder/*.mp4.') from error
    return _images(path, [os.path.join(path, name) for name in names], frame_rate, source=path)


def _pattern(pattern: str, frame_rate: Optional[float]) -> List[_Found]:
    folders: Dict[str, List[str]] = {}
    found: List[_Found] = []
    for match in find_paths(pattern) or [pattern]:
        if os.path.isfile(match) and _is_image(match):
            folders.setdefault(os.path.dirname(match), []).append(match)
        elif match.endswith(KEYPOINT_SUFFIXES) and os.path.isfile(match):
            found += find_keypoint_clips(match)
        else:
            found.append((match, partial(_folder if os.path.isdir(match) else _file, match, frame_rate)))
    clips = [(folder, partial(_images, folder, paths, frame_rate, source=pattern)) for folder, paths in folders.items()]
    return clips + found


def _images(folder: str, paths: Sequence[str], frame_rate: Optional[float], *, source: str) -> Clip:
    check_order(list(map(os.path.basename, paths)), where=f"input: '{source}'")
    return ImageClip(paths, name=clip_name(folder), source=source, frame_rate=frame_rate)


def _is_image(path: str) -> bool:
    return os.path.splitext(path)[1].lower() in IMAGE_SUFFIXES
