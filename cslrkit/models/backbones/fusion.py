"""Lateral connections between the slow and the fast pathway of a SlowFast network.

Source: kaistmm/SlowFastSign 37d1b6c, ``slowfast_modules/fuse_helper.py``; parameter names and their
order are the same.
"""

from typing import Dict, List, Optional, Type

import torch
from torch import nn

from cslrkit.models.backbones.frames import upsample_time

# By the names that SlowFast(fusion=...) takes; a class says its own: class MyFusion(BiConcat, name='mine').
FUSIONS: Dict[str, Type['FastToSlow']] = {}


class FastToSlow(nn.Module):
    """Concatenates a strided temporal convolution of the fast pathway to the slow one, as SlowFast does.

    The fusions below are kinds of it; SlowFastSign's names for the four are FuseFastToSlow, FuseBiCat, FuseBiAdd and
    FuseBiAdd2.

    Args:
        slow_channels: Channels of the slow pathway.
        fast_channels: Channels of the fast pathway.
        kernel: Temporal kernel size of the convolution from fast to slow, odd.
        ratio: Channels that concatenation adds to the slow pathway, as a multiple of the fast ones; it plays no part
            in a sum.
        alpha: Frames per slow step.

    Shape:
        Input and output are ``[slow (N, C, T_slow, H, W), fast (N, C', T, H, W)]``; the channels
        after fusion are ``slow_out`` and ``fast_out``.
    """

    concatenates = True

    def __init_subclass__(cls, name: str) -> None:
        super().__init_subclass__()
        FUSIONS[name] = cls

    def __init__(self, slow_channels: int, fast_channels: int, *, kernel: int, ratio: int, alpha: int) -> None:
        super().__init__()
        self.alpha = alpha
        fused = fast_channels * ratio if self.concatenates else slow_channels
        self.slow_out = slow_channels + fused if self.concatenates else slow_channels
        self.fast_out = fast_channels
        self.conv_f2s = nn.Conv3d(
            fast_channels, fused, (kernel, 1, 1), stride=(alpha, 1, 1), padding=(kernel // 2, 0, 0), bias=False
        )
        self.bn = nn.BatchNorm3d(fused)
        self.relu = nn.ReLU(inplace=True)

    def fast_to_slow(self, fast: torch.Tensor) -> torch.Tensor:
        """Bring the fast pathway to the slow one's steps."""
        return self.relu(self.bn(self.conv_f2s(fast)))

    def forward(self, pathways: List[torch.Tensor]) -> List[torch.Tensor]:
        """Fuse the pathways."""
        slow, fast = pathways
        return [torch.cat([slow, self.fast_to_slow(fast)], 1), fast]


FUSIONS['fast_to_slow'] = FastToSlow


class BiConcat(FastToSlow, name='bi_concat'):
    """Concatenates each pathway's convolution to the other; the slow one's is repeated over the frames."""

    def __init__(self, slow_channels: int, fast_channels: int, *, kernel: int, ratio: int, alpha: int) -> None:
        super().__init__(slow_channels, fast_channels, kernel=kernel, ratio=ratio, alpha=alpha)
        if self.concatenates:
            self.fast_out = 2 * fast_channels
        self.conv_s2f = nn.Conv3d(slow_channels, fast_channels, 1, bias=False)
        self.bn2 = nn.BatchNorm3d(fast_channels)
        self.register_parameter('weight_s', None)
        self.register_parameter('weight_f', None)

    def forward(self, pathways: List[torch.Tensor]) -> List[torch.Tensor]:
        """Fuse the pathways."""
        slow, fast = pathways
        to_slow = self.fast_to_slow(fast)
        to_fast = upsample_time(self.relu(self.bn2(self.conv_s2f(slow))), self.alpha, fast.shape[2])
        return [self.join(slow, to_slow, self.weight_s), self.join(fast, to_fast, self.weight_f)]

    def join(self, x: torch.Tensor, other: torch.Tensor, weight: Optional[torch.Tensor]) -> torch.Tensor:
        """Combine a pathway with what comes to it from the other one; only a sum has a weight."""
        return torch.cat([x, other], 1)


class BiAdd(BiConcat, name='bi_add'):
    """Adds each pathway's convolution to the other, scaled by a learnt weight that starts at 0."""

    concatenates = False
    initial_weight = 0.0

    def __init__(self, slow_channels: int, fast_channels: int, *, kernel: int, ratio: int, alpha: int) -> None:
        super().__init__(slow_channels, fast_channels, kernel=kernel, ratio=ratio, alpha=alpha)
        self.weight_s = nn.Parameter(torch.full((1,), self.initial_weight))
        self.weight_f = nn.Parameter(torch.full((1,), self.initial_weight))

    def join(self, x: torch.Tensor, other: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        """Return ``x + weight * other``."""
        return gated_sum(x, other, weight)


class BiAdd2(BiAdd, name='bi_add2'):
    """Blends each pathway with the other's convolution by a learnt weight that starts at 1."""

    initial_weight = 1.0

    def join(self, x: torch.Tensor, other: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        """Return ``weight * x + (1 - weight) * other``."""
        return weight * x + (1 - weight) * other


def gated_sum(x: torch.Tensor, other: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Return ``x + weight * other``; ``other`` gives its memory up where no gradient needs it."""
    weight = weight.to(other.dtype)  # else mixed precision would go on in float32 from here
    if torch.is_grad_enabled():
        return x + weight * other
    return other.mul_(weight).add_(x)
