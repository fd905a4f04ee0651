"""A residual network on each frame with graphs behind its last two stages: the base of SignGraph and SignDAGC."""

from functools import cache
from typing import Dict

import torch
from torch import nn

from cslrkit.models.backbones.frame_resnet import FrameResNet
from cslrkit.models.backbones.residual3d import conv3d
from cslrkit.models.checkpointing import apply
from cslrkit.models.losses.base import precise

# What follows a stage, in order; the published code registers them behind all stages, by kind.
_GRAPHS = {3: ('localG', 'temporalG'), 4: ('localG2', 'temporalG2')}


class GraphResNet(FrameResNet):
    """ResNet on each frame; behind stages 3 and 4 a graph within frames, then one between frames.

    ``x + alpha local(x)``, then ``x + alpha temporal(x)``; the four ``alpha`` start at 1. A subclass builds the graphs.
    Arguments, shape and errors are those of :class:`FrameResNet`.
    """

    gates = 4
    initial_gate = 1.0

    def local_graph(self, stage: int, channels: int) -> nn.Module:
        """The graph within frames behind a stage of so many channels, which maps frames (M, C, H, W) to the same."""
        raise NotImplementedError

    def temporal_graph(self, stage: int, channels: int) -> nn.Module:
        """The graph between frames behind a stage of so many channels, which maps clips (N, C, T, H, W) to the same."""
        raise NotImplementedError

    def late_extras(self, width: int) -> Dict[str, nn.Module]:
        """The graphs."""
        return {
            names[kind]: build(stage, width * 2 ** (stage - 1))
            for kind, build in enumerate((self.local_graph, self.temporal_graph))
            for stage, names in _GRAPHS.items()
        }

    def after(self, stage: int, x: torch.Tensor) -> torch.Tensor:
        """Add both graphs."""
        if stage not in _GRAPHS:
            return x
        local, temporal = (getattr(self, name) for name in _GRAPHS[stage])
        gates = self.alpha[2 * (stage - 3) :]
        frames = x.transpose(1, 2).flatten(0, 1)
        frames = frames + gates[0] * apply(local, frames, with_cp=self.with_cp)
        x = frames.unflatten(0, (x.shape[0], x.shape[2])).transpose(1, 2)
        return x + gates[1] * apply(temporal, x, with_cp=self.with_cp)


class TemporalGraph(nn.Module):
    """A graph of the places of a clip, in which places of two frames are joined that resemble each other most.

    Between a frame and the one ``offset`` frames later, the pairs of places of smallest distance are edges in both
    directions; a graph convolution follows. Padded frames take part. Edges have no gradient. They are stored as
    matrices of places by places, so nothing but products of matrices is needed.

    Source: xhonghu/SignDAGC-master 5baad5f ``modules/sequencegraph.py``, gswycf/SignGraph afb6716
    ``modules/gcn_lib/temgraph.py``; names of parameters are the same.

    Args:
        channels: Channels C.
        offset: Frames between two that are joined.
        num_pairs: Pairs of places of two frames; all there are, if these are fewer.
        constant: Whether the pairs are those that ``torch.topk`` returns, on a CPU, where all distances are equal, as
            SignGraph's published code has it: after normalization it sets each of its similarities to 100.

    Shape:
        (N, C, T, H, W) to the same.
    """

    def __init__(self, channels: int, *, offset: int, num_pairs: int, constant: bool = False) -> None:
        super().__init__()
        self.offset = offset
        self.num_pairs = num_pairs
        self.constant = constant
        self.down_conv = nn.Sequential(conv3d(channels, channels, (3, 1, 1)), nn.BatchNorm3d(channels))
        self.up_conv = nn.Sequential(conv3d(channels, channels, (3, 1, 1)), nn.BatchNorm3d(channels))
        self.gconv = _GraphConv(channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return what is added to the features, before its learnt factor."""
        x = self.down_conv(x)
        nodes = x.flatten(3).permute(0, 2, 3, 1)
        joined = self.gconv(nodes, self.edges(nodes))
        return self.up_conv(joined.permute(0, 3, 1, 2).unflatten(3, x.shape[3:]))

    @torch.no_grad()
    def pairs(self, nodes: torch.Tensor) -> torch.Tensor:
        """Return the joined pairs of places of each frame and a later one, ``P * place + later place``.

        Args:
            nodes: Features of the P places, (N, T, P, C).

        Returns:
            (N, T - offset, pairs), the most similar pair first.
        """
        batch_size, num_frames, places, _ = nodes.shape
        joined = max(num_frames - self.offset, 0)
        count = min(self.num_pairs, places**2)
        if self.constant:
            return _constant_pairs(places**2, count).to(nodes.device).expand(batch_size, joined, -1)
        features = precise(nodes)
        distances = torch.cdist(features[:, :joined], features[:, num_frames - joined :])
        return distances.flatten(2).topk(count, largest=False).indices

    def edges(self, nodes: torch.Tensor) -> torch.Tensor:
        """Return 1 where places of a frame (rows) and of a later one (columns) are joined: (N, T - offset, P, P)."""
        pairs, places = self.pairs(nodes), nodes.shape[2]
        edges = nodes.new_zeros(*pairs.shape[:2], places**2).scatter_(2, pairs, 1.0)
        return edges.unflatten(2, (places, places))


class _GraphConv(nn.Module):
    """``D^-1/2 (A + 1) D^-1/2 x W^T + b`` over the graph of all places of a clip, D the degrees of A + 1."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(channels))
        self.lin = nn.Linear(channels, channels, bias=False)
        nn.init.xavier_uniform_(self.lin.weight)

    def forward(self, nodes: torch.Tensor, edges: torch.Tensor) -> torch.Tensor:
        """Map (N, T, P, C) to the same."""
        joined, first_later = edges.shape[1], nodes.shape[1] - edges.shape[1]
        degrees = edges.new_ones(nodes.shape[:3])
        degrees[:, :joined] += edges.sum(3)
        degrees[:, first_later:] += edges.sum(2)
        scale = degrees.rsqrt()[..., None]
        sources = scale * self.lin(nodes)
        summed = sources.clone()
        summed[:, :joined] += edges @ sources[:, first_later:]
        summed[:, first_later:] += edges.transpose(2, 3) @ sources[:, :joined]
        return scale * summed + self.bias


@cache
def _constant_pairs(total: int, count: int) -> torch.Tensor:
    return torch.full((total,), 100.0).topk(count).indices
