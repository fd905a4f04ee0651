"""What a sampler of restored crops is."""

import math
from abc import ABCMeta, abstractmethod
from typing import Any, Optional, Tuple

import torch

from cslrkit.errors import ConfigError
from cslrkit.restoration.degradation import Degradation, LinearDegradation
from cslrkit.restoration.jpeg import JPEG
from cslrkit.restoration.observation import Observation


class DiffusionSampler(metaclass=ABCMeta):
    """Draws what may have been observed: a prior takes noise out step by step, and each estimate is made to agree.

    A child class, registered in DIFFUSION_SAMPLERS, has :meth:`step`.

    Args:
        steps: Evaluations of the prior for a frame that starts from noise.
        start: Level from 0 to 1 of the noise that is added to the neighbor's result, from which a frame starts; it
            takes that part of the steps. 1 starts each frame from noise.
    """

    others: Tuple[type, ...] = (JPEG,)  #: which degradations it inverts beside linear ones

    def __init__(self, steps: int, start: float) -> None:
        if not isinstance(steps, int) or steps < 1:
            raise ConfigError(f'{type(self).__name__}: got {steps!r}, expected 1, 2, ... steps.', path='steps')
        if not 0 < start <= 1:
            raise ConfigError(f'{type(self).__name__}: got {start!r}, expected a level above 0, up to 1.', path='start')
        self.steps, self.start = steps, start

    def check(self, degradation: Degradation) -> None:
        """Raise a ConfigError if this sampler cannot invert one of the degradations that have operators."""
        if not isinstance(degradation, (LinearDegradation, *self.others)):
            raise ConfigError(
                f'{type(self).__name__}: got {type(degradation).__name__}, which is not linear. Take DDNM or DiffPIR.'
            )

    def sample(
        self, prior: Any, seen: Observation, noise: torch.Generator, neighbour: Optional[torch.Tensor] = None
    ) -> torch.Tensor:
        """Return restored crops (N, 3, H, W), values about -1 to 1.

        Args:
            prior: Has ``denoise(images, level)``, see :class:`cslrkit.models.priors.DiffusionPrior`.
            seen: What was observed.
            noise: Draws the noise.
            neighbour: Restored crops to start from, of the same shape; None starts from noise.
        """
        first = 1.0 if neighbour is None else self.start
        count = max(1, round(first * self.steps))
        levels = [first * (1 - place / count) for place in range(count + 1)]
        x = torch.randn(seen.estimate.shape, generator=noise)
        if neighbour is not None:
            kept, added = noise_parts(first)
            x = kept * neighbour + added * x
        for now, after in zip(levels, levels[1:]):
            x = self.step(prior, seen, x, (now, after), noise)
        return x

    @abstractmethod
    def step(
        self, prior: Any, seen: Observation, x: torch.Tensor, levels: Tuple[float, float], noise: torch.Generator
    ) -> torch.Tensor:
        """Bring noisy images from one level to the next, where 0 is without noise."""


def noise_parts(level: float) -> Tuple[float, float]:
    """Return the parts of image and noise at a level, see ``DiffusionPrior``."""
    return math.cos(math.pi / 2 * level), math.sin(math.pi / 2 * level)


def mixed(
    x: torch.Tensor,
    estimate: torch.Tensor,
    levels: Tuple[float, float],
    noise: torch.Generator,
    *,
    fresh: float,
    deviation: Optional[float] = None,
) -> torch.Tensor:
    """Return the images of the next level: an estimate with the noise that is in ``x`` by it, and fresh noise.

    Args:
        x: Images of a level.
        estimate: What they show.
        levels: Theirs, and the next.
        noise: Draws fresh noise.
        fresh: Part of the variance that is fresh.
        deviation: Of all noise; that of the next level by default.
    """
    kept, added = noise_parts(levels[0])
    kept_next, added_next = noise_parts(levels[1])
    deviation = added_next if deviation is None else deviation
    own = (x - kept * estimate) / added
    drawn = torch.randn(x.shape, generator=noise) if fresh else 0
    return kept_next * estimate + deviation * (math.sqrt(1 - fresh) * own + math.sqrt(fresh) * drawn)
