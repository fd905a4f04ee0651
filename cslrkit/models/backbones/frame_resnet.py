"""A residual network of 3-D convolutions on each frame, into which CorrNet, SEN and others put modules over time.

Source: hulianyuyy/CorrNet 98d97d0 ``modules/resnet.py``; names and shapes of parameters are the same.
"""

from typing import Dict, Optional, Type

import torch
from mmengine.model import BaseModule
from torch import nn

from cslrkit.errors import ConfigError
from cslrkit.models.backbones.frames import pool_frames
from cslrkit.models.backbones.residual3d import conv3d, initialize
from cslrkit.models.checkpointing import apply
from cslrkit.models.weights.pretrained import ScopedInit
from cslrkit.structures.stream_spec import StreamSpec
from cslrkit.utils.checks import check_clip, one_of, positive

REDUCTION = 16  # of channels in the modules over time, published
_STAGE_BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}


class FrameBlock(nn.Module):
    """Two 3 x 3 convolutions on each frame with a shortcut, as in ResNet-18 and 34.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        stride: Spatial stride of the first convolution.
    """

    def __init__(self, in_channels: int, out_channels: int, *, stride: int) -> None:
        super().__init__()
        self.conv1 = conv3d(in_channels, out_channels, (1, 3, 3), stride=stride)
        self.bn1 = nn.BatchNorm3d(out_channels)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = conv3d(out_channels, out_channels, (1, 3, 3))
        self.bn2 = nn.BatchNorm3d(out_channels)
        self.downsample: Optional[nn.Sequential] = None
        if stride != 1 or in_channels != out_channels:
            projection = conv3d(in_channels, out_channels, (1, 1, 1), stride=stride)
            self.downsample = nn.Sequential(projection, nn.BatchNorm3d(out_channels))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (N, C, T, H, W) to (N, C', T, H / stride, W / stride), rounded up."""
        shortcut = x if self.downsample is None else self.downsample(x)
        x = self.between(self.relu(self.bn1(self.conv1(x))))
        return self.relu(shortcut + self.bn2(self.conv2(x)))

    def between(self, x: torch.Tensor) -> torch.Tensor:
        """What a subclass does between the two convolutions; nothing here."""
        return x


class FrameStage(nn.Sequential):
    """A stage of blocks on each frame.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        num_blocks: Number of blocks.
        stride: Spatial stride of the first block.
        block: Class of the blocks.
        with_cp: Whether training keeps each block's input only and computes the rest again.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        num_blocks: int,
        *,
        stride: int,
        block: Type[FrameBlock] = FrameBlock,
        with_cp: bool = False,
    ) -> None:
        later = [block(out_channels, out_channels, stride=1) for _ in range(num_blocks - 1)]
        super().__init__(block(in_channels, out_channels, stride=stride), *later)
        self.with_cp = with_cp

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Apply the blocks in turn."""
        for block in self:
            x = apply(block, x, with_cp=self.with_cp)
        return x


class FrameResNet(ScopedInit, BaseModule):
    """Stem, four stages of blocks and pooling of each frame; the base of registered backbones.

    A subclass says which ``block`` the stages have, how many scalars ``alpha`` holds (``gates``) and where they start
    (``initial_gate``), and which modules (``extras``; ``late_extras`` where the published ones are registered behind
    all stages) are applied how (``after``) behind a stage.

    Args:
        depth: 18, as published, or 34.
        width: Channels of the stem, a multiple of 8; 64 is published.
        pool_grid: Cells along height and width over which features are averaged; each cell has its
            channels. 1 is published. More keeps the place of the hands, which a small network that
            starts from random weights learns faster with.
        with_cp: Activation checkpointing: training keeps the inputs of blocks and correlations only and
            computes the rest again, for less memory and more time. Results stay the same.
        init_cfg: Initial weights, e.g. ``dict(type='Pretrained', checkpoint='torchvision://resnet18')``; see
            :class:`~cslrkit.models.weights.Pretrained`.

    Shape:
        - Input: (N, 3, T, H, W)
        - Output: ``main`` (N, 8 width pool_grid^2, T)

    Raises:
        ConfigError: For another depth or width.
    """

    block: Type[FrameBlock] = FrameBlock
    gates: int = 0
    initial_gate: float = 0.0
    width_multiple: int = REDUCTION // 2  # modules over time begin at stage 2, which has twice the width

    def __init__(
        self,
        depth: int = 18,
        *,
        width: int = 64,
        pool_grid: int = 1,
        with_cp: bool = False,
        init_cfg: Optional[dict] = None,
    ) -> None:
        super().__init__(init_cfg)
        blocks = _STAGE_BLOCKS[one_of('depth', depth, _STAGE_BLOCKS)]
        if positive('width', width) % self.width_multiple:
            raise ConfigError(f'got {width}, expected a multiple of {self.width_multiple}.', path='width')
        self.pool_grid = positive('pool_grid', pool_grid)
        self.with_cp = with_cp
        if self.gates:
            self.alpha = nn.Parameter(torch.full((self.gates,), self.initial_gate))
        self.conv1 = conv3d(3, width, (1, 7, 7), stride=2)
        self.bn1 = nn.BatchNorm3d(width)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool3d((1, 3, 3), stride=(1, 2, 2), padding=(0, 1, 1))
        channels = width
        for stage, count in enumerate(blocks, start=1):
            out_channels = width * 2 ** (stage - 1)
            stride = 1 if stage == 1 else 2
            layer = FrameStage(channels, out_channels, count, stride=stride, block=self.block, with_cp=with_cp)
            self.add_module(f'layer{stage}', layer)
            channels = out_channels
            for name, module in self.extras(stage, channels).items():
                self.add_module(name, module)
        for name, module in self.late_extras(width).items():
            self.add_module(name, module)
        self.stream_specs = {'main': StreamSpec(channels * pool_grid**2)}
        initialize(self)

    def forward(self, x: torch.Tensor) -> Dict[str, torch.Tensor]:
        """Return the features, one per input frame."""
        check_clip(x)
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        for stage in range(1, 5):
            x = self.after(stage, getattr(self, f'layer{stage}')(x))
        return {'main': pool_frames(x, self.pool_grid)}

    def extras(self, stage: int, channels: int) -> Dict[str, nn.Module]:
        """Modules that a subclass puts behind a stage of so many channels, by name; none here."""
        return {}

    def late_extras(self, width: int) -> Dict[str, nn.Module]:
        """Modules that a subclass registers behind all stages, by name; none here."""
        return {}

    def after(self, stage: int, x: torch.Tensor) -> torch.Tensor:
        """What a subclass does after a stage; nothing here."""
        return x
