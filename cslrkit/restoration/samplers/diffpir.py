"""DiffPIR."""

from typing import Any, Tuple

import torch

from cslrkit.registry import DIFFUSION_SAMPLERS
from cslrkit.restoration.observation import Observation
from cslrkit.restoration.samplers.base import DiffusionSampler, mixed, noise_parts


@DIFFUSION_SAMPLERS.register_module()
class DiffPIR(DiffusionSampler):
    """Each estimate takes a proximal step towards what was observed, which trusts it as far as noise allows.

    Source: Zhu et al., "Denoising diffusion models for plug-and-play image restoration", 2023: rho is
    ``weight * (noise / sigma)^2``, with sigma the noise of the level over the part of the image.

    Args:
        steps: See :class:`DiffusionSampler`.
        start: See :class:`DiffusionSampler`.
        weight: Of the prior against what was observed, lambda of the paper.
        fresh: Part of the variance of the noise that is drawn anew in each step, zeta of the paper, which takes
            0.1. More of it brought blurred drawn hands nearer to the sharp ones.
    """

    def __init__(self, steps: int = 20, *, start: float = 0.8, weight: float = 2.0, fresh: float = 1.0) -> None:
        super().__init__(steps, start)
        self.weight, self.fresh = weight, fresh

    def step(
        self, prior: Any, seen: Observation, x: torch.Tensor, levels: Tuple[float, float], noise: torch.Generator
    ) -> torch.Tensor:
        """Denoise, agree, and add the noise of the next level."""
        kept, added = noise_parts(levels[0])
        rho = self.weight * (seen.noise * kept / added) ** 2
        estimate = seen.proximal(prior.denoise(x, levels[0]), max(rho, 1e-6))
        return mixed(x, estimate, levels, noise, fresh=self.fresh)
