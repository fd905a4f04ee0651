"""From what a user gives (paths, patterns, addresses, arrays, cameras) to clips."""

import glob
import math
import os
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Union

import numpy as np

from cslrkit.errors import ConfigError, DataError, DataNotFoundError
from cslrkit.video.camera import CameraClip
from cslrkit.video.clip import ArrayClip, Clip
from cslrkit.video.image_folders import check_order, find_paths, list_images
from cslrkit.video.images import IMAGE_SUFFIXES, ImageClip
from cslrkit.video.video_clip import VideoClip
from cslrkit.video.video_file import is_address

Input = Union[str, Path, int, np.ndarray, Clip]


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
            of a camera; RGB frames, uint8 (T, H, W, 3); a clip; or a list of these.
        frame_rate: Frames per second of inputs that do not say.
        duration: Seconds to record from a camera or an address.

    Raises:
        DataNotFoundError: If a path does not exist or a pattern matches nothing.
        DataError: If an input is none of these, or nothing can be read from it.
        ConfigError: For a frame rate that cannot be.
    """
    if frame_rate is not None and not (isinstance(frame_rate, (int, float)) and 0 < frame_rate < math.inf):
        raise ConfigError(f'frame rate: got {frame_rate!r}, expected frames per second, above 0.')
    listed = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
    if not listed:
        raise DataError('inputs: got none, expected at least a video.')
    clips = [clip for each in listed for clip in _open(each, frame_rate=frame_rate, duration=duration)]
    taken: Dict[str, int] = {}
    for clip in clips:
        number = taken[clip.name] = taken.get(clip.name, 0) + 1
        if number > 1:
            clip.name = f'{clip.name}_{number}'
    return clips


def _open(each: Any, *, frame_rate: Optional[float], duration: Optional[float]) -> List[Clip]:
    if isinstance(each, Clip):
        return [each]
    if isinstance(each, np.ndarray):
        return [ArrayClip(each, frame_rate=frame_rate)]
    if isinstance(each, (int, np.integer)) and not isinstance(each, bool):
        return [CameraClip(int(each), duration=duration)]
    if not isinstance(each, (str, Path)):
        raise DataError(
            f'inputs: got a {type(each).__name__}, expected a path, a pattern, an address, the index of a camera or an '
            'array (T, H, W, 3).'
        )
    path = str(each)
    if is_address(path):
        return [VideoClip(path, where='input', frame_rate=frame_rate, duration=duration)]
    if os.path.isdir(path):
        return [_folder(path, frame_rate)]
    if os.path.exists(path):
        return [_file(path, frame_rate)]
    if glob.has_magic(path):
        return _pattern(path, frame_rate)
    raise DataNotFoundError(f"input: '{path}' does not exist, looked for from {os.getcwd()!r}.")


def _file(path: str, frame_rate: Optional[float]) -> Clip:
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


def _pattern(pattern: str, frame_rate: Optional[float]) -> List[Clip]:
    matches = find_paths(pattern)
    if not matches:
        raise DataNotFoundError(f"input: nothing matches '{pattern}', looked for from {os.getcwd()!r}.")
    folders: Dict[str, List[str]] = {}
    clips: List[Clip] = []
    for match in matches:
        if os.path.isfile(match) and _is_image(match):
            folders.setdefault(os.path.dirname(match), []).append(match)
        else:
            clips.append((_folder if os.path.isdir(match) else _file)(match, frame_rate))
    for paths in folders.values():
        check_order(list(map(os.path.basename, paths)), where=f"input: '{pattern}'")
    return [_images(folder, paths, frame_rate, source=pattern) for folder, paths in folders.items()] + clips


def _images(folder: str, paths: Sequence[str], frame_rate: Optional[float], *, source: str) -> Clip:
    parent, name = os.path.split(os.path.abspath(folder))
    # Corpora keep the frames of a sentence in a folder '1' of the sentence's own.
    name = os.path.basename(parent) if name.isdecimal() and os.path.basename(parent) else name
    return ImageClip(paths, name=name, source=source, frame_rate=frame_rate)


def _is_image(path: str) -> bool:
    return os.path.splitext(path)[1].lower() in IMAGE_SUFFIXES
