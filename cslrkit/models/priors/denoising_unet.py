"""The network of a diffusion prior."""

import math
from typing import Sequence

import torch
from torch import nn
from torch.nn import functional as F

from cslrkit.errors import ConfigError

_GROUPS = 8  # of a group norm
_LEVEL = 64  # numbers that stand for a noise level


class DenoisingUNet(nn.Module):
    """A small U-Net that is told the noise level.

    It works on squares of 2x2 pixels, which is a quarter of the computation. Source: the U-Net of DDPM (Ho et al.,
    2020), with a block a scale and without attention, so that crops may be larger than those of the training.

    Args:
        channels: Of each scale, the finest first; multiples of 8.

    Shape:
        Images (N, 3, H, W), H and W multiples of :attr:`multiple`, and levels (N,) from 0 to 1 give (N, 3, H, W).

    Raises:
        ConfigError: For other channels.
    """

    def __init__(self, channels: Sequence[int]) -> None:
        super().__init__()
        if not channels or any(not isinstance(width, int) or width < 1 or width % _GROUPS for width in channels):
            raise ConfigError(f'got {channels!r}, expected multiples of {_GROUPS}, one a scale.', path='channels')
        self.multiple = 2 ** len(channels)
        self.stem = nn.Conv2d(12, channels[0], 3, padding=1)
        self.embedding = nn.Sequential(nn.Linear(_LEVEL, 2 * _LEVEL), nn.SiLU())
        ins = [channels[0], *channels]
        self.down = nn.ModuleList(_Block(before, width) for before, width in zip(ins, channels))
        self.middle = _Block(channels[-1], channels[-1])
        outs = [*channels[1:], channels[-1]]
        self.up = nn.ModuleList(_Block(below + width, width) for below, width in zip(outs, channels))
        self.out = nn.Sequential(
            nn.GroupNorm(_GROUPS, channels[0]), nn.SiLU(), nn.Conv2d(channels[0], 12, 3, padding=1)
        )

    def forward(self, images: torch.Tensor, levels: torch.Tensor) -> torch.Tensor:
        """Return what is predicted of each pixel."""
        embedded = self.embedding(_waves(levels))
        x, passed = self.stem(F.pixel_unshuffle(images, 2)), []
        for place, block in enumerate(self.down):
            x = block(F.avg_pool2d(x, 2) if place else x, embedded)
            passed.append(x)
        x = self.middle(x, embedded)
        for place, block in reversed(list(enumerate(self.up))):
            x = block(torch.cat([x, passed[place]], 1), embedded)
            if place:
                x = F.interpolate(x, scale_factor=2.0, mode='nearest')
        return F.pixel_shuffle(self.out(x), 2)


class _Block(nn.Module):
    """Two convolutions beside a shortcut; the noise level scales and shifts what is between them."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(_GROUPS, in_channels)
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, padding=1)
        self.level = nn.Linear(2 * _LEVEL, 2 * out_channels)
        self.norm2 = nn.GroupNorm(_GROUPS, out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1)
        self.shortcut = nn.Identity() if in_channels == out_channels else nn.Conv2d(in_channels, out_channels, 1)
        nn.init.zeros_(self.conv2.weight)
        nn.init.zeros_(self.conv2.bias)

    def forward(self, x: torch.Tensor, embedded: torch.Tensor) -> torch.Tensor:
        scale, shift = self.level(embedded)[..., None, None].chunk(2, 1)
        y = self.conv1(F.silu(self.norm1(x)))
        y = self.conv2(F.silu(self.norm2(y) * (1 + scale) + shift))
        return self.shortcut(x) + y


def _waves(levels: torch.Tensor) -> torch.Tensor:
    """Return sines and cosines (N, 64) of levels (N,), of a quarter of a period to 250 periods."""
    rates = torch.exp(torch.linspace(0, math.log(1000), _LEVEL // 2, device=levels.device)) * math.pi / 2
    angles = levels[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], 1)
