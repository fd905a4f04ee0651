"""Resize and rotate whole clips with Pillow."""

import random
from typing import Any, Callable, Dict, Sequence, Union

import numpy as np
from mmcv.transforms import BaseTransform
from PIL import Image

from cslrkit.datasets.transforms.checks import describe
from cslrkit.datasets.transforms.plan import FrameOperation
from cslrkit.datasets.transforms.sample import clip_shape, has_points, map_frames
from cslrkit.errors import ConfigError, DataError
from cslrkit.registry import TRANSFORMS

# Numbers of Pillow's filters: its names moved between versions, these did not.
FILTERS = {'nearest': 0, 'lanczos': 1, 'bilinear': 2, 'bicubic': 3, 'cubic': 3}


@TRANSFORMS.register_module()
class Resize(BaseTransform):
    """Resize all frames with Pillow's default resampling.

    Source: ``utils/video_augmentation.py`` of kaistmm/SlowFastSign 37d1b6c.

    Required and modified keys: ``imgs``.

    Args:
        scale: 1 does nothing; a number below 1 is a ratio, ``int(width * scale)`` and
            ``int(height * scale)``; above 1 it is the height and width in pixels.

    Raises:
        ConfigError: If ``scale`` is not positive.
        DataError: If a ratio leaves no pixel.
    """

    def __init__(self, scale: float = 1.0) -> None:
        if isinstance(scale, bool) or not isinstance(scale, (int, float)) or not scale > 0:
            raise ConfigError(f'Resize: scale: got {scale!r}, expected a positive number.')
        self.scale = scale

    def transform(self, results: Dict[str, Any]) -> Dict[str, Any]:
        """Resize ``imgs``."""
        if self.scale == 1:
            return results
        _, height, width = clip_shape(results)
        if self.scale < 1:
            height, width = int(height * self.scale), int(width * self.scale)
        else:
            height = width = int(self.scale)
        _check_not_empty(results, height, width, f'scale {self.scale}')
        map_frames(results, _on_image(lambda image: image.resize((width, height))), height, width)
        return results


@TRANSFORMS.register_module()
class RandomResize(BaseTransform):
    """Resize the clip by one factor drawn with ``random.uniform(1 - rate, 1 + rate)``.

    Source: ``utils/video_augmentation.py`` of kaistmm/SlowFastSign 37d1b6c; its
    ``scipy.misc.imresize`` is gone, this is the Pillow call that it made.

    Required and modified keys: ``imgs``.

    Args:
        rate: Largest change of size, as a fraction.
        interp: ``'nearest'``, ``'lanczos'``, ``'bilinear'``, ``'bicubic'`` or ``'cubic'``.

    Raises:
        ConfigError: For a rate outside [0, 1) or an unknown interpolation.
        DataError: If the factor leaves no pixel.
    """

    def __init__(self, rate: float = 0.0, interp: str = 'bilinear') -> None:
        if not 0 <= rate < 1:
            raise ConfigError(f'RandomResize: rate: got {rate!r}, expected a fraction in [0, 1).')
        if interp not in FILTERS:
            raise ConfigError(f'RandomResize: interp: got {interp!r}, expected one of {", ".join(FILTERS)}.')
        self.rate = rate
        self.interp = interp

    def transform(self, results: Dict[str, Any]) -> Dict[str, Any]:
        """Resize ``imgs``."""
        factor = random.uniform(1 - self.rate, 1 + self.rate)
        height, width = (int(length * factor) for length in clip_shape(results)[1:])
        _check_not_empty(results, height, width, f'factor {factor}')
        resample = FILTERS[self.interp]
        map_frames(results, _on_image(lambda image: image.resize((width, height), resample)), height, width)
        return results


@TRANSFORMS.register_module()
class RandomRotation(BaseTransform):
    """Rotate the clip by one angle drawn with ``random.uniform``, keeping its size.

    Source: ``utils/video_augmentation.py`` of kaistmm/SlowFastSign 37d1b6c; its
    ``scipy.misc.imrotate`` is gone, this is the Pillow call that it made (bilinear, black corners,
    counter-clockwise).

    Required and modified keys: ``imgs``.

    Args:
        degrees: Range (lowest, highest) of the angle, or one number for (-degrees, degrees).

    Raises:
        ConfigError: If it is neither; when a sample is read, where keypoints are loaded, too.
    """

    def __init__(self, degrees: Union[float, Sequence[float]]) -> None:
        bounds = (-degrees, degrees) if isinstance(degrees, (int, float)) else tuple(degrees)
        if len(bounds) != 2 or bounds[0] > bounds[1]:
            raise ConfigError(f'RandomRotation: degrees: got {degrees!r}, expected a number >= 0 or (lowest, highest).')
        self.degrees = bounds

    def transform(self, results: Dict[str, Any]) -> Dict[str, Any]:
        """Rotate ``imgs``."""
        if has_points(results):
            raise ConfigError('RandomRotation: keypoints are beside the frames, which it does not turn. Leave it out.')
        angle = random.uniform(*self.degrees)
        _, height, width = clip_shape(results)
        map_frames(results, _on_image(lambda image: image.rotate(angle, FILTERS['bilinear'])), height, width)
        return results


def _on_image(operation: Callable[[Image.Image], Image.Image]) -> FrameOperation:
    """Turn an operation on a Pillow image into one on an array (H, W, 3)."""
    return lambda frame: np.asarray(operation(Image.fromarray(np.ascontiguousarray(frame))))


def _check_not_empty(results: Dict[str, Any], height: int, width: int, how: str) -> None:
    if height < 1 or width < 1:
        before = 'x'.join(str(length) for length in clip_shape(results)[1:])
        raise DataError(f'{describe(results)}: {how} turns frames of {before} pixels into {height}x{width}.')
