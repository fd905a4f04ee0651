"""Stems, residual blocks and stages of 3-D residual networks with one or more pathways.

Source: facebookresearch/SlowFast as copied by kaistmm/SlowFastSign 37d1b6c
(``slowfast_modules/{stem,resnet,weight_init}_helper.py``). Module names, their order and the
initialization are the same, so published weights load by name; groups, dilation and non-local
blocks, which no published recipe switches on, are left out.
"""

from typing import List, Sequence

import torch
from torch import nn

from cslrkit.models.checkpointing import checkpointed

# Residual blocks of the stages s2..s5 by depth, and how many of them, from the first on, have the
# stage's temporal kernel; the others have 1 (published yaml files, NUM_BLOCK_TEMP_KERNEL).
STAGE_BLOCKS = {18: (2, 2, 2, 2), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3)}
TEMPORAL_BLOCKS = {18: (2, 2, 2, 2), 50: (3, 4, 6, 3), 101: (3, 4, 6, 3)}
SPATIAL_STRIDES = (1, 2, 2, 2)


class BasicStem(nn.Module):
    """Convolution, batch norm, ReLU and a spatial max pooling.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        temporal_kernel: Temporal kernel size of the convolution, odd.
    """

    def __init__(self, in_channels: int, out_channels: int, *, temporal_kernel: int) -> None:
        super().__init__()
        self.conv = nn.Conv3d(
            in_channels,
            out_channels,
            (temporal_kernel, 7, 7),
            stride=(1, 2, 2),
            padding=(temporal_kernel // 2, 3, 3),
            bias=False,
        )
        self.bn = nn.BatchNorm3d(out_channels)
        self.relu = nn.ReLU(inplace=True)
        self.pool_layer = nn.MaxPool3d((1, 3, 3), stride=(1, 2, 2), padding=(0, 1, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (N, C, T, H, W) to (N, C', T, H / 4, W / 4), rounded up."""
        return self.pool_layer(self.relu(self.bn(self.conv(x))))


class BasicTransform(nn.Module):
    """T x 3 x 3 and 1 x 3 x 3 convolutions, the residual branch of depth 18.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        inner_channels: Not used here; the bottleneck branch takes the same arguments.
        temporal_kernel: Temporal kernel size of the first convolution, odd.
        stride: Spatial stride of the first convolution.
    """

    def __init__(
        self, in_channels: int, out_channels: int, *, inner_channels: int, temporal_kernel: int, stride: int
    ) -> None:
        super().__init__()
        self.a = nn.Conv3d(
            in_channels,
            out_channels,
            (temporal_kernel, 3, 3),
            stride=(1, stride, stride),
            padding=(temporal_kernel // 2, 1, 1),
            bias=False,
        )
        self.a_bn = nn.BatchNorm3d(out_channels)
        self.a_relu = nn.ReLU(inplace=True)
        self.b = nn.Conv3d(out_channels, out_channels, (1, 3, 3), padding=(0, 1, 1), bias=False)
        self.b_bn = nn.BatchNorm3d(out_channels)

    @property
    def final_bn(self) -> nn.BatchNorm3d:
        """The batch norm that ends the branch."""
        return self.b_bn

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Compute the branch."""
        x = self.a_relu(self.a_bn(self.a(x)))
        return self.b_bn(self.b(x))


class BottleneckTransform(nn.Module):
    """T x 1 x 1, 1 x 3 x 3 and 1 x 1 x 1 convolutions, the residual branch of depths 50 and 101.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        inner_channels: Channels between the convolutions.
        temporal_kernel: Temporal kernel size of the first convolution, odd.
        stride: Spatial stride of the middle convolution.
    """

    def __init__(
        self, in_channels: int, out_channels: int, *, inner_channels: int, temporal_kernel: int, stride: int
    ) -> None:
        super().__init__()
        self.a = nn.Conv3d(
            in_channels, inner_channels, (temporal_kernel, 1, 1), padding=(temporal_kernel // 2, 0, 0), bias=False
        )
        self.a_bn = nn.BatchNorm3d(inner_channels)
        self.a_relu = nn.ReLU(inplace=True)
        self.b = nn.Conv3d(
            inner_channels, inner_channels, (1, 3, 3), stride=(1, stride, stride), padding=(0, 1, 1), bias=False
        )
        self.b_bn = nn.BatchNorm3d(inner_channels)
        self.b_relu = nn.ReLU(inplace=True)
        self.c = nn.Conv3d(inner_channels, out_channels, 1, bias=False)
        self.c_bn = nn.BatchNorm3d(out_channels)

    @property
    def final_bn(self) -> nn.BatchNorm3d:
        """The batch norm that ends the branch."""
        return self.c_bn

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Compute the branch."""
        x = self.a_relu(self.a_bn(self.a(x)))
        x = self.b_relu(self.b_bn(self.b(x)))
        return self.c_bn(self.c(x))


class ResBlock(nn.Module):
    """A residual block: a branch, and a projection where the shape changes.

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
            self.branch1 = nn.Conv3d(in_channels, out_channels, 1, stride=(1, stride, stride), bias=False)
            self.branch1_bn = nn.BatchNorm3d(out_channels)
        transform = BottleneckTransform if bottleneck else BasicTransform
        self.branch2 = transform(
            in_channels, out_channels, inner_channels=inner_channels, temporal_kernel=temporal_kernel, stride=stride
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
        with_cp: Whether training keeps inputs only and computes the rest again.
    """

    def __init__(self, out_channels: Sequence[int], temporal_kernels: Sequence[int], *, with_cp: bool = False) -> None:
        super().__init__()
        self.with_cp = with_cp
        for pathway, (channels, kernel) in enumerate(zip(out_channels, temporal_kernels)):
            self.add_module(f'pathway{pathway}_stem', BasicStem(3, channels, temporal_kernel=kernel))

    def forward(self, pathways: List[torch.Tensor]) -> List[torch.Tensor]:
        """Apply each stem to its pathway."""
        stems = [getattr(self, f'pathway{index}_stem') for index in range(len(pathways))]
        return [_apply(stem, x, with_cp=self.with_cp) for stem, x in zip(stems, pathways)]


class ResStage(nn.Module):
    """One of the stages s2..s5: residual blocks for each pathway.

    Args:
        in_channels: Channels of the input, by pathway.
        out_channels: Channels of the output, by pathway.
        inner_channels: Channels inside bottlenecks, by pathway.
        temporal_kernels: Temporal kernel sizes, by pathway.
        num_blocks: Number of blocks.
        num_temporal_blocks: How many of them, from the first on, have the temporal kernel.
        stride: Spatial stride of the first block.
        bottleneck: Whether the blocks are bottlenecks.
        with_cp: Whether training keeps each block's input only and computes the rest again.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        out_channels: Sequence[int],
        *,
        inner_channels: Sequence[int],
        temporal_kernels: Sequence[int],
        num_blocks: int,
        num_temporal_blocks: int,
        stride: int,
        bottleneck: bool,
        with_cp: bool = False,
    ) -> None:
        super().__init__()
        self.num_blocks = num_blocks
        self.with_cp = with_cp
        for pathway in range(len(in_channels)):
            for index in range(num_blocks):
                block = ResBlock(
                    in_channels[pathway] if index == 0 else out_channels[pathway],
                    out_channels[pathway],
                    inner_channels=inner_channels[pathway],
                    temporal_kernel=temporal_kernels[pathway] if index < num_temporal_blocks else 1,
                    stride=stride if index == 0 else 1,
                    bottleneck=bottleneck,
                )
                self.add_module(f'pathway{pathway}_res{index}', block)

    def forward(self, pathways: List[torch.Tensor]) -> List[torch.Tensor]:
        """Apply the blocks of each pathway in turn."""
        outputs = []
        for pathway, x in enumerate(pathways):
            for index in range(self.num_blocks):
                x = _apply(getattr(self, f'pathway{pathway}_res{index}'), x, with_cp=self.with_cp)
            outputs.append(x)
        return outputs


def _apply(module: nn.Module, x: torch.Tensor, *, with_cp: bool) -> torch.Tensor:
    return checkpointed(module, x) if with_cp and module.training else module(x)


def initialize(network: nn.Module) -> None:
    """Initialize as published: He et al. for convolutions, identity for residual blocks.

    Convolutions are normal with fan-out variance; batch norms are 1 and 0, except that the one that
    ends a residual branch starts at weight 0. Weights get channels-last memory, as clips have, which
    spares each convolution a copy.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv3d):
            nn.init.kaiming_normal_(module.weight, mode='fan_out', nonlinearity='relu')
        elif isinstance(module, nn.BatchNorm3d):
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)
    for module in network.modules():
        if isinstance(module, (BasicTransform, BottleneckTransform)):
            nn.init.zeros_(module.final_bn.weight)
    network.to(memory_format=torch.channels_last_3d)
