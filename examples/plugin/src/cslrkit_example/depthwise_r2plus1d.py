"""A light (2+1)-D backbone: depthwise convolutions over space, then over time."""

from typing import Dict, Sequence

import torch
from torch import nn

from cslrkit.errors import ConfigError
from cslrkit.registry import BACKBONES
from cslrkit.structures import StreamSpec
from cslrkit.utils.checks import check_clip, positive


@BACKBONES.register_module()
class DepthwiseR2Plus1D(nn.Module):
    """Residual blocks of a depthwise convolution over space, one over time, and a pointwise one.

    Source: the factorisation of "A Closer Look at Spatiotemporal Convolutions" (CVPR 2018) with depthwise
    convolutions as in MobileNetV2 (CVPR 2018).

    Args:
        widths: Channels of the stages; each halves height and width.
        blocks: Blocks of each stage.
        temporal_kernel: Kernel over time, odd.

    Shape:
        - Input: (N, 3, T, H, W)
        - Output: ``main`` (N, widths[-1], T)

    Raises:
        ConfigError: For no widths, a width or number of blocks that is not positive, or an even kernel.
    """

    def __init__(self, widths: Sequence[int] = (24, 48, 96, 192), blocks: int = 1, *, temporal_kernel: int = 3) -> None:
        super().__init__()
        if not widths:
            raise ConfigError('got no widths, expected one for each stage.', path='widths')
        if positive('temporal_kernel', temporal_kernel) % 2 == 0:
            raise ConfigError(f'got {temporal_kernel}, expected an odd kernel.', path='temporal_kernel')
        stages = []
        channels = positive('widths', widths[0])
        stem = nn.Conv3d(3, channels, (1, 5, 5), stride=(1, 2, 2), padding=(0, 2, 2), bias=False)
        for width in widths:
            stages.append(_Block(channels, positive('widths', width), stride=2, temporal_kernel=temporal_kernel))
            channels = width
            for _ in range(positive('blocks', blocks) - 1):
                stages.append(_Block(channels, channels, stride=1, temporal_kernel=temporal_kernel))
        self.stem = nn.Sequential(stem, nn.BatchNorm3d(widths[0]), nn.ReLU())
        self.stages = nn.Sequential(*stages)
        self.stream_specs = {'main': StreamSpec(channels)}

    def forward(self, x: torch.Tensor) -> Dict[str, torch.Tensor]:
        """Return the features, one per input frame."""
        check_clip(x)
        return {'main': self.stages(self.stem(x)).mean(dim=(3, 4))}


class _Block(nn.Module):
    def __init__(self, in_channels: int, out_channels: int, *, stride: int, temporal_kernel: int) -> None:
        super().__init__()
        space, time = (1, 3, 3), (temporal_kernel, 1, 1)
        self.layers = nn.Sequential(
            nn.Conv3d(
                in_channels,
                in_channels,
                space,
                stride=(1, stride, stride),
                padding=(0, 1, 1),
                groups=in_channels,
                bias=False,
            ),
            nn.BatchNorm3d(in_channels),
            nn.Conv3d(
                in_channels, in_channels, time, padding=(temporal_kernel // 2, 0, 0), groups=in_channels, bias=False
            ),
            nn.BatchNorm3d(in_channels),
            nn.ReLU(),
            nn.Conv3d(in_channels, out_channels, 1, bias=False),
            nn.BatchNorm3d(out_channels),
        )
        self.shortcut: nn.Module = nn.Identity()
        if stride > 1 or in_channels != out_channels:
            self.shortcut = nn.Sequential(
                nn.Conv3d(in_channels, out_channels, 1, stride=(1, stride, stride), bias=False),
                nn.BatchNorm3d(out_channels),
            )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.layers(x) + self.shortcut(x))
