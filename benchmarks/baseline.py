"""The straightforward way to run the network: what cslrkit is compared with."""

from functools import partial

import torch
from torch import nn

from benchmarks.parity.published_model import published_arithmetic
from cslrkit.models.backbones.residual3d import ResBlock


def straightforward(network: nn.Module) -> nn.Module:
    """Turn a network, in place, into what the published code runs.

    Memory is contiguous, each residual sum a new tensor, and LSTMs run over packed sequences.

    Args:
        network: A SlowFast or SlowOnly backbone, or a recognizer with one.

    Returns:
        The same network.
    """
    published_arithmetic(network)
    for module in network.modules():
        if isinstance(module, ResBlock):
            module.forward = partial(_published_block, module)
    return network


def _published_block(block: ResBlock, x: torch.Tensor) -> torch.Tensor:
    residual = block.branch2(x)
    shortcut = block.branch1_bn(block.branch1(x)) if block.projects else x
    return block.relu(shortcut + residual)
