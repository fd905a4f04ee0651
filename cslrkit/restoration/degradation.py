"""What a degradation of a clip is, and what data consistency asks of a linear one."""

import copy
import numbers
from abc import ABCMeta, abstractmethod
from typing import Any, Tuple, Union

import numpy as np

from cslrkit.errors import ConfigError, DataError

Number = Union[int, float]
NumberOrRange = Union[Number, Tuple[Number, Number]]


class Degradation(metaclass=ABCMeta):
    """Something that makes clips worse.

    Values of pixels are 0 to 255 in every method. Arguments named in ``strengths`` may be a range (lowest, highest),
    of which each call of :meth:`apply` draws a number: a whole one where both ends are whole. Methods for data
    consistency need numbers, which :meth:`drawn` gives.

    Shape: clips are (T, H, W, 3), uint8 or floating.
    """

    strengths: Tuple[str, ...] = ()

    def drawn(self, rng: np.random.Generator) -> 'Degradation':
        """Return a copy with a drawn number in the place of each range."""
        fixed = copy.copy(self)
        for name in self.strengths:
            value = getattr(self, name)
            if isinstance(value, tuple):
                whole = all(isinstance(end, int) for end in value)
                setattr(fixed, name, int(rng.integers(*value, endpoint=True)) if whole else rng.uniform(*value))
        return fixed

    def apply(self, frames: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return a degraded clip of the same shape and dtype.

        Args:
            frames: The clip. If it is uint8, the result is rounded and clipped.
            rng: Draws strengths and noise.

        Raises:
            DataError: If it is no clip.
        """
        frames = np.asarray(frames)
        if frames.ndim != 4 or frames.shape[-1] != 3 or not frames.size:
            raise DataError(f'{type(self).__name__}: got the shape {frames.shape}, expected a clip (T, H, W, 3).')
        degraded = self.drawn(rng).degrade(floating(frames), rng)
        if frames.dtype.kind != 'f':
            degraded = np.clip(np.rint(degraded), 0, 255)
        return degraded.astype(frames.dtype, copy=False)

    @abstractmethod
    def degrade(self, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return a degraded floating clip of the same shape; strengths are numbers here."""

    def number(self, strength: str) -> Number:
        """Return a strength.

        Raises:
            ConfigError: If it is a range.
        """
        value = getattr(self, strength)
        if isinstance(value, tuple):
            raise ConfigError(
                f'{type(self).__name__}: data consistency needs one {strength}, got the range {value}. '
                'Give a number, or draw one with drawn(rng).',
                path=strength,
            )
        return value


class LinearDegradation(Degradation):
    """A degradation ``y = A x``, apart from noise.

    ``A(pseudo_inverse(A(x)))`` is ``A(x)``.
    """

    def degrade(self, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return ``A(x)``."""
        return self.A(x)

    @abstractmethod
    def A(self, x: np.ndarray) -> np.ndarray:  # noqa: N802 (the letter of the equations)
        """Return what is observed of a floating clip."""

    @abstractmethod
    def adjoint(self, y: np.ndarray) -> np.ndarray:
        """Return the transpose of A times ``y``."""

    @abstractmethod
    def pseudo_inverse(self, y: np.ndarray) -> np.ndarray:
        """Return the smallest clip of those whose ``A(x)`` is nearest to ``y``."""

    @abstractmethod
    def proximal(self, z: np.ndarray, y: np.ndarray, rho: float) -> np.ndarray:
        """Return the clip x that minimizes ``||A(x) - y||^2 + rho ||x - z||^2``, for ``rho`` above 0."""


def floating(frames: np.ndarray) -> np.ndarray:
    """Return a clip as it is if it is floating, and in single precision if it is not."""
    return frames if frames.dtype.kind == 'f' else frames.astype(np.float32)


def number_or_range(argument: str, value: Any, *, least: Number, most: Number = np.inf, whole: bool = False) -> Any:
    """Return a number, or a range as a tuple, if it lies within bounds.

    Raises:
        ConfigError: Otherwise, with the path ``argument``.
    """
    ends = tuple(value) if isinstance(value, (list, tuple)) else (value, value)
    kind = numbers.Integral if whole else numbers.Real
    right = len(ends) == 2 and all(isinstance(end, kind) and not isinstance(end, bool) for end in ends)
    if not right or not least <= ends[0] <= ends[1] <= most or (not whole and not np.isfinite(ends[1])):
        bounds = f'from {least} on' if most == np.inf else f'from {least} to {most}'
        what = 'a whole number' if whole else 'a number'
        raise ConfigError(f'got {value!r}, expected {what} {bounds}, or (lowest, highest).', path=argument)
    return ends if isinstance(value, (list, tuple)) else value
