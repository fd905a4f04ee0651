"""The keypoints of one clip."""

import math
from dataclasses import dataclass
from typing import Any, Optional, Sequence, Tuple

import numpy as np

from cslrkit.errors import DataError
from cslrkit.structures.keypoint_layout import KeypointLayout


@dataclass(frozen=True)
class Keypoints:
    """The keypoints of a clip.

    A point that was not found has the score 0 and lies at (0, 0).

    Args:
        values: x and y in pixels of the picture, and score, float32 (T, K, 3).
        layout: What each of the K points is.
        image_size: Width and height of the picture in pixels.
        frame_rate: Frames per second, if known.
    """

    values: np.ndarray
    layout: KeypointLayout
    image_size: Tuple[int, int]
    frame_rate: Optional[float] = None

    def __len__(self) -> int:
        return len(self.values)

    @classmethod
    def of(
        cls,
        values: Any,
        *,
        layout: KeypointLayout,
        image_size: Tuple[int, int],
        frame_rate: Optional[float] = None,
        where: str,
    ) -> 'Keypoints':
        """Check what a file has and make keypoints of it.

        A point with a number that is not finite counts as not found.

        Args:
            values: (T, K, 3), or (T, K, 2) where each point counts as found.
            layout: See above.
            image_size: See above.
            frame_rate: See above.
            where: How messages begin.

        Raises:
            DataError: For another shape or frame rate, no frame, or no point that was found in any frame.
        """
        if frame_rate is not None and not 0 < frame_rate < math.inf:
            raise DataError(f'{where}: got the frame rate {frame_rate!r}, expected frames per second, above 0.')
        array = np.asarray(values)
        if array.dtype.kind not in 'fiu' or array.ndim != 3 or array.shape[2] not in (2, 3) or not len(array):
            raise DataError(
                f'{where}: got keypoints of the shape {array.shape} and type {array.dtype}, expected numbers (T, K, 3) '
                'with at least a frame.'
            )
        if array.shape[1] != layout.num_points:
            raise DataError(
                f"{where}: got {array.shape[1]} points a frame, but the layout '{layout.name}' has "
                f'{layout.num_points}. Set layout to what the file has.'
            )
        if array.shape[2] == 2:
            array = np.concatenate([array, np.ones((*array.shape[:2], 1))], 2)
        array = np.array(array, dtype=np.float32)
        array[~np.isfinite(array).all(2)] = 0
        if not (array[..., 2] > 0).any():
            raise DataError(
                f'{where}: nobody is found in any of its {len(array)} frames: all scores are 0. Look at the clip; '
                'extract its keypoints again, or leave it out.'
            )
        return cls(array, layout, image_size, frame_rate)


def one_person(people: Sequence[np.ndarray], num_points: int) -> np.ndarray:
    """Return the person (K, 3) whose scores have the greatest sum, the first of equals; zeros if there is nobody."""
    if not len(people):
        return np.zeros((num_points, 3), dtype=np.float32)
    return max(people, key=lambda person: float(np.nan_to_num(person[:, 2]).sum()))
