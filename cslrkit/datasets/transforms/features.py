"""Features that were computed before training, and augmentation of their rows."""

import random
from typing import Any, Dict

import numpy as np
from mmcv.transforms import BaseTransform

from cslrkit.datasets.transforms.checks import check_at_least, describe
from cslrkit.datasets.transforms.sample import FEATURES, unpad_features
from cslrkit.errors import DataError
from cslrkit.registry import TRANSFORMS


@TRANSFORMS.register_module()
class LoadFeatures(BaseTransform):
    """Read the features of a sample.

    Required keys: ``features`` (a :class:`FeatureClip`). Modified keys: ``features``, float32 (T, C). Added keys:
    ``padding`` (rows before and after the clip that are padding), ``frame_indices`` (int, the first source frame of
    each row without padding), ``clip_len`` (rows without padding).

    Args:
        copies: Whether one of the plain features and the augmented copies that are stored beside them is drawn, with
            ``random.randrange``, for training. Otherwise the plain ones are read.

    Raises:
        DataError: If they cannot be read, or a value is not finite.
    """

    def __init__(self, *, copies: bool = False) -> None:
        self.copies = copies

    def transform(self, results: Dict[str, Any]) -> Dict[str, Any]:
        """Read them."""
        clip = results[FEATURES]
        rows = clip.read(random.randrange(1 + clip.num_copies) if self.copies and clip.num_copies else 0)
        values = rows.values.astype(np.float32)
        if not np.isfinite(values).all():
            raise DataError(f'{describe(results)}: its features have values that are not finite. Compute them again.')
        indices = rows.frame_indices
        results.update(features=values, padding=rows.padding, frame_indices=indices, clip_len=len(indices))
        return results


@TRANSFORMS.register_module()
class FeatureNoise(BaseTransform):
    """Add Gaussian noise to features, in proportion to how much each column varies in the clip.

    Required keys: ``features``. Modified keys: ``features``.

    Args:
        std: Standard deviation of the noise, as a multiple of the column's own; ``numpy.random`` draws it.

    Raises:
        ConfigError: If it is negative.
    """

    def __init__(self, std: float = 0.1) -> None:
        self.std = check_at_least('FeatureNoise', 'std', std, 0)

    def transform(self, results: Dict[str, Any]) -> Dict[str, Any]:
        """Add it."""
        rows = results[FEATURES]
        noise = np.random.standard_normal(rows.shape).astype(np.float32)
        results[FEATURES] = rows + self.std * rows.std(0) * noise
        return results


@TRANSFORMS.register_module()
class TimeMasking(BaseTransform):
    """Replace stretches of rows by the mean row of the clip, after SpecAugment (Park et al. 2019).

    Required keys: ``features``. Modified keys: ``features`` (whose padding goes).

    Args:
        num_masks: How many stretches.
        max_len: Longest stretch in rows; ``random.randint`` draws a length from 0 on, and a place.
        max_fraction: Longest stretch as a fraction of the clip.

    Raises:
        ConfigError: For a wrong argument.
    """

    def __init__(self, num_masks: int = 2, *, max_len: int = 8, max_fraction: float = 0.1) -> None:
        self.num_masks = check_at_least('TimeMasking', 'num_masks', num_masks, 0, whole=True)
        self.max_len = check_at_least('TimeMasking', 'max_len', max_len, 1, whole=True)
        self.max_fraction = check_at_least('TimeMasking', 'max_fraction', max_fraction, 0)

    def transform(self, results: Dict[str, Any]) -> Dict[str, Any]:
        """Mask the clip."""
        rows = unpad_features(results).copy()
        mean = rows.mean(0)
        longest = min(self.max_len, int(self.max_fraction * len(rows)))
        for _ in range(self.num_masks):
            length = random.randint(0, longest)
            start = random.randint(0, len(rows) - length)
            rows[start : start + length] = mean
        results[FEATURES] = rows
        return results
