"""CorrNet+: a residual network on each frame that gathers from several frames around it, and weighs frames."""

from typing import Dict

import torch
from torch import nn
from torch.nn import functional as F

from cslrkit.models.backbones.corrnet_modules import PlaceGate
from cslrkit.models.backbones.enhancement import TemporalEnhancement
from cslrkit.models.backbones.frame_resnet import REDUCTION, FrameResNet
from cslrkit.models.checkpointing import apply
from cslrkit.registry import BACKBONES

_NEIGHBOURS = {2: 1, 3: 3, 4: 5}  # after a stage, frames to each side
_DILATIONS = 3


@BACKBONES.register_module()
class CorrNetPlus(FrameResNet):
    """ResNet on each frame; after stages 2, 3 and 4 a correlation with 1, 3 and 5 frames to each side, then weights.

    ``x + alpha correlation(x)``, where ``alpha`` starts at 0, and then SEN's temporal module.

    Source: "CorrNet+" (Hu et al., arXiv 2404.11111), hulianyuyy/CorrNet_Plus f58b4ed
    ``CorrNet_Plus_CSLR/modules/resnet.py``; published weights load by name. Different here: any image size.

    Arguments, shape and errors are those of :class:`FrameResNet`.
    """

    gates = len(_NEIGHBOURS)

    def extras(self, stage: int, channels: int) -> Dict[str, nn.Module]:
        """The correlation and the weights of frames after a stage."""
        if stage not in _NEIGHBOURS:
            return {}
        return {
            f'corr{stage}': ClipCorrelation(channels, _NEIGHBOURS[stage]),
            f'temporal_weight{stage}': TemporalEnhancement(channels, _DILATIONS),
        }

    def after(self, stage: int, x: torch.Tensor) -> torch.Tensor:
        """Add the correlation, then weigh frames."""
        if stage not in _NEIGHBOURS:
            return x
        factor = self.alpha[list(_NEIGHBOURS).index(stage)]
        x = x + factor * apply(getattr(self, f'corr{stage}'), x, with_cp=self.with_cp)
        return x + getattr(self, f'temporal_weight{stage}')(x)


class ClipCorrelation(PlaceGate):
    """What resembles a frame in the frames around it, one vector for each frame.

    A frame's query is a weighted sum of the mean, the maximum and an attention over its places. Every place of the
    neighbouring frames, projected and weighted by its frame, is weighed by ``sigmoid(query . key) - 0.5`` and summed;
    frames outside of the clip are 0. The sum is multiplied by CorrNet's factor for each place.

    Args:
        channels: Channels C of input and output, a multiple of 16.
        neighbours: Frames to each side.

    Shape:
        (N, C, T, H, W) to the same.
    """

    def __init__(self, channels: int, neighbours: int) -> None:
        super().__init__()
        reduced = channels // REDUCTION
        self.offsets = [offset for offset in range(-neighbours, neighbours + 1) if offset]
        self.weights2 = nn.Parameter(torch.full((2 * neighbours,), 1 / (2 * neighbours)))  # of the frames
        self.weights3 = nn.Parameter(torch.full((3,), 1 / 3))
        self.weights4 = nn.Parameter(torch.full((3,), 1 / 3))  # of mean, maximum and attention
        self.weights = nn.Parameter(torch.full((3,), 1 / 3))  # of the branches
        self.down_conv2 = nn.Conv3d(channels, channels, 1, bias=False)
        self.attpool = _AttentionPool(channels)
        self.mlp = nn.Sequential(nn.Conv3d(channels, reduced, 1), nn.ReLU(), nn.Conv3d(reduced, channels, 1))
        self.down_conv = nn.Conv3d(channels, reduced, 1, bias=False)
        self.add_branches(reduced)
        self.conv_back = nn.Conv3d(reduced, channels, 1, bias=False)
        # The published code never uses these two, but its files hold them.
        self.weights3.requires_grad_(False)
        self.mlp.requires_grad_(False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return what is added to the features, before its learnt factor."""
        return self.gathered(x)[..., None, None] * self.places(x)

    def gathered(self, x: torch.Tensor) -> torch.Tensor:
        """Return a vector for each frame, (N, C, T), from the frames around it."""
        places = x.flatten(3)
        query = self.weights4[0] * places.mean(3) + self.weights4[1] * places.amax(3)
        query = (query + self.weights4[2] * self.attpool(x)[..., 0]).transpose(1, 2)[:, :, None]
        projected = self.down_conv2(x).flatten(3).permute(0, 2, 3, 1)
        num_frames, total = x.shape[2], x.new_zeros(())
        for weight, offset in zip(self.weights2, self.offsets):
            before, after = max(-offset, 0), max(offset, 0)
            keys = F.pad(weight * projected, (0, 0, 0, 0, before, after))[:, after : after + num_frames]
            total = total + ((query @ keys.transpose(2, 3)).sigmoid() - 0.5) @ keys
        return total[:, :, 0].transpose(1, 2)


class _AttentionPool(nn.Module):
    """Attention of one learnt query over the places of each frame, (N, C, T, H, W) to (N, C, T, 1)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.query = nn.Parameter(torch.randn(1, 1, channels) / channels**0.5)
        self.k_proj = nn.Linear(channels, channels)
        self.q_proj = nn.Linear(channels, channels)
        self.v_proj = nn.Linear(channels, channels)
        self.c_proj = nn.Linear(channels, channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Pool each frame."""
        places = x.flatten(3).permute(0, 2, 3, 1)
        keys, values = self.k_proj(places), self.v_proj(places)
        scores = keys @ self.q_proj(self.query[0, 0]) / x.shape[1] ** 0.5
        pooled = (scores.softmax(-1)[..., None] * values).sum(2)
        return self.c_proj(pooled).transpose(1, 2)[..., None]
