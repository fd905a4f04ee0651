"""Restoring the regions of a clip, frame by frame."""

import math
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np
import torch

from cslrkit.errors import DataError
from cslrkit.restoration.blur import CircularBlur
from cslrkit.restoration.degradation import Degradation
from cslrkit.restoration.downsample import Downsample
from cslrkit.restoration.jpeg import JPEG
from cslrkit.restoration.observation import Observation, invertible, to_pixels
from cslrkit.restoration.regions import Box, paste
from cslrkit.restoration.samplers import DiffusionSampler
from cslrkit.utils.config_path import config_path

_ROUNDING = 1 / 12  # variance of a pixel from its rounding to a whole number
# Deviation, in values of pixels, that edges are given at which a crop was cut out of a blurred frame: a blur that wraps
# around does not explain them.
_EDGES = 5.0


class Restorer:
    """Restores regions of clips by a prior, and pastes them back with faded edges.

    A region starts from what was restored of it in the frame before, and each frame draws the same noise, so that
    little flickers.

    Args:
        prior: See :class:`cslrkit.models.priors.DiffusionPrior`.
        degradation: What made the frames worse, with numbers for its strengths.
        sampler: How it is inverted.
        noise: Standard deviation of further noise in the frames, in values of pixels; that of :class:`Noise` among the
            degradations and of rounding count anyway.
        each_region: Whether each region was degraded by itself, and not the frames as a whole. Of whole frames what
            blurs into a region from around it is restored, too.
        seed: Of the noise.

    Raises:
        ConfigError: If the sampler cannot invert the degradation.
    """

    def __init__(
        self,
        prior: Any,
        degradation: Degradation,
        sampler: DiffusionSampler,
        *,
        noise: float = 0.0,
        each_region: bool = False,
        seed: int = 0,
    ) -> None:
        self.prior, self.sampler, self.each_region, self.seed = prior, sampler, each_region, seed
        with config_path('degradation'):
            self.degradation, own = invertible(degradation)
            sampler.check(self.degradation)
        parts = getattr(self.degradation, 'degradations', [self.degradation])
        self._reach = sum(len(part.kernel()) // 2 for part in parts if isinstance(part, CircularBlur))
        edges = _EDGES if self._reach and not each_region else 0.0
        self.noise = math.sqrt(noise**2 + own**2 + edges**2 + _ROUNDING)
        self._grid = math.lcm(
            *(8 if isinstance(part, JPEG) else part.factor for part in parts if isinstance(part, (JPEG, Downsample))), 1
        )

    @torch.no_grad()
    def __call__(self, frames: np.ndarray, regions: Sequence[Dict[str, Box]]) -> np.ndarray:
        """Return the restored clip.

        Args:
            frames: uint8 (T, H, W, 3).
            regions: Boxes of each frame by name, as ``find_regions`` gives them; of one size for each name.

        Raises:
            DataError: If a region is far larger than the crops that the prior was trained on, or has a size that the
                prior or the degradation cannot take.
        """
        restored = frames.copy()
        before: Dict[str, torch.Tensor] = {}
        for place, boxes in enumerate(regions):
            windows = {name: self._window(box, frames.shape[1:3]) for name, box in boxes.items()}
            found: Dict[str, torch.Tensor] = {}
            for names in _alike(windows, before):
                crops = np.stack([_cut(frames[place], windows[name]) for name in names])
                start = torch.stack([before[name] for name in names]) if names[0] in before else None
                found.update(zip(names, self._restore(crops, start)))
            for name, images in found.items():
                box, window = boxes[name], windows[name]
                inner = tuple((max if side < 2 else min)(box[side], window[side]) for side in range(4))
                pixels = np.clip(np.rint(to_pixels(images[None])[0]), 0, 255).astype(np.uint8)
                left, top = window[:2]
                part = pixels[inner[1] - top : inner[3] - top, inner[0] - left : inner[2] - left]
                restored[place] = paste(restored[place], part, inner)
            before = found
        return restored

    def _restore(self, crops: np.ndarray, start: Optional[torch.Tensor]) -> torch.Tensor:
        crops = crops.astype(np.float32)
        if self._reach and not self.each_region:
            crops = _tapered(crops, self.degradation.A(crops), self._reach)
        seen = Observation(self.degradation, crops, self.noise)
        return self.sampler.sample(self.prior, seen, torch.Generator().manual_seed(self.seed), start)

    def _window(self, box: Box, shape: Tuple[int, int]) -> Box:
        """Return the part of a frame that is restored for a region: the box, or a square on the grid around it."""
        multiple = math.lcm(self.prior.multiple, self._grid)
        side = box[2] - box[0]
        if not self.each_region:
            slack = 2 * self._reach + (self._grid if self._grid > 1 else 0)
            side = min(-(-(side + slack) // multiple), min(shape) // multiple) * multiple
        if side % multiple or not side or side > 2 * self.prior.size:
            raise DataError(
                f'restoration: got a region of {box[2] - box[0]} pixels in frames of {shape[1]}x{shape[0]}, expected a '
                f'multiple of {multiple} up to {2 * self.prior.size} with what blurs into it: the prior was trained on '
                f'crops of {self.prior.size}. Train one of another size.'
            )
        if self.each_region:
            return box
        corner = []
        for first, last, length in ((box[0], box[2], shape[1]), (box[1], box[3], shape[0])):
            nearest = round((first + last - side) / 2 / self._grid) * self._grid
            corner.append(min(max(nearest, 0), (length - side) // self._grid * self._grid))
        return corner[0], corner[1], corner[0] + side, corner[1] + side


def _alike(windows: Dict[str, Box], before: Dict[str, torch.Tensor]) -> List[List[str]]:
    """Return names in groups whose windows have one size, and that all start from noise, or none."""
    groups: Dict[Tuple[int, bool], List[str]] = {}
    for name, window in windows.items():
        side = window[2] - window[0]
        if name in before and before[name].shape[-1] != side:
            del before[name]
        groups.setdefault((side, name in before), []).append(name)
    return list(groups.values())


def _cut(frame: np.ndarray, box: Box) -> np.ndarray:
    return frame[box[1] : box[3], box[0] : box[2]]


def _tapered(crops: np.ndarray, blurred: np.ndarray, reach: int) -> np.ndarray:
    """Let the edges of crops run into each other, as a blur that wraps around sees them."""
    ramp = [
        np.minimum(1, (np.minimum(places, places[::-1]) + 0.5) / reach) for places in map(np.arange, crops.shape[1:3])
    ]
    weights = np.outer(*(0.5 - 0.5 * np.cos(np.pi * part) for part in ramp))[..., None].astype(np.float32)
    return weights * crops + (1 - weights) * blurred
