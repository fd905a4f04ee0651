"""How near restored frames are to clean ones, inside and outside of regions."""

from dataclasses import dataclass, field
from typing import Dict, List, Mapping, Sequence

import cv2
import numpy as np

from cslrkit.restoration import LinearDegradation
from cslrkit.restoration.regions import Box

Boxes = Sequence[Mapping[str, Box]]  # of each frame


@dataclass
class Quality:
    """Figures of a corpus of restored frames, collected clip by clip.

    Args:
        degradation: What was done to each box of the clean frames, apart from noise.
        noise: Standard deviation of what a degraded pixel has beside it, in values of pixels.
        reach: How far from its edges the middle of a box begins, in pixels: what fades there, and what the degradation
            brings there from beyond, plays no part in the consistency.
    """

    degradation: LinearDegradation
    noise: float
    reach: int
    found: Dict[str, List[float]] = field(default_factory=dict)

    def add(self, restored: np.ndarray, clean: np.ndarray, degraded: np.ndarray, boxes: Boxes) -> None:
        """Compare a clip, uint8 (T, H, W, 3) each."""
        inside = np.zeros(clean.shape[:3], bool)
        for mask, found in zip(inside, boxes):
            for left, top, right, bottom in found.values():
                mask[top:bottom, left:right] = True
        error = restored.astype(np.float32) - clean
        structure = np.stack([ssim(one, other) for one, other in zip(restored, clean)])
        change = np.diff(error, axis=0)[inside[1:] & inside[:-1]]
        values = {
            'psnr': _psnr(error[inside]),
            'ssim': structure[inside].mean(),
            'ssim_outside': structure[~inside].mean(),
            'flicker': np.sqrt(np.mean(change**2)),
            'changed_outside': np.count_nonzero((restored != degraded).any(-1) & ~inside),
            'consistency': self._consistency(restored, degraded, boxes),
        }
        for name, value in values.items():
            self.found.setdefault(name, []).append(float(value))

    def means(self) -> Dict[str, float]:
        """Return the mean of each figure over clips: ``psnr`` and ``ssim`` inside of the boxes, ``ssim_outside``,
        ``flicker`` (root mean square of how the error changes from frame to frame, inside), ``changed_outside``
        (pixels of a clip outside of the boxes that differ from the degraded ones), ``consistency`` (root mean square of
        ``A x - y`` in the middle of the boxes, over the noise)."""
        return {name: float(np.nanmean(values)) for name, values in self.found.items()}

    def _consistency(self, restored: np.ndarray, degraded: np.ndarray, boxes: Boxes) -> float:
        squares = []
        for x, y, found in zip(restored, degraded, boxes):
            for name, box in found.items():
                if any(_overlap(box, other) for place, other in found.items() if place != name):
                    continue
                left, top, right, bottom = box
                part = x[top:bottom, left:right].astype(np.float32)
                residual = self.degradation.A(part[None])[0] - y[top:bottom, left:right]
                reach = min(self.reach, (min(residual.shape[:2]) - 1) // 2)
                middle = residual[reach : len(residual) - reach, reach : residual.shape[1] - reach]
                squares.append(np.mean(middle**2))
        return float(np.sqrt(np.mean(squares)) / self.noise) if squares else np.nan


def ssim(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the structural similarity around each pixel of two uint8 images (H, W, 3), as (H, W).

    Source: Wang et al., Image quality assessment: from error visibility to structural similarity, IEEE TIP 2004: a
    Gaussian window of 11 pixels with a standard deviation of 1.5; here the mean of three channels.
    """
    x, y = one.astype(np.float32), other.astype(np.float32)
    mean_x, mean_y = _window(x), _window(y)
    var_x, var_y = _window(x * x) - mean_x**2, _window(y * y) - mean_y**2
    both = _window(x * y) - mean_x * mean_y
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    similar = (2 * mean_x * mean_y + c1) * (2 * both + c2)
    return (similar / ((mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2))).mean(-1)


def _window(image: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(image, (11, 11), 1.5)


def _psnr(error: np.ndarray) -> float:
    """Peak signal-to-noise ratio in dB; none is 99."""
    square = np.mean(error.astype(np.float64) ** 2)
    return 10 * np.log10(255**2 / square) if square else 99.0


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
