"""Blur in time: frames that run into each other."""

import numpy as np

from cslrkit.registry import DEGRADATIONS
from cslrkit.restoration.degradation import LinearDegradation, NumberOrRange, number_or_range


@DEGRADATIONS.register_module()
class NeighbourMean(LinearDegradation):
    """Make each frame the mean of itself and its neighbors, as a long exposure does.

    At the ends of a clip it is the mean of those neighbors that there are.

    Args:
        radius: Neighbors on either side: the mean is of ``2 * radius + 1`` frames. A whole number, or a range; 0
            changes nothing.
    """

    strengths = ('radius',)

    def __init__(self, radius: NumberOrRange = 1) -> None:
        self.radius = number_or_range('radius', radius, least=0, whole=True)

    def matrix(self, num_frames: int) -> np.ndarray:
        """Return the weights (T, T) of all frames in each."""
        places = np.arange(num_frames)
        near = np.abs(places[:, None] - places) <= self.number('radius')
        return near / near.sum(1, keepdims=True)

    def A(self, x: np.ndarray) -> np.ndarray:  # noqa: N802
        """Return the means."""
        return _mixed(self.matrix(len(x)), x)

    def adjoint(self, y: np.ndarray) -> np.ndarray:
        """Return the transpose of the weights times ``y``."""
        return _mixed(self.matrix(len(y)).T, y)

    def pseudo_inverse(self, y: np.ndarray) -> np.ndarray:
        """Multiply by the matrix's pseudo-inverse, which is exact; of some lengths a little noise becomes much."""
        return _mixed(np.linalg.pinv(self.matrix(len(y)), rcond=1e-10), y)

    def proximal(self, z: np.ndarray, y: np.ndarray, rho: float) -> np.ndarray:
        """Solve the normal equations, of which there is one for each frame."""
        weights = self.matrix(len(y))
        inverse = np.linalg.inv(weights.T @ weights + rho * np.eye(len(y)))
        return _mixed(inverse @ weights.T, y) + _mixed(rho * inverse, z)


def _mixed(weights: np.ndarray, clip: np.ndarray) -> np.ndarray:
    """Return sums of frames with weights (T, T)."""
    return np.tensordot(weights.astype(clip.dtype), clip, 1)
