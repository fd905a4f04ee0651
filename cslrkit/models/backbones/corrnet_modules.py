"""What CorrNet puts into a residual network: blocks on each frame, and correlation between neighbouring frames.

Source: "Continuous Sign Language Recognition with Correlation Network" (CVPR 2023), hulianyuyy/CorrNet
98d97d0 ``modules/resnet.py``; parameter names and shapes are the same, so published weights load by name.
"""

from typing import Optional

import torch
from torch import nn

from cslrkit.models.backbones.residual3d import conv3d
from cslrkit.models.checkpointing import apply

REDUCTION = 16  # of channels in the identification module, published
_DILATIONS = (1, 2, 3)  # of its branches along height and width
_TEMPORAL_KERNEL = 9
# Frames whose correlation maps are in memory at once: of H W x H W numbers each, 784 x 784 after stage 2.
_FRAMES_AT_ONCE = 16


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
        x = self.relu(self.bn1(self.conv1(x)))
        return self.relu(shortcut + self.bn2(self.conv2(x)))


class FrameStage(nn.Sequential):
    """A stage of blocks on each frame.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        num_blocks: Number of blocks.
        stride: Spatial stride of the first block.
        with_cp: Whether training keeps each block's input only and computes the rest again.
    """

    def __init__(
        self, in_channels: int, out_channels: int, num_blocks: int, *, stride: int, with_cp: bool = False
    ) -> None:
        later = [FrameBlock(out_channels, out_channels, stride=1) for _ in range(num_blocks - 1)]
        super().__init__(FrameBlock(in_channels, out_channels, stride=stride), *later)
        self.with_cp = with_cp

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Apply the blocks in turn."""
        for block in self:
            x = apply(block, x, with_cp=self.with_cp)
        return x


class FrameCorrelation(nn.Module):
    """Trajectories of each place of a frame into the frames before and after it.

    The *correlation module* weighs every place of a neighbouring frame by how much it resembles a place of
    this one, ``sigmoid(x . x') - 0.5``, and sums (equations 1 to 4 of the paper, K the whole image). The
    *identification module* says where that matters, ``sigmoid(...) - 0.5`` of depthwise convolutions over nine
    frames (equations 5 and 6). The result is their product; the first and the last frame are their own missing
    neighbours. As in the published code, and unlike in the paper, neighbours are projected first, the product of
    equation 1 is not divided by the channels, and the branches are dilated in space alone.

    Args:
        channels: Channels C of input and output, a multiple of 16.

    Shape:
        (N, C, T, H, W) to the same.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        reduced = channels // REDUCTION
        self.down_conv = nn.Conv3d(channels, reduced, 1, bias=False)
        self.down_conv2 = nn.Conv3d(channels, channels, 1, bias=False)
        for index, dilation in enumerate(_DILATIONS, start=1):
            branch = nn.Conv3d(
                reduced,
                reduced,
                (_TEMPORAL_KERNEL, 3, 3),
                padding=(_TEMPORAL_KERNEL // 2, dilation, dilation),
                dilation=(1, dilation, dilation),
                groups=reduced,
            )
            self.add_module(f'spatial_aggregation{index}', branch)
        self.weights = nn.Parameter(torch.full((3,), 1 / 3))  # of the branches
        self.weights2 = nn.Parameter(torch.full((2,), 1 / 2))  # of the next and the previous frame
        self.conv_back = nn.Conv3d(reduced, channels, 1, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return what is added to the features, before its learnt factor."""
        return self.trajectories(x) * self.places(x)

    def trajectories(self, x: torch.Tensor) -> torch.Tensor:
        """The correlation module: features of the neighbouring frames gathered for each place."""
        neighbours = self.down_conv2(x)
        following = torch.cat([neighbours[:, :, 1:], neighbours[:, :, -1:]], 2)
        preceding = torch.cat([neighbours[:, :, :1], neighbours[:, :, :-1]], 2)
        return self.weights2[0] * _gather(x, following) + self.weights2[1] * _gather(x, preceding)

    def places(self, x: torch.Tensor) -> torch.Tensor:
        """The identification module: a factor in (-0.5, 0.5) for each channel, frame and place."""
        reduced = self.down_conv(x)
        branches = (self.spatial_aggregation1, self.spatial_aggregation2, self.spatial_aggregation3)
        mixed = sum(weight * branch(reduced) for weight, branch in zip(self.weights, branches))
        return self.conv_back(mixed).sigmoid() - 0.5


def _gather(x: torch.Tensor, neighbour: torch.Tensor) -> torch.Tensor:
    """Sum over the places of each frame's ``neighbour``, weighed by their resemblance to each place of ``x``.

    Frames become matrices of a row for each place, which channels-last memory holds as they are, and the two
    sums become matrix products. Without gradients, memory stays bounded however long the clip is.
    """
    queries, keys = _places_by_frame(x), _places_by_frame(neighbour)
    gathered = [
        ((query @ key.transpose(1, 2)).sigmoid() - 0.5) @ key
        for query, key in zip(queries.split(_FRAMES_AT_ONCE), keys.split(_FRAMES_AT_ONCE))
    ]
    batch_size, _, num_frames, height, _ = x.shape
    frames = torch.cat(gathered).unflatten(1, (height, -1)).unflatten(0, (batch_size, num_frames))
    return frames.permute(0, 4, 1, 2, 3)


def _places_by_frame(x: torch.Tensor) -> torch.Tensor:
    """(N, C, T, H, W) to (N T, H W, C)."""
    return x.permute(0, 2, 3, 4, 1).flatten(0, 1).flatten(1, 2)
