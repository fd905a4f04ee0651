"""Fewer pixels."""

import numpy as np

from cslrkit.errors import DataError
from cslrkit.registry import DEGRADATIONS
from cslrkit.restoration.degradation import LinearDegradation, NumberOrRange, number_or_range


@DEGRADATIONS.register_module()
class Downsample(LinearDegradation):
    """Replace squares of pixels by their mean.

    ``A`` gives the small frames (T, H / factor, W / factor, 3), which its pseudo-inverse repeats. ``apply`` gives
    them in their old size, of any number of pixels: it repeats the last row and column as far as is needed.

    Args:
        factor: Side of a square in pixels, a whole number or a range; 1 changes nothing.

    Raises:
        DataError: By ``A``, if the frames are not a whole number of squares.
    """

    strengths = ('factor',)

    def __init__(self, factor: NumberOrRange = 2) -> None:
        self.factor = number_or_range('factor', factor, least=1, whole=True)

    def degrade(self, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return what is observed, in its old size."""
        height, width = x.shape[1:3]
        factor = self.number('factor')
        whole = np.pad(x, ((0, 0), (0, -height % factor), (0, -width % factor), (0, 0)), mode='edge')
        return self.pseudo_inverse(self.A(whole))[:, :height, :width]

    def A(self, x: np.ndarray) -> np.ndarray:  # noqa: N802
        """Return the small frames."""
        factor = self.number('factor')
        frames, height, width, channels = x.shape
        if height % factor or width % factor:
            raise DataError(
                f'Downsample: got frames of {height}x{width} pixels, expected multiples of factor {factor}. Crop them.'
            )
        return x.reshape(frames, height // factor, factor, width // factor, factor, channels).mean((2, 4))

    def adjoint(self, y: np.ndarray) -> np.ndarray:
        """Repeat each pixel, and share its value out."""
        return self.pseudo_inverse(y) / self.number('factor') ** 2

    def pseudo_inverse(self, y: np.ndarray) -> np.ndarray:
        """Repeat each pixel."""
        factor = self.number('factor')
        return y.repeat(factor, 1).repeat(factor, 2)

    def proximal(self, z: np.ndarray, y: np.ndarray, rho: float) -> np.ndarray:
        """Shift each square of ``z`` towards its pixel of ``y``; A times its transpose is 1 / factor^2."""
        return z + self.pseudo_inverse(y - self.A(z)) / (1 + rho * self.number('factor') ** 2)
