"""Noise."""

import numpy as np

from cslrkit.registry import DEGRADATIONS
from cslrkit.restoration.degradation import LinearDegradation, NumberOrRange, number_or_range


@DEGRADATIONS.register_module()
class Noise(LinearDegradation):
    """Add Gaussian noise, of its own for each pixel and channel; ``A`` is the identity.

    Args:
        sigma: Standard deviation in values of pixels (0 to 255), a number or a range.
    """

    strengths = ('sigma',)

    def __init__(self, sigma: NumberOrRange = 10.0) -> None:
        self.sigma = number_or_range('sigma', sigma, least=0)

    def degrade(self, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the noisy clip."""
        return x + self.number('sigma') * rng.standard_normal(x.shape, dtype=np.float32).astype(x.dtype, copy=False)

    def A(self, x: np.ndarray) -> np.ndarray:  # noqa: N802
        """Return the clip itself."""
        return x

    def adjoint(self, y: np.ndarray) -> np.ndarray:
        """Return ``y``."""
        return y

    def pseudo_inverse(self, y: np.ndarray) -> np.ndarray:
        """Return ``y``."""
        return y

    def proximal(self, z: np.ndarray, y: np.ndarray, rho: float) -> np.ndarray:
        """Return the weighted mean."""
        return (y + rho * z) / (1 + rho)
