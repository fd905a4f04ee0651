"""Files of keypoints as inputs of inference, in the place of videos."""

from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Tuple

import numpy as np

from cslrkit.errors import DataError
from cslrkit.structures.keypoint_layout import find_layout
from cslrkit.video.clip import Clip
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
        self.num_frames = len(keypoints)

    def __len__(self) -> int:
        return len(self.keypoints)

    def frame_size(self, index: int = 0) -> Tuple[int, int]:
        """Raise a :class:`DataError`, for there is no picture."""
        raise DataError(f"'{self.source}' holds keypoints, no pictures. Give the video to draw on it.")

    def decode(self, indices: Sequence[int]) -> Iterator[np.ndarray]:
        """Yield the points of frames."""
        return (self.keypoints.values[index] for index in indices)


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
    wanted = find_layout(layout)
    reads = f"this model reads keypoints of the layout '{wanted.name}' ({wanted.num_points} points)"
    if frame.ndim == 3:
        raise DataError(
            f"'{where}' has frames, but {reads}. Extract those of the video with {wanted.extractor}, write them with "
            'cslrkit.video.keypoints.write_keypoints, and give its .json file (docs/keypoints.md).'
        )
    if len(frame) != wanted.num_points:
        raise DataError(f"'{where}' has {len(frame)} points, but {reads}, which {wanted.extractor} gives.")
    return frame


def media_of(images: np.ndarray, clip: Optional[Clip]) -> Dict[str, Any]:
    """Return the keys of a sample that hold the images of a clip: frames (T, H, W, 3), or points (T, K, 3)."""
    if not isinstance(clip, KeypointClip):
        return dict(imgs=images)
    return dict(keypoints=images, layout=clip.keypoints.layout, image_size=clip.keypoints.image_size)
