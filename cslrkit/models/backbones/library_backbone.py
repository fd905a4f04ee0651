"""Networks of other libraries as backbones: their weights, parts that are not trained, images of another size."""

from typing import Dict, List, Optional, Sequence, Tuple, Union

import torch
from mmengine.model import BaseModule
from torch import nn
from torch.nn import functional as F

from cslrkit.errors import ConfigError
from cslrkit.models.weights.pretrained import ScopedInit
from cslrkit.registry import nearest
from cslrkit.utils.messages import listed

Frozen = Union[bool, Sequence[str]]


class LibraryBackbone(ScopedInit, BaseModule):
    """A network of another library, of which parts may be frozen; the base of registered backbones.

    Args:
        net: The network, without its classifier.
        pretrained: Whether the library's weights are loaded when training starts.
        frozen: What is not trained; see :func:`freeze`.
        init_cfg: Initial weights from a file of these names; see :class:`~cslrkit.models.weights.Pretrained`.
    """

    def __init__(self, net: nn.Module, *, pretrained: bool, frozen: Frozen, init_cfg: Optional[dict]) -> None:
        super().__init__(init_cfg)
        self.net = net
        self.pretrained = pretrained
        self._frozen = freeze(net, frozen)

    def library_weights(self) -> Dict[str, torch.Tensor]:
        """The library's weights, by the names of ``net``."""
        raise NotImplementedError

    def init_weights(self) -> None:
        """Load the library's weights, then what ``init_cfg`` says."""
        if self.pretrained:
            self.net.load_state_dict(self.library_weights())
        super().init_weights()

    def train(self, mode: bool = True) -> 'LibraryBackbone':
        """Set the mode; frozen parts stay in evaluation."""
        super().train(mode)
        for part in self._frozen:
            part.eval()
        return self


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
