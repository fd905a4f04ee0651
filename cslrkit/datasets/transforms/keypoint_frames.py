"""Which frames of a clip are kept, as networks on keypoints choose them."""

from typing import Any, Dict

import numpy as np

from cslrkit.datasets.transforms.sample import select_frames
from cslrkit.datasets.transforms.temporal import LengthTransform
from cslrkit.errors import ConfigError
from cslrkit.registry import TRANSFORMS
from cslrkit.utils.checks import one_of, positive


@TRANSFORMS.register_module()
class CropFrames(LengthTransform):
    """Keep the middle of a long clip.

    Of n frames more than ``max_len``, the ones from ``(n - max_len) // 2`` on. Source: the preparation for evaluation
    of sutwangyan/MSKA e7d5610 and xhonghu/CESMM 41cda13. Differs: by default no frame at the end is lost; a clip of
    fewer frames than ``multiple_of`` keeps them.

    Required and modified keys: ``frame_indices`` and the clip (``keypoints`` or ``imgs``).

    Args:
        max_len: Most frames.
        multiple_of: Frames are cut off the end until the length is a multiple of it; 4 is published.

    Raises:
        ConfigError: For a number that is no positive integer.
    """

    def __init__(self, max_len: int = 400, *, multiple_of: int = 1) -> None:
        self.max_len = positive('max_len', max_len)
        self.multiple_of = positive('multiple_of', multiple_of)

    def transform(self, results: Dict[str, Any]) -> Dict[str, Any]:
        """Cut the clip and ``frame_indices``."""
        count = len(results['frame_indices'])
        first = max(0, (count - self.max_len) // 2)
        length = _rounded(min(count, self.max_len), self.multiple_of, up=False)
        return _keep(results, np.arange(first, first + length))

    def shortest(self, num_frames: int, interval: int) -> int:
        """Return the new length, in frames."""
        return _rounded(min(num_frames, self.max_len), self.multiple_of, up=False)


@TRANSFORMS.register_module()
class RandomFrames(LengthTransform):
    """Drop or repeat random frames, so that the clip gets a random new length.

    Of n frames, ``numpy.random.randint`` draws a length from ``int(low n)`` to ``int(high n)``, both at most
    ``max_len``. A length up to n takes the first of ``numpy.random.permutation``; a longer one takes all frames and
    adds those that ``numpy.random.randint`` draws. They stay in order. Source: the preparation for training of
    sutwangyan/MSKA e7d5610 and, with ``rounding='down'``, of xhonghu/CESMM 41cda13.

    Required and modified keys: ``frame_indices`` and the clip (``keypoints`` or ``imgs``).

    Args:
        low: Least length as a factor.
        high: Greatest length as a factor.
        max_len: Most frames.
        multiple_of: The length is a multiple of it.
        rounding: ``'up'`` draws that many more frames, ``'down'`` leaves out the last ones.

    Raises:
        ConfigError: For a wrong argument.
    """

    def __init__(
        self, low: float = 0.5, high: float = 1.5, *, max_len: int = 400, multiple_of: int = 4, rounding: str = 'up'
    ) -> None:
        if not 0 <= low <= high:
            raise ConfigError(f'RandomFrames: got low {low!r} and high {high!r}, expected 0 <= low <= high.')
        self.low, self.high = low, high
        self.max_len = positive('max_len', max_len)
        self.multiple_of = positive('multiple_of', multiple_of)
        self.rounding = one_of('rounding', rounding, ('up', 'down'))

    def transform(self, results: Dict[str, Any]) -> Dict[str, Any]:
        """Resample the clip and ``frame_indices``."""
        count = len(results['frame_indices'])
        longest = min(self.max_len, int(self.high * count))
        length = max(1, np.random.randint(self._least(count), longest + 1))
        if self.rounding == 'up':
            length = _rounded(length, self.multiple_of, up=True)
        if length <= count:
            kept = np.random.permutation(np.arange(count))[:length]
        else:
            kept = np.concatenate([np.arange(count), np.random.randint(0, count, length - count)])
        return _keep(results, np.sort(kept)[: _rounded(length, self.multiple_of, up=False)])

    def shortest(self, num_frames: int, interval: int) -> int:
        """Return the shortest new length that can be drawn, in frames."""
        return _rounded(max(1, self._least(num_frames)), self.multiple_of, up=self.rounding == 'up')

    def _least(self, count: int) -> int:
        return min(int(self.low * count), self.max_len)


def _keep(results: Dict[str, Any], kept: np.ndarray) -> Dict[str, Any]:
    select_frames(results, kept)
    results['frame_indices'] = np.asarray(results['frame_indices'])[kept]
    return results


def _rounded(length: int, multiple_of: int, *, up: bool) -> int:
    """A multiple of a number, or the length itself where only 0 would be left."""
    if up:
        return -(-length // multiple_of) * multiple_of
    return length // multiple_of * multiple_of or length
