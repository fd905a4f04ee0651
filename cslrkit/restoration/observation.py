"""What is observed of crops, and what makes an estimate of them agree with it."""

from functools import cached_property
from typing import Tuple

import numpy as np
import torch

from cslrkit.errors import ConfigError
from cslrkit.restoration.compose import Compose
from cslrkit.restoration.degradation import Degradation, LinearDegradation
from cslrkit.restoration.downsample import Downsample
from cslrkit.restoration.jpeg import JPEG
from cslrkit.restoration.neighbour_mean import NeighbourMean
from cslrkit.restoration.noise import Noise


class Observation:
    """Degraded crops, and the degradation that made them.

    Estimates are tensors (N, 3, H, W) of values from -1 to 1, as a prior takes them; so are all results.

    Args:
        degradation: From :func:`invertible`.
        crops: The degraded crops in their full size, uint8 or floating (N, H, W, 3).
        noise: Standard deviation of what else was added, in values of pixels (0 to 255).
    """

    def __init__(self, degradation: Degradation, crops: np.ndarray, noise: float) -> None:
        self.degradation = degradation
        self.crops = np.asarray(crops, dtype=np.float32)
        self.noise = noise / 127.5
        # Of small frames that were brought to their old size, the small ones.
        self._seen = degradation.A(self.crops) if isinstance(degradation, Downsample) else self.crops

    @property
    def estimate(self) -> torch.Tensor:
        """The crops as they are."""
        return to_images(self.crops)

    def project(self, images: torch.Tensor) -> torch.Tensor:
        """Return the nearest images to an estimate that agree with the crops, ``x - A+ (A x - y)``."""
        x = to_pixels(images)
        if isinstance(self.degradation, JPEG):
            return to_images(self.degradation.project(x, self._seen))
        return to_images(x - self.degradation.pseudo_inverse(self.degradation.A(x) - self._seen))

    def proximal(self, images: torch.Tensor, rho: float) -> torch.Tensor:
        """Return the x that minimizes ``||A x - y||^2 + rho ||x - images||^2``; of JPEG the projection."""
        if isinstance(self.degradation, JPEG):
            return self.project(images)
        return to_images(self.degradation.proximal(to_pixels(images), self._seen, rho))

    def descent(self, images: torch.Tensor) -> torch.Tensor:
        """Return the gradient of ``||A x - y||`` of each image."""
        residual = self.degradation.A(to_pixels(images)) - self._seen
        gradient = self.degradation.adjoint(residual)
        length = np.sqrt((residual**2).sum((1, 2, 3), keepdims=True))
        return torch.from_numpy(gradient / np.maximum(length, 1e-6)).permute(0, 3, 1, 2).to(images)

    @cached_property
    def inverse_noise(self) -> float:
        """What the pseudo-inverse makes of the noise, as a standard deviation: it grows where A is nearly lost."""
        if isinstance(self.degradation, JPEG):
            return self.noise
        probe = np.random.default_rng(0).standard_normal(self._seen.shape, dtype=np.float32)
        return self.noise * float(self.degradation.pseudo_inverse(probe).std())


def invertible(degradation: Degradation) -> Tuple[Degradation, float]:
    """Return what of a degradation has operators for single frames, and the deviation of the noise that it adds.

    Raises:
        ConfigError: If it has none: a range, a mean of neighboring frames, or JPEG among others.
    """
    parts = list(degradation.degradations) if isinstance(degradation, Compose) else [degradation]
    for part in parts:
        for strength in part.strengths:
            part.number(strength)
        if isinstance(part, NeighbourMean):
            raise ConfigError(
                'restoration: got NeighbourMean, which mixes frames, but each is restored by itself. MotionBlur is '
                'near it where one direction of motion is known.'
            )
    noise = float(np.sqrt(sum(part.number('sigma') ** 2 for part in parts if isinstance(part, Noise))))
    rest = [part for part in parts if not isinstance(part, Noise)]
    if len(rest) > 1 and not all(isinstance(part, LinearDegradation) for part in rest):
        names = ', '.join(type(part).__name__ for part in rest)
        raise ConfigError(f'restoration: got {names} together, which no sampler can invert. Restore of one alone.')
    if len(rest) > 1:
        return Compose(rest), noise
    return (rest or parts)[0], noise


def to_images(pixels: np.ndarray) -> torch.Tensor:
    """Turn pixels (N, H, W, 3) from 0 to 255 into images (N, 3, H, W) from -1 to 1."""
    return torch.from_numpy(np.asarray(pixels, dtype=np.float32)).permute(0, 3, 1, 2) / 127.5 - 1


def to_pixels(images: torch.Tensor) -> np.ndarray:
    """Undo :func:`to_images`."""
    return ((images.detach().cpu() + 1) * 127.5).permute(0, 2, 3, 1).contiguous().numpy()
