"""Keypoints as an array for each clip: how results of MediaPipe and others are kept."""

from pathlib import Path
from typing import Any

import numpy as np

from cslrkit.errors import DataError
from cslrkit.registry import KEYPOINT_READERS
from cslrkit.utils.checks import one_of
from cslrkit.video.keypoints.keypoints import Keypoints
from cslrkit.video.keypoints.reader import KeypointFiles


@KEYPOINT_READERS.register_module()
class KeypointArrays(KeypointFiles):
    """A ``.npy`` or ``.npz`` file for each clip, with one array.

    Args:
        path: As for :class:`KeypointReader`.
        axes: What each point has: ``'xys'`` x, y and score, ``'xy'`` x and y, ``'xyzs'`` and ``'xyz'`` a depth, too,
            which is not used.
        unit: ``'pixel'``, or ``'picture'`` where x and y are divided by width and height, as MediaPipe gives them.
        options: As for :class:`KeypointReader`; ``layout='mediapipe543'`` is holistic's pose, face, left hand, right
            hand.
    """

    suffixes = ('.npy', '.npz')

    def __init__(self, path: str, *, axes: str = 'xys', unit: str = 'pixel', **options: Any) -> None:
        super().__init__(path, **options)
        self.axes = one_of('axes', axes, ('xys', 'xy', 'xyzs', 'xyz'))
        self.unit = one_of('unit', unit, ('pixel', 'picture'))

    def load(self, place: Path, *, where: str) -> Keypoints:
        """Read a clip."""
        try:
            loaded = np.load(place, allow_pickle=False)
            if not isinstance(loaded, np.ndarray):
                with loaded:
                    if len(loaded.files) != 1:
                        raise ValueError(f'it holds the arrays {", ".join(loaded.files)}, expected one')
                    loaded = loaded[loaded.files[0]]
        except Exception as error:  # a damaged archive raises nearly anything
            raise DataError(f"{where}: '{place}' cannot be read: {error}.") from error
        if loaded.ndim != 3 or loaded.shape[2] != len(self.axes):
            raise DataError(
                f"{where}: '{place}' has the shape {loaded.shape}, but axes='{self.axes}' means "
                f'(T, K, {len(self.axes)}).'
            )
        values = loaded[..., [place for place, name in enumerate(self.axes) if name != 'z']].astype(np.float32)
        if self.unit == 'picture' and self.image_size is not None:
            values[..., :2] *= self.image_size
        return self.made(values, where=where)
