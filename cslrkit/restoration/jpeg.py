"""JPEG, and the clips that are consistent with a compressed one."""

import numpy as np

from cslrkit.errors import DataError
from cslrkit.registry import DEGRADATIONS
from cslrkit.restoration.degradation import Degradation, NumberOrRange, floating, number_or_range

# Tables K.1 and K.2 of ITU-T T.81 (1992), in rows, of which quality 50 divides by.
_LUMINANCE = """
16 11 10 16 24 40 51 61 12 12 14 19 26 58 60 55 14 13 16 24 40 57 69 56 14 17 22 29 51 87 80 62
18 22 37 56 68 109 103 77 24 35 55 64 81 104 113 92 49 64 78 87 103 121 120 101 72 92 95 98 112 100 103 99"""
_CHROMINANCE = """
17 18 24 47 99 99 99 99 18 21 26 66 99 99 99 99 24 26 56 99 99 99 99 99 47 66 99 99 99 99 99 99
99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99"""
_TABLES = np.array([text.split() for text in (_LUMINANCE, _CHROMINANCE, _CHROMINANCE)], dtype=int)

# JFIF: from RGB to brightness and two differences of color.
_COLORS = np.array([[0.299, 0.587, 0.114], [0, 0, 0.5], [0.5, 0, 0]])
_COLORS[1, :2] = -0.5 * _COLORS[0, :2] / (1 - 0.114)
_COLORS[2, 1:] = -0.5 * _COLORS[0, 1:] / (1 - 0.299)

# The orthonormal cosine transform of 8 values, and of the 64 of a block in rows.
_COSINES = np.sqrt(np.where(np.arange(8) == 0, 1, 2) / 8)[:, None] * np.cos(
    np.pi / 8 * np.arange(8)[:, None] * (np.arange(8) + 0.5)
)
_BLOCK = np.kron(_COSINES, _COSINES)

# How far a projected coefficient stays within its interval, in steps of quantization, for the sake of rounding.
_MARGIN = 1e-3


@DEGRADATIONS.register_module()
class JPEG(Degradation):
    """Compress each frame as JPEG does, with color in full resolution (4:4:4), and decode it.

    It is not linear, so it has no ``A``: :meth:`project` says what is consistent with compressed frames. Source:
    ITU-T T.81; tables are scaled by the quality as libjpeg does. Values are not rounded before or after.

    Args:
        quality: From 1 to 100, a whole number or a range.
    """

    strengths = ('quality',)

    def __init__(self, quality: NumberOrRange = 30) -> None:
        self.quality = number_or_range('quality', quality, least=1, most=100, whole=True)

    def tables(self) -> np.ndarray:
        """Return the steps of quantization, int (3, 64): of brightness and of two colors, by row and column."""
        quality = self.number('quality')
        percent = 5000 // quality if quality < 50 else 200 - 2 * quality
        return np.clip((_TABLES * percent + 50) // 100, 1, 255)

    def degrade(self, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the decoded clip; sizes that are no multiples of 8 are padded as an encoder does."""
        height, width = x.shape[1:3]
        whole = np.pad(x, ((0, 0), (0, -height % 8), (0, -width % 8), (0, 0)), mode='edge')
        steps = self._steps(x)
        return _decoded(np.rint(_transformed(whole) / steps) * steps, whole)[:, :height, :width]

    def coefficients(self, x: np.ndarray) -> np.ndarray:
        """Return the quantized coefficients of a clip, int (T, H / 8, W / 8, 3, 64).

        Raises:
            DataError: If a side of the frames is no multiple of 8 pixels.
        """
        x = floating(_checked(x))
        return np.rint(_transformed(x) / self._steps(x)).astype(np.int32)

    def project(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return the nearest clip to ``x`` that compresses to the coefficients of ``y``.

        It is nearest in the space of coefficients; values are not clipped to 0 to 255, nor rounded.

        Args:
            x: A floating clip.
            y: The decoded frames of the compressed clip, uint8 or floating. Their own rounding and clipping change a
                coefficient where steps of quantization are as small, that is at high quality.

        Raises:
            DataError: If a side of the frames is no multiple of 8 pixels, or the shapes differ.
        """
        if x.shape != y.shape:
            raise DataError(f'JPEG: got clips of the shapes {x.shape} and {y.shape}, expected the same.')
        observed, steps = self.coefficients(y), self._steps(x)
        half = 0.5 - _MARGIN
        return _decoded(np.clip(_transformed(x) / steps, observed - half, observed + half) * steps, x)

    def _steps(self, x: np.ndarray) -> np.ndarray:
        return self.tables().astype(x.dtype)


def _transformed(x: np.ndarray) -> np.ndarray:
    """Return the coefficients (T, H / 8, W / 8, 3, 64) of a clip of whole blocks."""
    frames, height, width, _ = x.shape
    colors = x @ _COLORS.T.astype(x.dtype)
    colors[..., 0] -= 128
    blocks = colors.reshape(frames, height // 8, 8, width // 8, 8, 3).transpose(0, 1, 3, 5, 2, 4)
    return blocks.reshape(*blocks.shape[:4], 64) @ _BLOCK.T.astype(x.dtype)


def _decoded(coefficients: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return the clip of coefficients, of the shape and dtype of ``x``."""
    blocks = coefficients.astype(x.dtype) @ _BLOCK.astype(x.dtype)
    colors = blocks.reshape(*blocks.shape[:4], 8, 8).transpose(0, 1, 4, 2, 5, 3).reshape(x.shape)
    colors[..., 0] += 128
    return colors @ np.linalg.inv(_COLORS).T.astype(x.dtype)


def _checked(x: np.ndarray) -> np.ndarray:
    height, width = x.shape[1:3]
    if height % 8 or width % 8:
        raise DataError(f'JPEG: got frames of {height}x{width} pixels, expected multiples of 8. Crop them.')
    return x
