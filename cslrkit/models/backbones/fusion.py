"""Lateral connections between the slow and the fast pathway of a SlowFast network.

Source: kaistmm/SlowFastSign 37d1b6c, ``slowfast_modules/fuse_helper.py``; parameter names and their
order are the same.
"""

from typing import Dict, List, Type

import torch
from torch import nn

from cslrkit.models.backbones.frames import upsample_time


class LateralFusion(nn.Module):
    """What every fusion has: a strided temporal convolution from fast to slow.

    Args:
        slow_channels: Channels of the slow pathway.
        fast_channels: Channels of the fast pathway.
        kernel: Temporal kernel size of the convolution from fast to slow, odd.
        ratio: Channels that concatenation adds to the slow pathway, as a multiple of the fast ones.
        alpha: Frames per slow step.

    Shape:
        Input and output are ``[slow (N, C, T_slow, H, W), fast (N, C', T, H, W)]``; the channels
        after fusion are ``slow_out`` and ``fast_out``.
    """

    def __init__(self, slow_channels: int, fast_channels: int, *, kernel: int, ratio: int, alpha: int) -> None:
        super().__init__()
        self.alpha = alpha
        self.slow_out = slow_channels
        self.fast_out = fast_channels
        fused = self.fused_channels(slow_channels, fast_channels, ratio)
        self.conv_f2s = nn.Conv3d(
            fast_channels, fused, (kernel, 1, 1), stride=(alpha, 1, 1), padding=(kernel // 2, 0, 0), bias=False
        )
        self.bn = nn.BatchNorm3d(fused)
        self.relu = nn.ReLU(inplace=True)

    @staticmethod
    def fused_channels(slow_channels: int, fast_channels: int, ratio: int) -> int:
        """Channels that the convolution from fast to slow gives."""
        raise NotImplementedError

    def fast_to_slow(self, fast: torch.Tensor) -> torch.Tensor:
        """Bring the fast pathway to the slow one's steps."""
        return self.relu(self.bn(self.conv_f2s(fast)))


class FastToSlow(LateralFusion):
    """Concatenates the convolved fast pathway to the slow one, as SlowFast does (FuseFastToSlow)."""

    def __init__(self, slow_channels: int, fast_channels: int, *, kernel: int, ratio: int, alpha: int) -> None:
        super().__init__(slow_channels, fast_channels, kernel=kernel, ratio=ratio, alpha=alpha)
        self.slow_out = slow_channels + fast_channels * ratio

    @staticmethod
    def fused_channels(slow_channels: int, fast_channels: int, ratio: int) -> int:
        """Channels that the convolution from fast to slow gives."""
        return fast_channels * ratio

    def forward(self, pathways: List[torch.Tensor]) -> List[torch.Tensor]:
        """Fuse the pathways."""
        slow, fast = pathways
        return [torch.cat([slow, self.fast_to_slow(fast)], 1), fast]


class BidirectionalFusion(LateralFusion):
    """Adds a pointwise convolution from slow to fast, repeated over the fast pathway's frames."""

    def __init__(self, slow_channels: int, fast_channels: int, *, kernel: int, ratio: int, alpha: int) -> None:
        super().__init__(slow_channels, fast_channels, kernel=kernel, ratio=ratio, alpha=alpha)
        self.conv_s2f = nn.Conv3d(slow_channels, fast_channels, 1, bias=False)
        self.bn2 = nn.BatchNorm3d(fast_channels)

    def slow_to_fast(self, slow: torch.Tensor, num_frames: int) -> torch.Tensor:
        """Bring the slow pathway to the fast one's ``num_frames`` frames."""
        return upsample_time(self.relu(self.bn2(self.conv_s2f(slow))), self.alpha, num_frames)


class BiConcat(BidirectionalFusion):
    """Concatenates each pathway's convolution to the other (FuseBiCat)."""

    def __init__(self, slow_channels: int, fast_channels: int, *, kernel: int, ratio: int, alpha: int) -> None:
        super().__init__(slow_channels, fast_channels, kernel=kernel, ratio=ratio, alpha=alpha)
        self.slow_out = slow_channels + fast_channels * ratio
        self.fast_out = 2 * fast_channels

    @staticmethod
    def fused_channels(slow_channels: int, fast_channels: int, ratio: int) -> int:
        """Channels that the convolution from fast to slow gives."""
        return fast_channels * ratio

    def forward(self, pathways: List[torch.Tensor]) -> List[torch.Tensor]:
        """Fuse the pathways."""
        slow, fast = pathways
        fused_slow = torch.cat([slow, self.fast_to_slow(fast)], 1)
        return [fused_slow, torch.cat([fast, self.slow_to_fast(slow, fast.shape[2])], 1)]


class BiAdd(BidirectionalFusion):
    """Adds each pathway's convolution to the other, scaled by a learnt weight that starts at 0 (FuseBiAdd)."""

    initial_weight = 0.0

    def __init__(self, slow_channels: int, fast_channels: int, *, kernel: int, ratio: int, alpha: int) -> None:
        super().__init__(slow_channels, fast_channels, kernel=kernel, ratio=ratio, alpha=alpha)
        self.weight_s = nn.Parameter(torch.full((1,), self.initial_weight))
        self.weight_f = nn.Parameter(torch.full((1,), self.initial_weight))

    @staticmethod
    def fused_channels(slow_channels: int, fast_channels: int, ratio: int) -> int:
        """Channels that the convolution from fast to slow gives; the ratio plays no part in a sum."""
        return slow_channels

    def forward(self, pathways: List[torch.Tensor]) -> List[torch.Tensor]:
        """Fuse the pathways."""
        slow, fast = pathways
        to_slow, to_fast = self.fast_to_slow(fast), self.slow_to_fast(slow, fast.shape[2])
        return [_add_scaled(slow, to_slow, self.weight_s), _add_scaled(fast, to_fast, self.weight_f)]


class BiAdd2(BiAdd):
    """Blends each pathway with the other's convolution by a learnt weight that starts at 1 (FuseBiAdd2)."""

    initial_weight = 1.0

    def forward(self, pathways: List[torch.Tensor]) -> List[torch.Tensor]:
        """Fuse the pathways."""
        slow, fast = pathways
        fused_slow = self.weight_s * slow + (1 - self.weight_s) * self.fast_to_slow(fast)
        fused_fast = self.weight_f * fast + (1 - self.weight_f) * self.slow_to_fast(slow, fast.shape[2])
        return [fused_slow, fused_fast]


def _add_scaled(x: torch.Tensor, other: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """``x + weight * other``; ``other`` gives its memory up where no gradient needs it."""
    weight = weight.to(other.dtype)  # else mixed precision would go on in float32 from here
    if torch.is_grad_enabled():
        return x + weight * other
    return other.mul_(weight).add_(x)


FUSIONS: Dict[str, Type[LateralFusion]] = {
    'fast_to_slow': FastToSlow,
    'bi_concat': BiConcat,
    'bi_add': BiAdd,
    'bi_add2': BiAdd2,
}
