"""Change the speed of clips."""

import random
from abc import ABCMeta, abstractmethod
from typing import Any, Dict, Optional

import numpy as np
from mmcv.transforms import BaseTransform

from cslrkit.datasets.transforms.checks import check_interval
from cslrkit.datasets.transforms.sample import select_frames
from cslrkit.errors import ConfigError
from cslrkit.registry import TRANSFORMS


class LengthTransform(BaseTransform, metaclass=ABCMeta):
    """A transform that changes the number of frames, and says how few it may leave."""

    @abstractmethod
    def shortest(self, num_frames: int, interval: int) -> int:
        """Return the shortest new length.

        Args:
            num_frames: Length of the clip, in frames.
            interval: Interval at which they were kept.
        """


@TRANSFORMS.register_module()
class TemporalRescale(LengthTransform):
    """Drop or repeat random frames, or rows of features, so that the clip gets a random new length.

    The length is ``int(T * factor)``, where ``numpy.random`` draws the factor from
    ``[1 - temp_scaling, 1 + temp_scaling)``, at least ``min_len``, at most
    ``ceil(max_len / frame_interval)``, and then raised to a multiple of 4. ``random.sample`` draws
    frames where the new length is not above T, ``random.choices`` where it is; they stay in order.

    Source: ``utils/video_augmentation.py`` of kaistmm/SlowFastSign 37d1b6c.

    Required keys: ``imgs`` or ``features``, ``frame_indices``; ``frame_interval`` if the argument is None and it is
    not 1. Modified keys: ``imgs`` or ``features`` (whose padding goes), ``frame_indices``.

    Args:
        temp_scaling: Largest change of length, as a fraction.
        frame_interval: Interval at which frames were kept; None takes the sample's.
        min_len: Shortest new length in frames.
        max_len: Longest new length in frames at interval 1.

    Raises:
        ConfigError: For a wrong argument.
    """

    def __init__(
        self,
        temp_scaling: float = 0.2,
        *,
        frame_interval: Optional[int] = None,
        min_len: int = 32,
        max_len: int = 230,
    ) -> None:
        if not 0 <= temp_scaling <= 1:
            raise ConfigError(f'TemporalRescale: temp_scaling: got {temp_scaling!r}, expected a fraction in [0, 1].')
        if not 1 <= min_len <= max_len:
            raise ConfigError(
                f'TemporalRescale: got min_len {min_len!r} and max_len {max_len!r}, expected 1 <= min_len <= max_len.'
            )
        self.low = 1.0 - temp_scaling
        self.high = 1.0 + temp_scaling
        self.frame_interval = check_interval('TemporalRescale', frame_interval)
        self.min_len = min_len
        self.max_len = max_len

    def transform(self, results: Dict[str, Any]) -> Dict[str, Any]:
        """Resample the clip and ``frame_indices``."""
        interval = self.frame_interval or results.get('frame_interval', 1)
        kept = self._draw(len(results['frame_indices']), interval)
        select_frames(results, kept)
        results['frame_indices'] = np.asarray(results['frame_indices'])[kept]
        return results

    def _draw(self, num_frames: int, interval: int) -> np.ndarray:
        """Draw the sorted positions of the new clip's frames in the old one."""
        length = self._bounded(num_frames * (self.low + (self.high - self.low) * np.random.random()), interval)
        if length <= num_frames:
            kept = random.sample(range(num_frames), length)
        else:
            kept = random.choices(range(num_frames), k=length)
        return np.sort(kept)

    def shortest(self, num_frames: int, interval: int) -> int:
        """Return the shortest new length that can be drawn, in frames."""
        return self._bounded(num_frames * self.low, interval)

    def _bounded(self, length: float, interval: int) -> int:
        # The upper bound wins where an interval brings it below the lower one, as published.
        length = min(max(int(length), self.min_len), -(-self.max_len // interval))
        return -(-length // 4) * 4
