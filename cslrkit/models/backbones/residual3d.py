"""Stems, residual blocks and stages of 3-D residual networks with one or more pathways.

Source: facebookresearch/SlowFast as copied by kaistmm/SlowFastSign 37d1b6c
(``slowfast_modules/{stem,resnet,weight_init}_helper.py``). Module names, their order and the
initialization are the same, so published weights load by name; groups, dilation and non-local
blocks, which no published recipe switches on, are left out.
"""

from typing import List, Optional, Sequence, Tuple

import torch
from torch import nn

from cslrkit.models.checkpointing import apply

# Residual blocks of the stages s2..s5 by depth, and how many of them, from the first on, have the
# stage's temporal kernel; the others have 1 (published yaml files, NUM_BLOCK_TEMP_KERNEL).
STAGE_BLOCKS = {18: (2, 2, 2, 2), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3)}
TEMPORAL_BLOCKS = {18: (2, 2, 2, 2), 50: (3, 4, 6, 3), 101: (3, 4, 6, 3)}


def conv3d(in_channels: int, out_channels: int, kernel: Tuple[int, int, int], *, stride: int = 1) -> nn.Conv3d:
    """A convolution without bias, of odd kernels, that keeps the frames and divides height and width by ``stride``."""
    padding = tuple(size // 2 for size in kernel)
    return nn.Conv3d(in_channels, out_channels, kernel, stride=(1, stride, stride), padding=padding, bias=False)


class BasicStem(nn.Module):
    """Convolution, batch norm, ReLU and a spatial max pooling.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        temporal_kernel: Temporal kernel size of the convolution, odd.
    """

    def __init__(self, in_channels: int, out_channels: int, *, temporal_kernel: int) -> None:
        super().__init__()
        self.conv = conv3d(in_channels, out_channels, (temporal_kernel, 7, 7), stride=2)
        self.bn = nn.BatchNorm3d(out_channels)
        self.relu = nn.ReLU(inplace=True)
        self.pool_layer = nn.MaxPool3d((1, 3, 3), stride=(1, 2, 2), padding=(0, 1, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (N, C, T, H, W) to (N, C', T, H / 4, W / 4), rounded up."""
        return self.pool_layer(self.relu(self.bn(self.conv(x))))


class ResBranch(nn.Sequential):
    """The residual branch: convolutions ``a``, ``b`` ..., each with its batch norm, and ReLUs between them."""

    def __init__(self, *convs: nn.Conv3d) -> None:
        super().__init__()
        for name, conv in zip('abc', convs):
            self.add_module(name, conv)
            self.add_module(f'{name}_bn', nn.BatchNorm3d(conv.out_channels))
            if conv is not convs[-1]:
                self.add_module(f'{name}_relu', nn.ReLU(inplace=True))


class ResBlock(nn.Module):
    """A residual block: a branch, and a projection where the shape changes.

    A bottleneck, of depths 50 and 101, has T x 1 x 1, 1 x 3 x 3 and 1 x 1 x 1 convolutions, of which the second one has
    the stride; the branch of depth 18 has T x 3 x 3, with the stride, and 1 x 3 x 3.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        inner_channels: Channels inside a bottleneck.
        temporal_kernel: Temporal kernel size, odd.
        stride: Spatial stride.
        bottleneck: Whether the branch is a bottleneck.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        inner_channels: int,
        temporal_kernel: int,
        stride: int,
        bottleneck: bool,
    ) -> None:
        super().__init__()
        self.projects = in_channels != out_channels or stride != 1
        if self.projects:
            self.branch1 = conv3d(in_channels, out_channels, (1, 1, 1), stride=stride)
            self.branch1_bn = nn.BatchNorm3d(out_channels)
        if bottleneck:
            self.branch2 = ResBranch(
                conv3d(in_channels, inner_channels, (temporal_kernel, 1, 1)),
                conv3d(inner_channels, inner_channels, (1, 3, 3), stride=stride),
                conv3d(inner_channels, out_channels, (1, 1, 1)),
            )
        else:
            self.branch2 = ResBranch(
                conv3d(in_channels, out_channels, (temporal_kernel, 3, 3), stride=stride),
                conv3d(out_channels, out_channels, (1, 3, 3)),
            )
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (N, C, T, H, W) to (N, C', T, H / stride, W / stride), rounded up."""
        residual = self.branch2(x)
        shortcut = self.branch1_bn(self.branch1(x)) if self.projects else x
        # In place: the branch ends with a batch norm, whose backward does not read its output.
        return self.relu(residual.add_(shortcut))


class VideoStem(nn.Module):
    """The stage s1: a stem for each pathway.

    Args:
        out_channels: Channels of the output, by pathway.
        temporal_kernels: Temporal kernel sizes, by pathway.
        in_channels: Channels of the input.
        with_cp: Whether training keeps inputs only and computes the rest again.
    """

    def __init__(
        self,
        out_channels: Sequence[int],
        temporal_kernels: Sequence[int],
        *,
        in_channels: int = 3,
        with_cp: bool = False,
    ) -> None:
        super().__init__()
        self.with_cp = with_cp
        for pathway, (channels, kernel) in enumerate(zip(out_channels, temporal_kernels)):
            self.add_module(f'pathway{pathway}_stem', BasicStem(in_channels, channels, temporal_kernel=kernel))

    def forward(self, pathways: List[torch.Tensor]) -> List[torch.Tensor]:
        """Apply each stem to its pathway."""
        return [apply(stem, x, with_cp=self.with_cp) for stem, x in zip(self.children(), pathways)]


class ResStage(nn.Module):
    """One of the stages s2..s5: residual blocks for each pathway.

    The first of them divides height and width by 2, except in s2. Channels of the output, by pathway, are
    ``out_channels``.

    Args:
        in_channels: Channels of the input, by pathway.
        widths: Channels of the network's stem, by pathway.
        index: 0 for s2 to 3 for s5.
        depth: A key of ``STAGE_BLOCKS``; 50 and 101 have bottlenecks.
        temporal_kernels: Temporal kernel sizes, by pathway.
        temporal_blocks: For each of the four stages, how many blocks, from the first on, have the temporal kernel;
            the published numbers of the depth by default.
        with_cp: Whether training keeps each block's input only and computes the rest again.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        widths: Sequence[int],
        *,
        index: int,
        depth: int,
        temporal_kernels: Sequence[int],
        temporal_blocks: Optional[Sequence[int]] = None,
        with_cp: bool = False,
    ) -> None:
        super().__init__()
        self.num_blocks = STAGE_BLOCKS[depth][index]
        self.with_cp = with_cp
        self.out_channels = tuple(width * 4 * 2**index for width in widths)
        num_temporal = (TEMPORAL_BLOCKS[depth] if temporal_blocks is None else temporal_blocks)[index]
        for pathway, channels in enumerate(in_channels):
            for number in range(self.num_blocks):
                block = ResBlock(
                    channels if number == 0 else self.out_channels[pathway],
                    self.out_channels[pathway],
                    inner_channels=widths[pathway] * 2**index,
                    temporal_kernel=temporal_kernels[pathway] if number < num_temporal else 1,
                    stride=2 if number == 0 and index > 0 else 1,
                    bottleneck=depth > 18,
                )
                self.add_module(f'pathway{pathway}_res{number}', block)

    def forward(self, pathways: List[torch.Tensor]) -> List[torch.Tensor]:
        """Apply the blocks of each pathway in turn."""
        outputs = []
        for pathway, x in enumerate(pathways):
            for number in range(self.num_blocks):
                x = apply(getattr(self, f'pathway{pathway}_res{number}'), x, with_cp=self.with_cp)
            outputs.append(x)
        return outputs


def initialize(network: nn.Module) -> None:
    """Initialize as published: He et al. for convolutions, identity for residual blocks.

    Convolutions are normal with fan-out variance; batch norms are 1 and 0, except that the one that
    ends a residual branch starts at weight 0. Weights get channels-last memory, as clips have, which
    spares each convolution a copy.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv3d):
            nn.init.kaiming_normal_(module.weight, mode='fan_out', nonlinearity='relu')
            module.to(memory_format=torch.channels_last_3d)
        elif isinstance(module, nn.BatchNorm3d):
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)
    for module in network.modules():
        if isinstance(module, ResBranch):
            nn.init.zeros_(module[-1].weight)
