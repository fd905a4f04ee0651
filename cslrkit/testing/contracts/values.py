"""Trees of tensors (dicts, lists and tuples of them): changing, comparing, naming their leaves."""

from typing import Any, Callable, Dict

import torch

# Largest difference that counts as rounding, relative to the largest value.
TOLERANCE = 1e-4


def map_tensors(tree: Any, change: Callable[[torch.Tensor], torch.Tensor]) -> Any:
    """Return a copy of ``tree`` with ``change`` applied to every tensor."""
    if isinstance(tree, torch.Tensor):
        return change(tree)
    if isinstance(tree, dict):
        return {key: map_tensors(value, change) for key, value in tree.items()}
    if isinstance(tree, (list, tuple)):
        return type(tree)(map_tensors(value, change) for value in tree)
    return tree


def map_floats(tree: Any, change: Callable[[torch.Tensor], torch.Tensor]) -> Any:
    """Return a copy of ``tree`` with ``change`` applied to every floating-point tensor."""
    return map_tensors(tree, lambda tensor: change(tensor) if tensor.is_floating_point() else tensor)


def copy_of(tree: Any) -> Any:
    """Return a copy of ``tree`` that shares no memory with it."""
    return map_tensors(tree, lambda tensor: tensor.detach().clone())


def leaves(tree: Any, name: str = '') -> Dict[str, torch.Tensor]:
    """Return the tensors of ``tree`` by readable names, e.g. ``"['main']"``."""
    if isinstance(tree, torch.Tensor):
        return {name: tree}
    pairs: Any = ()
    if isinstance(tree, dict):
        pairs = tree.items()
    elif isinstance(tree, (list, tuple)):
        pairs = enumerate(tree)
    found: Dict[str, torch.Tensor] = {}
    for key, value in pairs:
        found.update(leaves(value, f'{name}[{key!r}]'))
    return found


def difference(first: Any, second: Any, *, tolerance: float = TOLERANCE) -> str:
    """Say in a few words how two trees differ; empty where they do not."""
    first, second = leaves(first), leaves(second)
    if list(first) != list(second):
        return f'{list(first)} against {list(second)}'
    for name, tensor in first.items():
        other = second[name]
        if tensor.shape != other.shape:
            return f'{name or "a tensor"} of shape {tuple(tensor.shape)} against {tuple(other.shape)}'
        if tensor.numel():
            scale = 1.0 + float(tensor.detach().abs().max())
            worst = float((tensor.detach().double() - other.detach().double()).abs().max())
            if not worst <= tolerance * scale:
                return f'{name or "values"} that differ by up to {worst:.3g}'
    return ''


def shape_of(value: Any) -> str:
    """Return the shape of a tensor, or the type of what is none, as text."""
    return str(tuple(value.shape)) if isinstance(value, torch.Tensor) else f'a {type(value).__name__}'


def random_streams(channels: Dict[str, int], batch_size: int, steps: int) -> Dict[str, torch.Tensor]:
    """Return random features (N, C, T) for each stream."""
    return {stream: torch.randn(batch_size, count, steps) for stream, count in channels.items()}


def is_channels(value: Any) -> bool:
    """Whether ``value`` is a dict of stream names to positive channel counts."""
    return (
        isinstance(value, dict)
        and len(value) > 0
        and all(isinstance(key, str) and isinstance(count, int) and count > 0 for key, count in value.items())
    )
