"""Train on clips that are worse than those of the corpus."""

import random
from typing import Any, Dict, Optional, Sequence

import numpy as np
from mmcv.transforms import BaseTransform

from cslrkit.datasets.transforms.checks import check_probability
from cslrkit.datasets.transforms.sample import CLIP
from cslrkit.errors import ConfigError
from cslrkit.registry import DEGRADATIONS, TRANSFORMS
from cslrkit.utils.config_path import config_path


@TRANSFORMS.register_module()
class Degrade(BaseTransform):
    """Degrade the clip where ``random.random() < prob``; one strength is drawn for all of its frames.

    What the degradation draws comes from a generator that ``numpy.random.randint`` seeds. It works on pixels, so
    transforms that leave out frames or parts of them cost less before it than after it.

    Required and modified keys: ``imgs``.

    Args:
        degradation: A config of ``DEGRADATIONS``.
        prob: Probability that a clip is degraded.
        regions: Boxes (top, left, bottom, right) outside of which frames keep their values, as fractions of height and
            width; None is the whole frame.

    Raises:
        ConfigError: For a wrong argument.
    """

    def __init__(
        self, degradation: Dict[str, Any], prob: float = 0.5, *, regions: Optional[Sequence[Sequence[float]]] = None
    ) -> None:
        with config_path('degradation'):
            self.degradation = DEGRADATIONS.build(degradation)
        self.prob = check_probability('Degrade', 'prob', prob)
        self.regions = None if regions is None else [_checked(box) for box in regions]

    def transform(self, results: Dict[str, Any]) -> Dict[str, Any]:
        """Degrade ``imgs``, or not."""
        if random.random() >= self.prob:
            return results
        clip = results[CLIP]
        degraded = self.degradation.apply(clip, np.random.default_rng(np.random.randint(2**31 - 1)))
        if self.regions is None:
            results[CLIP] = degraded
            return results
        height, width = clip.shape[1:3]
        results[CLIP] = clip.copy()
        for top, left, bottom, right in self.regions:
            rows = slice(round(top * height), round(bottom * height))
            columns = slice(round(left * width), round(right * width))
            results[CLIP][:, rows, columns] = degraded[:, rows, columns]
        return results


def _checked(box: Sequence[float]) -> Sequence[float]:
    """Return a box if it is one."""
    if len(box) != 4 or not 0 <= box[0] < box[2] <= 1 or not 0 <= box[1] < box[3] <= 1:
        raise ConfigError(
            f'got {box!r}, expected boxes (top, left, bottom, right) in fractions, 0 <= top < bottom <= 1 and '
            '0 <= left < right <= 1.',
            path='regions',
        )
    return box
