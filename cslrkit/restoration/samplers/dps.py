"""DPS."""

from typing import Any, Tuple

import torch

from cslrkit.registry import DIFFUSION_SAMPLERS
from cslrkit.restoration.observation import Observation
from cslrkit.restoration.samplers.base import DiffusionSampler, mixed


@DIFFUSION_SAMPLERS.register_module()
class DPS(DiffusionSampler):
    """Each step goes down the gradient of the distance to what was observed, through the network.

    Source: Chung et al., "Diffusion posterior sampling for general noisy inverse problems", 2023. It needs many steps,
    and each takes about three times as long as one of the others.

    Args:
        steps: See :class:`DiffusionSampler`.
        start: See :class:`DiffusionSampler`.
        rate: Length of a step down, zeta of the paper, for pixels from -1 to 1.
        fresh: Part of the variance of the noise that is drawn anew in each step.
    """

    others = ()

    def __init__(self, steps: int = 100, *, start: float = 0.6, rate: float = 1.0, fresh: float = 0.7) -> None:
        super().__init__(steps, start)
        self.rate, self.fresh = rate, fresh

    def step(
        self, prior: Any, seen: Observation, x: torch.Tensor, levels: Tuple[float, float], noise: torch.Generator
    ) -> torch.Tensor:
        """Denoise, add the noise of the next level, and go down."""
        with torch.enable_grad():
            x = x.detach().requires_grad_()
            denoised = prior.denoise(x, levels[0])
            (down,) = torch.autograd.grad(denoised, x, seen.descent(denoised.detach()))
        return mixed(x.detach(), denoised.detach(), levels, noise, fresh=self.fresh) - self.rate * down
