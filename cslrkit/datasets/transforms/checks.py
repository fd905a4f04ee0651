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


def check_at_least(where: str, argument: str, value: Any, least: float) -> Any:
    """Return a number if it is not below ``least``.

    Raises:
        ConfigError: If it is, or is none.
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not value >= least:
        raise ConfigError(f'{where}: {argument}: got {value!r}, expected a number from {least} on.')
    return value
