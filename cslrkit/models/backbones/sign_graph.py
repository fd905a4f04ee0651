"""SignGraph: a residual network on each frame with graphs of neighbours within frames and between them."""

from functools import lru_cache
from typing import Optional

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from cslrkit.models.backbones.graph_resnet import GraphResNet, TemporalGraph
from cslrkit.models.losses.base import precise
from cslrkit.registry import BACKBONES
from cslrkit.utils.checks import one_of

_PAIRS = 49  # joined between a frame and the next, after both stages
_NEIGHBOURS = {3: 3, 4: 4}  # of a place within its frame, itself included, after a stage
_GRID = {3: 14, 4: 7}  # places along height and width of a published frame
_GROUPS = 4


@BACKBONES.register_module()
class SignGraph(GraphResNet):
    """ResNet on each frame; behind stages 3 and 4 places gather from similar ones of their frame and of the next.

    Source: "SignGraph" (CVPR 2024), gswycf/SignGraph afb6716 ``modules/resnet.py``, ``modules/gcn_lib/``; published
    weights load by name. Different here: any image size, for which positions are computed anew; and by default the
    pairs of places of two frames are the nearest ones.

    Args:
        depth: 18, as published, or 34.
        temporal_pairs: ``'nearest'``, or ``'constant'``: the published code sets every similarity of two frames to
            100 before it takes the greatest, so the same arbitrary pairs are joined always. Published weights were
            trained so.
        width, pool_grid, with_cp, init_cfg: As in :class:`FrameResNet`.

    Shape:
        - Input: (N, 3, T, H, W)
        - Output: ``main`` (N, 8 width pool_grid^2, T)

    Raises:
        ConfigError: For a value that is not listed above.
    """

    def __init__(
        self,
        depth: int = 18,
        temporal_pairs: str = 'nearest',
        *,
        width: int = 64,
        pool_grid: int = 1,
        with_cp: bool = False,
        init_cfg: Optional[dict] = None,
    ) -> None:
        # First: the base asks for its modules.
        self.temporal_pairs = one_of('temporal_pairs', temporal_pairs, ('nearest', 'constant'))
        super().__init__(depth, width=width, pool_grid=pool_grid, with_cp=with_cp, init_cfg=init_cfg)

    def local_graph(self, stage: int, channels: int) -> nn.Module:
        """The graph within frames."""
        return NeighbourGraph(channels, _NEIGHBOURS[stage], grid=_GRID[stage])

    def temporal_graph(self, stage: int, channels: int) -> nn.Module:
        """The graph from each frame to the next."""
        return TemporalGraph(channels, offset=1, num_pairs=_PAIRS, constant=self.temporal_pairs == 'constant')


class NeighbourGraph(nn.Module):
    """A graph of the places of each frame: from its nearest neighbours a place takes the maximum of an edge function.

    Near is what has a small squared distance of features of unit length, plus a fixed term of the distance in the
    image; the edge function is ``ReLU(BN(conv([x_i, x_j - x_i])))``. This is the grapher of Vision GNN.

    Args:
        channels: Channels C, a multiple of 4.
        neighbours: How many, itself included; all places, if these are fewer.
        grid: Places along height and width of the frames for which positions are kept, as the published files do.

    Shape:
        (M, C, H, W) to the same, for M frames.
    """

    def __init__(self, channels: int, neighbours: int, *, grid: int) -> None:
        super().__init__()
        self.neighbours = neighbours
        self.grid = (grid, grid)
        self.register_buffer('relative_pos', relative_positions(channels, self.grid).clone())
        self.fc1 = nn.Sequential(nn.Conv2d(channels, channels, 1), nn.BatchNorm2d(channels))
        edge = nn.Conv2d(2 * channels, 2 * channels, 1, groups=_GROUPS)
        edge_function = nn.Sequential(edge, nn.BatchNorm2d(2 * channels), nn.ReLU(inplace=True))
        self.graph_conv = nn.ModuleDict({'gconv': nn.ModuleDict({'nn': edge_function})})  # published names
        self.fc2 = nn.Sequential(nn.Conv2d(2 * channels, channels, 1), nn.BatchNorm2d(channels))

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        """Return what is added to the features, before its learnt factor."""
        frames = self.fc1(frames)
        places = frames.flatten(2)
        nearest = self.nearest(places, frames.shape[2:])
        own = places[..., None].expand(-1, -1, -1, nearest.shape[2])
        index = nearest.flatten(1)[:, None].expand(-1, places.shape[1], -1)
        other = places.gather(2, index).unflatten(2, nearest.shape[1:])
        edges = self.graph_conv['gconv']['nn'](torch.cat([own, other - own], 1))
        return self.fc2(edges.amax(3).unflatten(2, frames.shape[2:]))

    @torch.no_grad()
    def nearest(self, places: torch.Tensor, grid: torch.Size) -> torch.Tensor:
        """Return the indices (M, P, k) of the nearest places of each, from features (M, C, P) of M frames."""
        features = F.normalize(precise(places), dim=1)
        squares = features.square().sum(1)
        distances = squares[:, :, None] - 2 * features.transpose(1, 2) @ features + squares[:, None]
        if tuple(grid) == self.grid:
            positions = self.relative_pos
        else:
            positions = relative_positions(places.shape[1], tuple(grid)).to(distances.device, non_blocking=True)
        distances = distances + positions.to(distances.dtype)
        return distances.topk(min(self.neighbours, distances.shape[2]), largest=False).indices


@lru_cache(maxsize=16)
def relative_positions(channels: int, grid: tuple) -> torch.Tensor:
    """Return how far places of a grid (height, width) are apart, (1, P, P), from -1 for the same place upwards.

    It is ``-2 P P^T / C`` of sines and cosines P of C numbers, half of them for the column and half for the row, as in
    masked autoencoders.
    """
    rows, columns = np.meshgrid(np.arange(grid[0]), np.arange(grid[1]), indexing='ij')
    frequencies = 1.0 / 10000 ** (np.arange(channels // 4) / (channels / 4))
    angles = [axis.reshape(-1, 1) * frequencies for axis in (columns, rows)]
    codes = np.concatenate([part for angle in angles for part in (np.sin(angle), np.cos(angle))], axis=1)
    return torch.from_numpy(-2 * codes @ codes.T / channels).float()[None]
