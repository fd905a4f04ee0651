"""Networks of others as backbones: parts that are not trained, and images of another size."""

from typing import List, Optional, Sequence, Tuple, Union

import torch
from torch import nn
from torch.nn import functional as F

from cslrkit.errors import ConfigError
from cslrkit.registry import nearest
from cslrkit.utils.messages import listed

Frozen = Union[bool, Sequence[str]]


def freeze(network: nn.Module, frozen: Frozen) -> List[nn.Module]:
    """Exclude a network, or the parts of these names, from training.

    Args:
        network: The network.
        frozen: True for all of it, or names of modules or parameters; what lies in them is frozen, too.

    Returns:
        The frozen modules, which are to be in evaluation mode always, so that batch norms keep their statistics.

    Raises:
        ConfigError: For a name that the network does not have.
    """
    if isinstance(frozen, bool):
        network.requires_grad_(not frozen)
        return [network] if frozen else []
    modules, parameters, found = dict(network.named_modules()), dict(network.named_parameters()), []
    for name in frozen:
        if name in modules and name:
            found.append(modules[name].requires_grad_(False))
        elif name in parameters:
            parameters[name].requires_grad_(False)
        else:
            parts = [part for part, _ in network.named_children()]
            raise ConfigError(
                f'got {name!r}, expected parts of the network such as {listed(parts)}.{nearest(name, modules)}',
                path='frozen',
            )
    return found


def resized(frames: torch.Tensor, size: Optional[Tuple[int, int]]) -> torch.Tensor:
    """Return frames (M, 3, H, W) at another size, or as they are if they have it or it is None."""
    if size is None or tuple(frames.shape[2:]) == tuple(size):
        return frames
    return F.interpolate(frames, size, mode='bilinear', align_corners=False, antialias=True)
