"""SEN's self-emphasizing modules, over time and over places."""

from typing import List

import torch
from torch import nn

from cslrkit.models.backbones.corrnet_modules import place_branches
from cslrkit.models.backbones.frame_resnet import REDUCTION

PLACE_BRANCHES = 3


class _Enhancement(nn.Module):
    """``alpha x (sigmoid(...) - 0.5)`` of weighted depthwise convolutions over fewer channels.

    Source: "Self-Emphasizing Network for Continuous Sign Language Recognition" (AAAI 2023), hulianyuyy/SEN_CSLR
    c9a4c7e ``modules/resnet.py``; names of parameters are the same.
    """

    def __init__(self, branches: int, *, alpha: float) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.full((branches,), 1 / branches))
        self.alpha = nn.Parameter(torch.full((1,), alpha))

    def factors(self, x: torch.Tensor) -> torch.Tensor:
        """Return factors in (-0.5, 0.5) of the shape of ``x``."""
        reduced = self.conv_transform(x)
        mixed = sum(weight * branch(reduced) for weight, branch in zip(self.weights, self.conv_enhance))
        return self.conv_back(mixed).sigmoid() - 0.5


class TemporalEnhancement(_Enhancement):
    """Which frames matter: the temporal module (TSEM), on means over places; starts at 0.

    CorrNet+ weighs frames by it, too (hulianyuyy/CorrNet_Plus f58b4ed), with three branches.

    Args:
        channels: Channels C, a multiple of 16.
        branches: How many convolutions of kernel 3, dilated by 1, 2, ... frames; SEN has five.

    Shape:
        (N, C, T, H, W) to the same.
    """

    def __init__(self, channels: int, branches: int) -> None:
        super().__init__(branches, alpha=0.0)
        reduced = channels // REDUCTION
        self.conv_transform = nn.Conv1d(channels, reduced, 1)
        self.conv_back = nn.Conv1d(reduced, channels, 1)
        convs: List[nn.Module] = [
            nn.Conv1d(reduced, reduced, 3, padding=dilation, dilation=dilation, groups=reduced)
            for dilation in range(1, branches + 1)
        ]
        self.conv_enhance = nn.ModuleList(convs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return what is added to the features."""
        return self.alpha * x * self.factors(x.mean((3, 4)))[..., None, None]


class SpatialEnhancement(_Enhancement):
    """Which places matter: the spatial module (SSEM); starts at 1.

    Args:
        channels: Channels C, a multiple of 16.

    Shape:
        (N, C, T, H, W) to the same.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(PLACE_BRANCHES, alpha=1.0)
        reduced = channels // REDUCTION
        self.conv_transform = nn.Conv3d(channels, reduced, 1)
        self.conv_enhance = nn.ModuleList(place_branches(reduced))
        self.conv_back = nn.Conv3d(reduced, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return what is added to the features."""
        return self.alpha * x * self.factors(x)
