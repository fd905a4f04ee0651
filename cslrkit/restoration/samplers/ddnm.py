"""DDNM and DDNM+."""

import math
from typing import Any, Tuple

import torch

from cslrkit.registry import DIFFUSION_SAMPLERS
from cslrkit.restoration.observation import Observation
from cslrkit.restoration.samplers.base import DiffusionSampler, mixed, noise_parts


@DIFFUSION_SAMPLERS.register_module()
class DDNM(DiffusionSampler):
    """Each estimate is replaced by the nearest one that agrees with what was observed, as if that had no noise.

    Source: Wang et al., "Zero-shot image restoration using denoising diffusion null-space model", 2023.

    Args:
        steps: See :class:`DiffusionSampler`.
        start: See :class:`DiffusionSampler`.
        fresh: Part of the variance of the noise that is drawn anew in each step, the square of eta of the paper.
    """

    def __init__(self, steps: int = 20, *, start: float = 0.6, fresh: float = 0.7) -> None:
        super().__init__(steps, start)
        self.fresh = fresh

    def step(
        self, prior: Any, seen: Observation, x: torch.Tensor, levels: Tuple[float, float], noise: torch.Generator
    ) -> torch.Tensor:
        """Denoise, agree, and add the noise of the next level."""
        estimate = seen.project(prior.denoise(x, levels[0]))
        return mixed(x, estimate, levels, noise, fresh=self.fresh)


@DIFFUSION_SAMPLERS.register_module()
class DDNMPlus(DDNM):
    """DDNM for noisy observations: estimates agree as far as the noise of the next level covers theirs.

    Equations 17 to 19 of the paper, with one deviation for all that the pseudo-inverse makes of the noise; by singular
    value it is not there. Arguments are those of :class:`DDNM`.
    """

    def step(
        self, prior: Any, seen: Observation, x: torch.Tensor, levels: Tuple[float, float], noise: torch.Generator
    ) -> torch.Tensor:
        """Denoise, agree in part, and add what noise is missing at the next level."""
        kept, added = noise_parts(levels[1])
        denoised = prior.denoise(x, levels[0])
        brought = kept * seen.inverse_noise
        part = min(1.0, added / brought) if brought else 1.0
        estimate = denoised + part * (seen.project(denoised) - denoised)
        missing = math.sqrt(max(0.0, added**2 - (part * brought) ** 2))
        return mixed(x, estimate, levels, noise, fresh=self.fresh, deviation=missing)
