"""Begin a clip of keypoints: which frames and points are read, and where the signer is put."""

from typing import Any, Dict, Optional, Sequence

import numpy as np
import torch
from mmcv.transforms import BaseTransform

from cslrkit.datasets.transforms.checks import check_interval, describe
from cslrkit.datasets.transforms.sample import CLIP, KEYPOINTS, clip_shape, scale_points
from cslrkit.errors import ConfigError, DataError
from cslrkit.registry import TRANSFORMS
from cslrkit.structures.keypoint_layout import KeypointLayout
from cslrkit.utils.checks import one_of
from cslrkit.utils.messages import plural
from cslrkit.video.keypoints.keypoints import Keypoints

# As wide in the picture as MSKA's networks see them in PHOENIX: about a fifth.
_SHOULDERS = 0.2


@TRANSFORMS.register_module()
class LoadKeypoints(BaseTransform):
    """Take every n-th frame of a sample's keypoints, or those of the frames that ``LoadFrames`` read before.

    Alone, the first frame is drawn with ``torch.randint(0, frame_interval, [1])``, when testing too. After
    ``LoadFrames`` nothing is drawn: there is a row of keypoints for each frame of ``imgs``, in the pixels of these,
    and what crops, flips and resizes these frames moves the points along.

    Required keys: ``keypoints`` (a :class:`Keypoints`); ``frame_interval`` if the argument is None and it is not 1;
    beside frames ``imgs`` and ``frame_indices``, without rows that ``LoadFrames`` cut off.
    Modified keys: ``keypoints``, float32 (T, K, 3): x and y in pixels, and score. Added keys: ``layout`` (a
    :class:`KeypointLayout`), ``image_size`` (width and height in pixels), ``frame_indices`` (int64 (T,)) and
    ``clip_len`` (T).

    Args:
        frame_interval: Keep every n-th frame; None takes the sample's ``frame_interval``, which the dataset sets.

    Raises:
        ConfigError: For a wrong argument.
        DataError: If no frame is left, or one that was read has no keypoints.
    """

    def __init__(self, *, frame_interval: Optional[int] = None) -> None:
        self.frame_interval = check_interval('LoadKeypoints', frame_interval)

    def transform(self, results: Dict[str, Any]) -> Dict[str, Any]:
        """Read them."""
        keypoints = results.get(KEYPOINTS)
        if keypoints is None:
            raise DataError(f'{describe(results)}: it has no keypoints. Set `keypoints` of the dataset.')
        if CLIP in results:
            return _beside_frames(results, keypoints)
        interval = self.frame_interval or results.get('frame_interval', 1)
        indices = np.arange(int(torch.randint(0, interval, [1])), len(keypoints), interval)
        if not len(indices):
            raise DataError(
                f'{describe(results)}: {plural(len(keypoints), "frame")} of keypoints, of which frame_interval '
                f'{interval} leaves '
                'none. Use a smaller frame_interval.'
            )
        results.update(layout=keypoints.layout, image_size=keypoints.image_size)
        results.update(frame_indices=indices, clip_len=len(indices))
        results[KEYPOINTS] = keypoints.values[indices]
        return results


def _beside_frames(results: Dict[str, Any], keypoints: Keypoints) -> Dict[str, Any]:
    last = int(np.max(results['frame_indices']))
    if last >= len(keypoints):
        raise DataError(
            f'{describe(results)}: frame {last} was read, but keypoints are of {plural(len(keypoints), "frame")} only. '
            'Extract them again from the same frames.'
        )
    results.update(layout=keypoints.layout, image_size=keypoints.image_size)
    results[KEYPOINTS] = keypoints.values[results['frame_indices']]
    _, height, width = clip_shape(results)
    scale_points(results, (width, height))
    return results


@TRANSFORMS.register_module()
class SelectKeypoints(BaseTransform):
    """Keep the points of some parts.

    Required and modified keys: ``keypoints``, ``layout``.

    Args:
        parts: Names of parts of the layout; points come in this order, those of two parts once.
        points: Positions of points in the layout, instead.

    Raises:
        ConfigError: If neither or both are given; when a sample is read, for a part or position that there is not.
    """

    def __init__(self, parts: Optional[Sequence[str]] = None, *, points: Optional[Sequence[int]] = None) -> None:
        if (parts is None) == (points is None):
            raise ConfigError('SelectKeypoints: expected either parts or points.')
        self.parts, self.points = parts, points

    def transform(self, results: Dict[str, Any]) -> Dict[str, Any]:
        """Select them."""
        layout: KeypointLayout = results['layout']
        points = list(self.points) if self.points is not None else layout.positions(self.parts)
        if not points or not set(points) <= set(range(layout.num_points)):
            raise ConfigError(
                f"SelectKeypoints: points: got {points}, expected positions below {layout.num_points}, those of '"
                f"{layout.name}'."
            )
        results[KEYPOINTS] = results[KEYPOINTS][:, points]
        results['layout'] = layout.select(points)
        return results


@TRANSFORMS.register_module()
class NormalizeKeypoints(BaseTransform):
    """Put the signer into the middle of the picture, as large as another one.

    Coordinates stay pixels of the picture, which the data preprocessor scales to -1..1. Points that were not found
    (score 0) stay where they are.

    Required and modified keys: ``keypoints``; required key: ``layout``, ``image_size``.

    Args:
        by: ``'shoulders'``: over the whole clip, the mean of the shoulders comes to the middle of the picture, and they
            are a fifth of its width apart. ``'parts'``: as ZechengLi19/Uni-Sign does: the box around all points with
            a score above 0.3 becomes -1..1 by its longer side; hands are taken relative to their wrists and the face
            to its middle in each frame, by the same scale; and what is beyond 1 is clipped.

    Raises:
        ConfigError: For another value, or a layout without what it needs.
        DataError: If shoulders are not found in any frame, or no point is for ``'parts'``.
    """

    def __init__(self, by: str = 'shoulders') -> None:
        self.by = one_of('by', by, ('shoulders', 'parts'))

    def transform(self, results: Dict[str, Any]) -> Dict[str, Any]:
        """Move and scale the points."""
        values, size = results[KEYPOINTS].copy(), np.asarray(results['image_size'], dtype=np.float32)
        place = _by_shoulders if self.by == 'shoulders' else _by_parts
        found = values[..., 2] > 0
        moved = place(results, values, size)
        values[found, :2] = moved[found]
        results[KEYPOINTS] = values
        return results


def _by_shoulders(results: Dict[str, Any], values: np.ndarray, size: np.ndarray) -> np.ndarray:
    layout = results['layout']
    if layout.shoulders is None:
        raise ConfigError(f"NormalizeKeypoints: the points selected of '{layout.name}' lack the shoulders.")
    pair = values[:, list(layout.shoulders)]
    pair = pair[(pair[..., 2] > 0).all(1), :, :2]
    width = np.linalg.norm(pair[:, 0] - pair[:, 1], axis=1).mean() if len(pair) else 0
    if not width > 0:
        raise DataError(
            f"{describe(results)}: both shoulders are found in no frame, so by='shoulders' cannot place it."
        )
    return (values[..., :2] - pair.mean((0, 1))) * (_SHOULDERS * size[0] / width) + size / 2


def _by_parts(results: Dict[str, Any], values: np.ndarray, size: np.ndarray) -> np.ndarray:
    layout, points = results['layout'], values[..., :2].copy()
    sure = points[values[..., 2] > 0.3]
    scale = float(np.ptp(sure, axis=0).max()) / 2 if len(sure) else 0
    if not scale > 0:
        raise DataError(f"{describe(results)}: no point has a score above 0.3, so by='parts' cannot place it.")
    points = (points - (sure.min(0) + sure.max(0)) / 2) / scale
    for part, root in (('left_hand', 0), ('right_hand', 0), ('face', 30)):
        if part in layout.parts:
            places = list(layout.parts[part])
            points[:, places] -= points[:, places[min(root, len(places) - 1)], None]
    return (np.clip(points, -1, 1) + 1) / 2 * size
