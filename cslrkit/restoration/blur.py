"""Blur of each frame by one kernel, which wraps around at the frame's edges."""

from abc import abstractmethod
from typing import Callable

import numpy as np
import torch

from cslrkit.registry import DEGRADATIONS
from cslrkit.restoration.degradation import LinearDegradation, NumberOrRange, number_or_range

# Frequencies of which the kernel leaves a smaller part are lost: A, too, makes them 0, so that nothing divides by them.
_LOST = 0.01


class CircularBlur(LinearDegradation):
    """A convolution of each frame with a kernel; it wraps around, so in frequencies it is a product."""

    @abstractmethod
    def kernel(self) -> np.ndarray:
        """Return the kernel (K, K), of odd size and with a sum of 1."""

    def spectrum(self, height: int, width: int) -> torch.Tensor:
        """Return the kernel in frequencies, complex (H, W // 2 + 1, 1) for frames of a size in pixels."""
        kernel = self.kernel()
        places = np.arange(len(kernel)) - len(kernel) // 2
        wrapped = np.zeros((height, width))
        np.add.at(wrapped, (places[:, None] % height, places[None] % width), kernel)
        found = torch.fft.rfft2(torch.from_numpy(wrapped))[..., None]
        return torch.where(found.abs() < _LOST, torch.zeros_like(found), found)

    def A(self, x: np.ndarray) -> np.ndarray:  # noqa: N802
        """Return the blurred clip."""
        k = self.spectrum(*x.shape[1:3])
        return _by_frequency(lambda of_x: k * of_x, x)

    def adjoint(self, y: np.ndarray) -> np.ndarray:
        """Return ``y`` blurred by the kernel turned by half a circle."""
        k = self.spectrum(*y.shape[1:3])
        return _by_frequency(lambda of_y: k.conj() * of_y, y)

    def pseudo_inverse(self, y: np.ndarray) -> np.ndarray:
        """Divide each frequency that is not lost by the kernel's; noise in ``y`` grows up to a hundredfold."""
        k = self.spectrum(*y.shape[1:3])
        inverse = torch.where(k == 0, k, 1 / k)
        return _by_frequency(lambda of_y: inverse * of_y, y)

    def proximal(self, z: np.ndarray, y: np.ndarray, rho: float) -> np.ndarray:
        """Solve for each frequency alone."""
        k = self.spectrum(*y.shape[1:3])
        return _by_frequency(lambda of_z, of_y: (k.conj() * of_y + rho * of_z) / (k.abs() ** 2 + rho), z, y)


@DEGRADATIONS.register_module()
class MotionBlur(CircularBlur):
    """Blur along a line, as of a hand that moves while the shutter is open.

    Args:
        length: Of the line, in pixels; 1 changes nothing. A whole number, or a range.
        angle: Of the line, in degrees counter-clockwise from horizontal. A number, or a range.
    """

    strengths = ('length', 'angle')

    def __init__(self, length: NumberOrRange = 9, angle: NumberOrRange = (0.0, 180.0)) -> None:
        self.length = number_or_range('length', length, least=1, whole=True)
        self.angle = number_or_range('angle', angle, least=-360, most=360)

    def kernel(self) -> np.ndarray:
        """Return the mean of points a pixel apart, each shared out to the four pixels around it."""
        length, angle = self.number('length'), np.deg2rad(self.number('angle'))
        along = np.arange(length) - (length - 1) / 2
        middle = length // 2 + 1
        kernel = np.zeros((2 * middle + 1, 2 * middle + 1))
        # The sine of 180 degrees is not quite 0.
        points = np.round(np.stack([-along * np.sin(angle), along * np.cos(angle)]), 9) + middle
        corner = np.floor(points).astype(int)
        share = points - corner
        for down in (0, 1):
            for right in (0, 1):
                weight = np.abs(1 - down - share[0]) * np.abs(1 - right - share[1])
                np.add.at(
                    kernel,
                    (np.minimum(corner[0] + down, 2 * middle), np.minimum(corner[1] + right, 2 * middle)),
                    weight / length,
                )
        return kernel


@DEGRADATIONS.register_module()
class GaussianBlur(CircularBlur):
    """Blur by a Gaussian, as of a lens that is out of focus.

    Args:
        sigma: Its standard deviation in pixels, a number or a range. It is cut off at four of them.
    """

    strengths = ('sigma',)

    def __init__(self, sigma: NumberOrRange = 2.0) -> None:
        self.sigma = number_or_range('sigma', sigma, least=0.1)

    def kernel(self) -> np.ndarray:
        """Return the Gaussian."""
        sigma = self.number('sigma')
        radius = int(np.ceil(4 * sigma))
        line = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
        line /= line.sum()
        return np.outer(line, line)


def _by_frequency(change: Callable[..., torch.Tensor], *clips: np.ndarray) -> np.ndarray:
    """Change clips frame by frame, in frequencies; the result has the first one's dtype."""
    height, width = clips[0].shape[1:3]
    changed = np.empty_like(clips[0])
    for place, frames in enumerate(zip(*clips)):
        spectra = [torch.fft.rfft2(torch.from_numpy(np.ascontiguousarray(frame)), dim=(0, 1)) for frame in frames]
        changed[place] = torch.fft.irfft2(change(*spectra), s=(height, width), dim=(0, 1)).numpy()
    return changed
