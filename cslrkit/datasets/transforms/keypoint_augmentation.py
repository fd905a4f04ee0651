"""Random changes of a clip of keypoints."""

import random
from typing import Any, Dict, Tuple

import numpy as np
from mmcv.transforms import BaseTransform

from cslrkit.datasets.transforms.checks import check_probability
from cslrkit.datasets.transforms.sample import KEYPOINTS, mirror_points
from cslrkit.errors import ConfigError
from cslrkit.registry import TRANSFORMS


@TRANSFORMS.register_module()
class RandomKeypointAffine(BaseTransform):
    """Turn, scale and shift a clip around the middle of the picture; all frames alike.

    ``random.uniform`` draws the angle, the scale, and the shifts to the right and down. Points that were not found
    (score 0) stay where they are.

    Required and modified keys: ``keypoints``; required key: ``image_size``.

    Args:
        degrees: Greatest angle.
        scale: Greatest change of size, as a fraction.
        shift: Greatest shift, as a fraction of width and height.

    Raises:
        ConfigError: For a negative number, or a scale of 1 or more.
    """

    def __init__(self, degrees: float = 15.0, *, scale: float = 0.1, shift: float = 0.05) -> None:
        if not (degrees >= 0 and 0 <= scale < 1 and shift >= 0):
            raise ConfigError(
                f'RandomKeypointAffine: got degrees={degrees!r}, scale={scale!r}, shift={shift!r}, expected numbers '
                'from 0 on and a scale below 1.'
            )
        self.degrees, self.scale, self.shift = degrees, scale, shift

    def transform(self, results: Dict[str, Any]) -> Dict[str, Any]:
        """Move the points."""
        angle = np.radians(random.uniform(-self.degrees, self.degrees))
        factor = random.uniform(1 - self.scale, 1 + self.scale)
        shift = [random.uniform(-self.shift, self.shift) * side for side in results['image_size']]
        turn = factor * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        middle = np.asarray(results['image_size']) / 2
        values = results[KEYPOINTS].copy()
        found = values[..., 2] > 0
        values[found, :2] = (values[found, :2] - middle) @ turn + middle + shift
        results[KEYPOINTS] = values
        return results


@TRANSFORMS.register_module()
class RandomKeypointFlip(BaseTransform):
    """Mirror a clip where ``random.random() < prob``; left points become right ones.

    Required and modified keys: ``keypoints``; required keys: ``layout``, ``image_size``.

    Args:
        prob: Probability of a flip.

    Raises:
        ConfigError: If it is none; when a sample is read, for a layout whose sides are not known.
    """

    def __init__(self, prob: float = 0.5) -> None:
        self.prob = check_probability('RandomKeypointFlip', 'prob', prob)

    def transform(self, results: Dict[str, Any]) -> Dict[str, Any]:
        """Flip the points, or not."""
        results['layout'].mirrored()  # a layout without sides is an error also where nothing is flipped
        if random.random() < self.prob:
            mirror_points(results)
        return results


@TRANSFORMS.register_module()
class RandomKeypointDrop(BaseTransform):
    """Let points get lost, as an extractor loses them: score 0 at (0, 0).

    Where ``numpy.random.random() < part_prob``, one part of ``parts``, which ``numpy.random.randint`` draws, is lost in
    a stretch of frames; then each point of each frame with the probability ``prob``.

    Required and modified keys: ``keypoints``; required key: ``layout`` with ``part_prob``.

    Args:
        prob: Probability of losing a point in a frame.
        part_prob: Probability of losing a part.
        parts: Names of parts that can be lost.
        max_len: Longest stretch in frames.

    Raises:
        ConfigError: For a probability or length that is none.
    """

    def __init__(
        self,
        prob: float = 0.05,
        *,
        part_prob: float = 0.0,
        parts: Tuple[str, ...] = ('left_hand', 'right_hand'),
        max_len: int = 8,
    ) -> None:
        self.prob = check_probability('RandomKeypointDrop', 'prob', prob)
        self.part_prob = check_probability('RandomKeypointDrop', 'part_prob', part_prob)
        if not max_len >= 1 or not parts:
            raise ConfigError(f'RandomKeypointDrop: got max_len={max_len!r}, parts={parts!r}, expected one or more.')
        self.parts, self.max_len = tuple(parts), max_len

    def transform(self, results: Dict[str, Any]) -> Dict[str, Any]:
        """Drop points."""
        values = results[KEYPOINTS].copy()
        if self.part_prob and np.random.random() < self.part_prob:
            places = results['layout'].positions([self.parts[np.random.randint(len(self.parts))]])
            length = np.random.randint(1, min(self.max_len, len(values)) + 1)
            first = np.random.randint(len(values) - length + 1)
            values[first : first + length, places] = 0
        values[np.random.random(values.shape[:2]) < self.prob] = 0
        results[KEYPOINTS] = values
        return results
