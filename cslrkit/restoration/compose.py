"""Several degradations, one after the other."""

import copy
from typing import Any, Callable, Dict, Sequence, Union

import numpy as np

from cslrkit.errors import ConfigError
from cslrkit.registry import DEGRADATIONS
from cslrkit.restoration.degradation import Degradation, LinearDegradation
from cslrkit.utils.config_path import config_path


@DEGRADATIONS.register_module()
class Compose(LinearDegradation):
    """Apply degradations in their order.

    It is linear if all of them are. Its pseudo-inverse and proximal step have no closed form: conjugate gradients find
    them, the pseudo-inverse up to what ``A`` nearly loses.

    Args:
        degradations: Configs, or built ones.

    Raises:
        ConfigError: If there are none, or one is wrong; by the methods of a linear degradation, if one is not linear.
    """

    def __init__(self, degradations: Sequence[Union[Dict[str, Any], Degradation]]) -> None:
        if not isinstance(degradations, (list, tuple)) or not degradations:
            raise ConfigError(f'got {degradations!r}, expected a list of degradations.', path='degradations')
        self.degradations = []
        for place, part in enumerate(degradations):
            with config_path(f'degradations[{place}]'):
                self.degradations.append(part if isinstance(part, Degradation) else DEGRADATIONS.build(part))

    def drawn(self, rng: np.random.Generator) -> 'Compose':
        """Return a copy with drawn strengths."""
        fixed = copy.copy(self)
        fixed.degradations = [part.drawn(rng) for part in self.degradations]
        return fixed

    def degrade(self, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the clip after all of them."""
        for part in self.degradations:
            x = part.degrade(x, rng)
        return x

    def A(self, x: np.ndarray) -> np.ndarray:  # noqa: N802
        """Return what is observed after all of them."""
        for part in self._linear():
            x = part.A(x)
        return x

    def adjoint(self, y: np.ndarray) -> np.ndarray:
        """Return the adjoints of all of them, the last one's first."""
        for part in reversed(self._linear()):
            y = part.adjoint(y)
        return y

    def pseudo_inverse(self, y: np.ndarray) -> np.ndarray:
        """Return an approximation, as good as conjugate gradients get."""
        return _solved(lambda x: self.adjoint(self.A(x)), self.adjoint(y))

    def proximal(self, z: np.ndarray, y: np.ndarray, rho: float) -> np.ndarray:
        """Solve the normal equations."""
        shift = _solved(lambda x: self.adjoint(self.A(x)) + rho * x, self.adjoint(y - self.A(z)))
        return z + shift

    def _linear(self) -> Sequence[LinearDegradation]:
        for part in self.degradations:
            if not isinstance(part, LinearDegradation):
                raise ConfigError(f'Compose: {type(part).__name__} is not linear, so the composition has no A.')
        return self.degradations


def _solved(product: Callable[[np.ndarray], np.ndarray], right: np.ndarray) -> np.ndarray:
    """Return x with ``product(x) == right`` by conjugate gradients from 0, for a symmetric product."""
    x, residual = np.zeros_like(right), right.copy()
    direction, size = residual.copy(), float(np.vdot(residual, residual))
    enough = (10 * np.finfo(right.dtype).eps) ** 2 * size
    for _ in range(1000):
        if size <= enough:
            break
        image = product(direction)
        step = size / float(np.vdot(direction, image))
        x += step * direction
        residual -= step * image
        size, before = float(np.vdot(residual, residual)), size
        direction = residual + size / before * direction
    return x
