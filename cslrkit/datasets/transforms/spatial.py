"""Crop and flip whole clips."""

import random
from typing import Any, Dict, Sequence, Union

from mmcv.transforms import BaseTransform

from cslrkit.datasets.transforms.checks import as_size, check_probability
from cslrkit.datasets.transforms.sample import clip_shape, mirror_frames, window_frames
from cslrkit.registry import TRANSFORMS


@TRANSFORMS.register_module()
class RandomCrop(BaseTransform):
    """Cut one random box out of all frames, padding with zeros where they are smaller.

    ``random.randint`` draws the left edge, then the top edge; along an axis where the frame is
    smaller than the box nothing is drawn, where they are equal a number is. Source:
    ``utils/video_augmentation.py`` of kaistmm/SlowFastSign 37d1b6c.

    Required and modified keys: ``imgs``.

    Args:
        size: Height and width in pixels, or both in one number.
    """

    def __init__(self, size: Union[int, Sequence[int]]) -> None:
        self.size = as_size('RandomCrop: size', size)

    def transform(self, results: Dict[str, Any]) -> Dict[str, Any]:
        """Crop ``imgs``."""
        _, height, width = clip_shape(results)
        left = _draw_edge(width, self.size[1])
        top = _draw_edge(height, self.size[0])
        window_frames(results, top, left, *self.size)
        return results


@TRANSFORMS.register_module()
class CenterCrop(BaseTransform):
    """Cut the central box out of all frames; never larger than the frame.

    Edges are at ``round((frame - box) / 2)``, halves to even. Source:
    ``utils/video_augmentation.py`` of kaistmm/SlowFastSign 37d1b6c.

    Required and modified keys: ``imgs``.

    Args:
        size: Height and width in pixels, or both in one number.
    """

    def __init__(self, size: Union[int, Sequence[int]]) -> None:
        self.size = as_size('CenterCrop: size', size)

    def transform(self, results: Dict[str, Any]) -> Dict[str, Any]:
        """Crop ``imgs``."""
        _, height, width = clip_shape(results)
        crop_h, crop_w = min(self.size[0], height), min(self.size[1], width)
        window_frames(results, round((height - crop_h) / 2), round((width - crop_w) / 2), crop_h, crop_w)
        return results


@TRANSFORMS.register_module()
class RandomHorizontalFlip(BaseTransform):
    """Mirror the clip left to right where ``random.random() < prob``.

    Source: ``utils/video_augmentation.py`` of kaistmm/SlowFastSign 37d1b6c.

    Required and modified keys: ``imgs``.

    Args:
        prob: Probability of a flip.
    """

    def __init__(self, prob: float = 0.5) -> None:
        self.prob = check_probability('RandomHorizontalFlip', 'prob', prob)

    def transform(self, results: Dict[str, Any]) -> Dict[str, Any]:
        """Flip ``imgs``, or not."""
        if random.random() < self.prob:
            mirror_frames(results)
        return results


def _draw_edge(length: int, crop: int) -> int:
    """Return where the box begins along an axis: before the frame, where that is smaller than the box."""
    return -((crop - length) // 2) if crop > length else random.randint(0, length - crop)
