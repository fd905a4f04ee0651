"""Values as pure functions of the epoch."""

import math
from typing import Any, Mapping, Sequence, Tuple, Union

from cslrkit.errors import ConfigError
from cslrkit.registry import SCHEDULES

Number = Union[int, float]


class Schedule:
    """A value for each epoch, which depends on nothing else; so a resumed training goes on with the same ones."""

    def at(self, epoch: int) -> Any:
        """Return the value of an epoch; the first is 0."""
        raise NotImplementedError


@SCHEDULES.register_module()
class Linear(Schedule):
    """A number that goes from ``start`` to ``stop`` in equal steps.

    Args:
        start: Value until epoch ``begin``. If both values are whole numbers, those between are rounded to such.
        stop: Value from epoch ``end`` on.
        end: First epoch of ``stop``.
        begin: Last epoch of ``start``.

    Raises:
        ConfigError: For values that are no numbers, or an ``end`` that is not after ``begin``.

    Examples:
        >>> [Linear(4, 2, end=4).at(epoch) for epoch in range(6)]
        [4, 4, 3, 2, 2, 2]
    """

    def __init__(self, start: Number, stop: Number, *, end: int, begin: int = 0) -> None:
        for name, value in (('start', start), ('stop', stop)):
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise ConfigError(f'got {value!r}, expected a number.', path=name)
        if not 0 <= begin < end:
            raise ConfigError(f'got begin {begin!r} and end {end!r}, expected epochs 0 <= begin < end.', path='end')
        self.start, self.stop, self.begin, self.end = start, stop, begin, end

    def at(self, epoch: int) -> Number:
        """Return the value of an epoch; the first is 0."""
        share = self._share(min(max((epoch - self.begin) / (self.end - self.begin), 0.0), 1.0))
        value = self.start + (self.stop - self.start) * share
        return round(value) if isinstance(self.start, int) and isinstance(self.stop, int) else value

    def _share(self, progress: float) -> float:
        """Share of the way that is done after a share of the epochs."""
        return progress


@SCHEDULES.register_module()
class Cosine(Linear):
    """A number that goes from ``start`` to ``stop`` along half a cosine: slowly at both ends. Arguments as of Linear.

    Examples:
        >>> [round(Cosine(0.0, 1.0, end=4).at(epoch), 2) for epoch in range(5)]
        [0.0, 0.15, 0.5, 0.85, 1.0]
    """

    def _share(self, progress: float) -> float:
        return (1 - math.cos(math.pi * progress)) / 2


@SCHEDULES.register_module()
class Step(Schedule):
    """Values of any kind, each from an epoch on.

    Args:
        values: First epoch of a value -> value, as a dict or as pairs; epoch 0 is among them.

    Raises:
        ConfigError: For keys that are no epochs, or without epoch 0.

    Examples:
        >>> order = Step({0: 'ascending', 2: 'random'})
        >>> [order.at(epoch) for epoch in range(4)]
        ['ascending', 'ascending', 'random', 'random']
    """

    def __init__(self, values: Union[Mapping[int, Any], Sequence[Tuple[int, Any]]]) -> None:
        try:
            self.values = sorted(
                ((int(epoch), value) for epoch, value in dict(values).items()), key=lambda pair: pair[0]
            )
        except (TypeError, ValueError):
            raise ConfigError(f'got {values!r}, expected a dict of epochs and values.', path='values') from None
        if not self.values or self.values[0][0] != 0:
            raise ConfigError(f'got {values!r}, expected a value for epoch 0 and for later ones.', path='values')

    def at(self, epoch: int) -> Any:
        """Return the value of an epoch; the first is 0."""
        return [value for first, value in self.values if first <= epoch][-1]
