"""Keypoints as inputs of inference, in the place of videos: those of files, and those found in a video."""

from collections import deque
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Callable, Deque, Dict, Iterator, List, Optional, Sequence, Tuple

import numpy as np

from cslrkit.errors import ConfigError, DataError
from cslrkit.structures.keypoint_layout import find_layout
from cslrkit.video.clip import Clip, Frame
from cslrkit.video.keypoints.extractor import KeypointExtractor
from cslrkit.video.keypoints.keypoints import Keypoints
from cslrkit.video.keypoints.pose_files import PoseFiles
from cslrkit.video.keypoints.store import StoredKeypoints

SUFFIXES = ('.json', '.pose')


class KeypointClip(Clip):
    """The keypoints of a clip; the image of a frame is its points, float32 (K, 3).

    Args:
        keypoints: The keypoints.
        source: Where they come from.
        name: Short name, for results.
    """

    def __init__(self, keypoints: Keypoints, source: str, *, name: str) -> None:
        super().__init__(source, where='input', name=name, frame_rate=keypoints.frame_rate)
        self.keypoints = keypoints
        self.num_frames, self.layout, self.image_size = len(keypoints), keypoints.layout, keypoints.image_size

    def __len__(self) -> int:
        return len(self.keypoints)

    def frame_size(self, index: int = 0) -> Tuple[int, int]:
        """Raise a :class:`DataError`, for there is no picture."""
        raise DataError(f"'{self.source}' holds keypoints, no pictures. Give the video to draw on it.")

    def decode(self, indices: Sequence[int]) -> Iterator[np.ndarray]:
        """Yield the points of frames."""
        return (self.keypoints.values[index] for index in indices)


class ExtractedClip(Clip):
    """The keypoints that an extractor finds in the pictures of another clip, as they are asked for.

    Args:
        clip: The pictures.
        extractor: What finds keypoints in them.
        beside: Whether frames are the pictures, with their keypoints beside them.

    Raises:
        DataError: If the clip is one of keypoints already.
    """

    def __init__(self, clip: Clip, extractor: KeypointExtractor, *, beside: bool = False) -> None:
        if clip.layout is not None:
            raise DataError(f"'{clip.source}' holds keypoints already, no pictures to find them in.")
        super().__init__(clip.source, where=clip.where, name=clip.name, frame_rate=clip.frame_rate)
        self._clip, self._extractor = clip, extractor
        self.num_frames, self.layout = clip.num_frames, None if beside else extractor.layout
        self.points_layout, self._beside = extractor.layout, beside
        self._waiting: Deque[Frame] = deque()  # pictures of which the keypoints are not known yet

    def __len__(self) -> int:
        return len(self._clip)

    def frame_size(self, index: int = 0) -> Tuple[int, int]:
        """Height and width of the pictures."""
        return self._clip.frame_size(index)

    def decode(self, indices: Sequence[int]) -> Iterator[np.ndarray]:
        """Yield the images of frames; points of others are found as well, for people are followed through a clip."""
        wanted = set(indices)
        return (frame.image for frame in self.frames() if frame.index in wanted)

    def frames(self) -> Iterator[Frame]:
        """Yield all frames in order.

        Raises:
            DataError: If one cannot be read, the extractor ends, or it finds nobody in any of them.
        """
        self._clip.frame_rate = self._clip.frame_rate or self.frame_rate
        self._waiting.clear()
        anybody = False
        for frame in self._extractor.frames(self._pictures(), where=self.source):
            anybody = anybody or bool((frame.image[:, 2] > 0).any())
            picture = self._waiting.popleft()
            yield replace(picture, points=frame.image) if self._beside else frame
        self.num_frames, self.notes = self._clip.num_frames, [*self.notes, *self._clip.notes]
        if not anybody:
            raise DataError(f"'{self.source}': nobody is found in any of its frames by {self._extractor.name}.")

    def _pictures(self) -> Iterator[Frame]:
        for frame in self._clip.frames():
            self.image_size = (frame.image.shape[1], frame.image.shape[0])
            self._waiting.append(frame)
            yield frame

    def keypoints(self) -> Keypoints:
        """Return the keypoints of all frames.

        Raises:
            DataError: As :meth:`frames`.
        """
        values = np.stack([frame.points if self._beside else frame.image for frame in self.frames()])
        known = dict(layout=self.points_layout, image_size=self.image_size, frame_rate=self._clip.frame_rate)
        return Keypoints.of(values, where=self.source, **known)


def with_extractor(
    clips: Sequence[Clip], layout: Optional[str], command: Sequence[str], *, beside: bool = False
) -> List[Clip]:
    """Return clips of which those of pictures are replaced by the keypoints that an extractor will find in them.

    Args:
        clips: The clips.
        layout: What the model reads; None for frames alone.
        beside: Whether it reads the pictures, too.
        command: The extractor's Python or its environment, and perhaps its worker, see :class:`KeypointExtractor`.

    Raises:
        ConfigError: If the model reads frames, or the extractor cannot be used or does not give that layout.
    """
    if layout is None:
        raise ConfigError('extractor: this model reads frames, so no keypoints are needed. Leave --extractor out.')
    if len(command) > 2:
        raise ConfigError(f'extractor: got {len(command)} paths, expected a Python and perhaps a worker.')
    extractor = KeypointExtractor(command[0], layout, worker=command[1] if len(command) > 1 else None)
    return [ExtractedClip(clip, extractor, beside=beside) if clip.layout is None else clip for clip in clips]


def find_keypoint_clips(path: str) -> List[Tuple[str, Callable[[], Clip]]]:
    """Return name and opener of each clip in a ``.pose`` file, or in the index of :class:`StoredKeypoints`.

    Raises:
        DataError: If the index cannot be read.
    """
    file = Path(path)
    place: Any = dict(where='input', data_root='')
    if file.suffix == '.pose':
        pose = PoseFiles(str(file.parent), split='', **place)
        return [(path, partial(_open_pose, pose, path))]
    stored = StoredKeypoints(str(file.parent), split=file.stem, **place)
    return [(f'{path}: {name}', partial(_open, stored, name, f'{path}: {name}')) for name in stored.names]


def _open_pose(pose: PoseFiles, path: str) -> Clip:
    return KeypointClip(pose.load(Path(path), where='input'), path, name=Path(path).stem)


def _open(stored: StoredKeypoints, name: str, source: str) -> Clip:
    return KeypointClip(stored.read(name), source, name=name)


def check_points(frame: np.ndarray, layout: Optional[str], *, where: str) -> np.ndarray:
    """Return the points of a frame, if they are what a model reads.

    Args:
        frame: Points (K, 3) or a picture (H, W, 3).
        layout: Name of the layout of a model that reads keypoints; None for one that reads frames.
        where: How messages name the video.

    Raises:
        DataError: If they are not; for a picture of which keypoints are needed, the message names an extractor.
    """
    if layout is None:
        raise DataError(f"'{where}' holds keypoints, but this model reads frames. Give the video.")
    if frame.ndim == 3:
        raise DataError(
            f"'{where}' has frames, but {_reads(layout)}. Find them with --extractor, or before "
            'with tools/extract_keypoints.py (docs/keypoints.md).'
        )
    if len(frame) != find_layout(layout).num_points:
        raise DataError(f"'{where}' has {len(frame)} points, but {_reads(layout)}.")
    return frame


def check_beside(points: Optional[np.ndarray], layout: str, *, where: str) -> np.ndarray:
    """Return the points beside a frame, as :func:`check_points` does.

    Raises:
        DataError: If there are none; the message names an extractor.
    """
    if points is None:
        raise DataError(
            f"'{where}' has frames alone, but beside them {_reads(layout)}. Find them with --extractor "
            '(docs/keypoints.md).'
        )
    return check_points(points, layout, where=where)


def _reads(layout: str) -> str:
    wanted = find_layout(layout)
    return (
        f"this model reads keypoints of the layout '{wanted.name}' ({wanted.num_points} points), which "
        f'{wanted.extractor} gives'
    )


def media_of(images: np.ndarray, clip: Optional[Clip]) -> Dict[str, Any]:
    """Return the keys of a sample that hold the images of a clip: frames (T, H, W, 3), or points (T, K, 3)."""
    if clip is None or clip.layout is None:
        return dict(imgs=images)
    return dict(keypoints=images, layout=clip.layout, image_size=clip.image_size)
