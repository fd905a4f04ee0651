"""What CorrNet puts into a residual network: correlation between neighbouring frames.

Source: "Continuous Sign Language Recognition with Correlation Network" (CVPR 2023), hulianyuyy/CorrNet
98d97d0 ``modules/resnet.py``; parameter names and shapes are the same, so published weights load by name.
"""

from typing import List

import torch
from torch import nn

from cslrkit.models.backbones.frame_resnet import REDUCTION

_DILATIONS = (1, 2, 3)  # of its branches along height and width
_TEMPORAL_KERNEL = 9
# Frames whose correlation maps are in memory at once: of H W x H W numbers each, 784 x 784 after stage 2.
_FRAMES_AT_ONCE = 16


class PlaceGate(nn.Module):
    """Base of correlations: the *identification module*, which says where a correlation matters.

    It is ``sigmoid(...) - 0.5`` of depthwise convolutions over nine frames, equations 5 and 6 of the paper. As in the
    published code, and unlike in the paper, the branches are dilated in space alone. Subclasses register ``weights``,
    ``down_conv``, the branches and ``conv_back`` in their published order.
    """

    def add_branches(self, reduced: int) -> None:
        """Register the depthwise convolutions."""
        for index, branch in enumerate(place_branches(reduced), start=1):
            self.add_module(f'spatial_aggregation{index}', branch)

    def places(self, x: torch.Tensor) -> torch.Tensor:
        """Return a factor in (-0.5, 0.5) for each channel, frame and place."""
        reduced = self.down_conv(x)
        branches = (self.spatial_aggregation1, self.spatial_aggregation2, self.spatial_aggregation3)
        mixed = sum(weight * branch(reduced) for weight, branch in zip(self.weights, branches))
        return self.conv_back(mixed).sigmoid() - 0.5


class FrameCorrelation(PlaceGate):
    """Trajectories of each place of a frame into the frames before and after it.

    The *correlation module* weighs every place of a neighbouring frame by how much it resembles a place of
    this one, ``sigmoid(x . x') - 0.5``, and sums (equations 1 to 4 of the paper, K the whole image). The result is
    its product with the identification module's factors; the first and the last frame are their own missing
    neighbours. As in the published code, and unlike in the paper, neighbours are projected first, and the product of
    equation 1 is not divided by the channels.

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
        self.add_branches(reduced)
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


def place_branches(channels: int) -> List[nn.Conv3d]:
    """Depthwise convolutions over nine frames, dilated by 1, 2 and 3 along height and width."""
    return [
        nn.Conv3d(
            channels,
            channels,
            (_TEMPORAL_KERNEL, 3, 3),
            padding=(_TEMPORAL_KERNEL // 2, dilation, dilation),
            dilation=(1, dilation, dilation),
            groups=channels,
        )
        for dilation in _DILATIONS
    ]


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
