"""From what a user gives (paths, patterns, arrays, cameras) to sources of frames."""

import glob
import math
import os
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Union

import numpy as np

from cslrkit.errors import ConfigError, DataError, DataNotFoundError
from cslrkit.video.frame_folders import IMAGE_SUFFIXES, list_images
from cslrkit.video.readers import ArraySource, ImagesSource, Source, VideoSource, WebcamSource

Input = Union[str, Path, int, np.ndarray, Source]


def open_sources(
    inputs: Union[Input, Sequence[Input]],
    *,
    frame_rate: Optional[float] = None,
    duration: Optional[float] = None,
) -> List[Source]:
    """Return a source for each clip that ``inputs`` stand for, each with a name of its own.

    Args:
        inputs: A video file; a folder of images; a pattern, whose images are a clip for each folder that they
            lie in and whose other matches are inputs of their own; the index of a camera; RGB frames, uint8
            (T, H, W, 3); or a list of these.
        frame_rate: Frames per second of inputs that do not say.
        duration: Seconds to record from a camera.

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
    sources: List[Source] = []
    for each in listed:
        sources += _open(each, frame_rate=frame_rate, duration=duration)
    taken: Dict[str, int] = {}
    for source in sources:
        number = taken[source.name] = taken.get(source.name, 0) + 1
        if number > 1:
            source.name = f'{source.name}_{number}'
    return sources


def _open(each: Any, *, frame_rate: Optional[float], duration: Optional[float]) -> List[Source]:
    if isinstance(each, Source):
        return [each]
    if isinstance(each, np.ndarray):
        return [ArraySource(each, frame_rate=frame_rate)]
    if isinstance(each, (int, np.integer)) and not isinstance(each, bool):
        return [WebcamSource(int(each), duration=duration)]
    if not isinstance(each, (str, Path)):
        raise DataError(
            f'inputs: got a {type(each).__name__}, expected a path, a pattern, the index of a camera or an array '
            '(T, H, W, 3).'
        )
    path = str(each)
    if os.path.isdir(path):
        return [_folder(path, frame_rate)]
    if os.path.exists(path):
        return [_file(path, frame_rate)]
    if glob.has_magic(path):
        return _pattern(path, frame_rate)
    raise DataNotFoundError(f"input: '{path}' does not exist, looked for from {os.getcwd()!r}.")


def _file(path: str, frame_rate: Optional[float]) -> Source:
    if _is_image(path):
        # OpenCV would take it for the first of a numbered series.
        raise DataError(
            f"input: '{path}' is one image. Give a video, a folder of frames, or a pattern such as '*.png'."
        )
    return VideoSource(path, frame_rate=frame_rate)


def _folder(path: str, frame_rate: Optional[float]) -> Source:
    try:
        names = list_images(path)
    except DataError as error:
        inside = [name for name in sorted(os.listdir(path)) if not name.startswith('.')]
        hint = f' It has: {", ".join(inside[:4])}{", ..." if len(inside) > 4 else ""}.' if inside else ' It is empty.'
        raise DataError(f'input: {error}{hint} For a folder of videos, give a pattern such as folder/*.mp4.') from error
    return _images(path, [os.path.join(path, name) for name in names], frame_rate, where=path)


def _pattern(pattern: str, frame_rate: Optional[float]) -> List[Source]:
    matches = sorted(glob.glob(pattern, recursive=True))
    if not matches:
        raise DataNotFoundError(f"input: nothing matches '{pattern}', looked for from {os.getcwd()!r}.")
    clips: Dict[str, List[str]] = {}
    sources: List[Source] = []
    for match in matches:
        if os.path.isfile(match) and _is_image(match):
            clips.setdefault(os.path.dirname(match), []).append(match)
        elif os.path.isdir(match):
            sources.append(_folder(match, frame_rate))
        else:
            sources.append(_file(match, frame_rate))
    return [_images(folder, paths, frame_rate, where=pattern) for folder, paths in clips.items()] + sources


def _images(folder: str, paths: Sequence[str], frame_rate: Optional[float], *, where: str) -> Source:
    parent, name = os.path.split(os.path.abspath(folder))
    # Corpora keep the frames of a sentence in a folder '1' of the sentence's own.
    name = os.path.basename(parent) if name.isdecimal() and os.path.basename(parent) else name
    return ImagesSource(paths, name=name, where=where, frame_rate=frame_rate)


def _is_image(path: str) -> bool:
    return os.path.splitext(path)[1].lower() in IMAGE_SUFFIXES
