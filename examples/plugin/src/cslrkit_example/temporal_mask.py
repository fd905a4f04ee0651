"""Hide short stretches of a clip."""

import random
from typing import Any, Dict

from mmcv.transforms import BaseTransform

from cslrkit.errors import ConfigError
from cslrkit.registry import TRANSFORMS


@TRANSFORMS.register_module()
class TemporalMask(BaseTransform):
    """Paint random stretches of frames in the clip's mean colour, as SpecAugment does with audio.

    Required and modified keys: ``imgs``.

    Args:
        num_masks: How many stretches; each is drawn from ``random``: its length, then its first frame.
        max_fraction: Longest stretch, as a fraction of the clip.

    Raises:
        ConfigError: For a negative number or a fraction outside [0, 1].
    """

    def __init__(self, num_masks: int = 2, *, max_fraction: float = 0.1) -> None:
        if not isinstance(num_masks, int) or num_masks < 0:
            raise ConfigError(f'got {num_masks!r}, expected 0, 1, ...', path='num_masks')
        if not 0 <= max_fraction <= 1:
            raise ConfigError(f'got {max_fraction!r}, expected a fraction in [0, 1].', path='max_fraction')
        self.num_masks = num_masks
        self.max_fraction = max_fraction

    def transform(self, results: Dict[str, Any]) -> Dict[str, Any]:
        """Mask ``imgs``."""
        clip = results['imgs'].copy()
        colour = results['imgs'].mean(axis=(0, 1, 2)).round().astype(clip.dtype)
        for _ in range(self.num_masks):
            length = random.randint(0, int(len(clip) * self.max_fraction))
            first = random.randint(0, len(clip) - length)
            clip[first : first + length] = colour
        results['imgs'] = clip
        return results
