"""Checks that transforms share."""

import numbers
from typing import Any, Dict, Optional, Sequence, Tuple, Union

from cslrkit.errors import ConfigError


def as_size(where: str, size: Union[int, Sequence[int]]) -> Tuple[int, int]:
    """Return a size given as one number or as (height, width).

    Raises:
        ConfigError: If it is neither, or not positive.
    """
    pair = (size, size) if isinstance(size, numbers.Number) else size
    if isinstance(pair, str) or not isinstance(pair, Sequence) or len(pair) != 2:
        raise ConfigError(f'{where}: got {size!r}, expected one number or (height, width).')
    if any(isinstance(number, bool) or not isinstance(number, int) or number < 1 for number in pair):
        raise ConfigError(f'{where}: got {size!r}, expected positive whole numbers of pixels.')
    return pair[0], pair[1]


def check_interval(where: str, interval: Optional[int]) -> Optional[int]:
    """Return ``interval`` if it is None or a positive whole number.

    Raises:
        ConfigError: If it is not.
    """
    if interval is not None and (isinstance(interval, bool) or not isinstance(interval, int) or interval < 1):
        raise ConfigError(f'{where}: frame_interval: got {interval!r}, expected 1, 2, ... or None.')
    return interval


def describe(results: Dict[str, Any]) -> str:
    """How messages name the sample in work."""
    return f"sample '{results['sample_id']}'" if 'sample_id' in results else 'clip'


def check_at_least(where: str, argument: str, value: Any, least: float, *, whole: bool = False) -> Any:
    """Return a number, or a whole one, if it is not below ``least``.

    Raises:
        ConfigError: If it is, or is none.
    """
    kind, what = (numbers.Integral, 'a whole number') if whole else (numbers.Real, 'a number')
    if isinstance(value, bool) or not isinstance(value, kind) or not value >= least:
        raise ConfigError(f'{where}: {argument}: got {value!r}, expected {what} from {least} on.')
    return value


def check_probability(where: str, argument: str, value: Any) -> float:
    """Return a probability.

    Raises:
        ConfigError: If it is none.
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not 0 <= value <= 1:
        raise ConfigError(f'{where}: {argument}: got {value!r}, expected a probability in [0, 1].')
    return value
