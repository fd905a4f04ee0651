"""Checks that the parts of a recognizer share."""

from typing import Any, Iterable

import torch

from cslrkit.errors import ConfigError, DataError
from cslrkit.utils.messages import nearest


def one_of(argument: str, value: Any, allowed: Iterable[Any]) -> Any:
    """Return ``value`` if it is allowed.

    Raises:
        ConfigError: Otherwise, with the path ``argument``.
    """
    allowed = list(allowed)
    if value in allowed:
        return value
    hint = nearest(value, allowed) if isinstance(value, str) else ''
    raise ConfigError(f'got {value!r}, expected one of {", ".join(map(repr, allowed))}.{hint}', path=argument)


def positive(argument: str, value: Any) -> int:
    """Return ``value`` if it is a positive integer.

    Raises:
        ConfigError: Otherwise, with the path ``argument``.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ConfigError(f'got {value!r}, expected a positive integer.', path=argument)
    return value


def check_clip(x: torch.Tensor, channels: int = 3) -> None:
    """Check that ``x`` is a batch of clips, of RGB by default, (N, C, T, H, W) with at least a frame.

    Raises:
        DataError: Otherwise.
    """
    if x.dim() != 5 or x.shape[1] != channels or x.shape[2] == 0:
        raise DataError(
            f'backbone input: got the shape {tuple(x.shape)}, expected (N, {channels}, T, H, W) with T > 0.'
        )
