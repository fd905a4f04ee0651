"""SignDAGC: a residual network on each frame with axial graphs within frames, and graphs between frames."""

import torch
from torch import nn

from cslrkit.models.backbones.graph_resnet import GraphResNet, TemporalGraph
from cslrkit.registry import BACKBONES

_OFFSET = 2  # frames between two that are joined
_PAIRS = {3: 196, 4: 49}  # of places of two frames, after a stage
_STEP = {3: 2, 4: 1}  # places between two that are compared along an axis, after a stage


@BACKBONES.register_module()
class SignDAGC(GraphResNet):
    """ResNet on each frame; behind stages 3 and 4 places gather along rows and columns, then between frames.

    Source: "SignDAGC" (2025), xhonghu/SignDAGC-master 5baad5f ``modules/resnet.py``, ``spacegraph.py``,
    ``sequencegraph.py``; published weights, of depth 34, load by name. Different here: any image size.

    Arguments, shape and errors are those of :class:`FrameResNet`.
    """

    def local_graph(self, stage: int, channels: int) -> nn.Module:
        """The graph within frames."""
        return AxialGraph(channels, _STEP[stage])

    def temporal_graph(self, stage: int, channels: int) -> nn.Module:
        """The graph from each frame to the second next."""
        return TemporalGraph(channels, offset=_OFFSET, num_pairs=_PAIRS[stage])


class AxialGraph(nn.Module):
    """A dynamic graph of each frame that joins a place with those of its row and column that resemble it.

    A place takes the maximum, at least 0, of the differences to places in ``step``, 2 ``step``, ... rows or columns,
    cyclic, which are nearer than the mean distance of places half a frame apart less its standard deviation. Distances
    are sums of absolute differences over channels and have no gradient.

    Args:
        channels: Channels C.
        step: Places between two that are compared along an axis.

    Shape:
        (M, C, H, W) to the same, for M frames.
    """

    def __init__(self, channels: int, step: int) -> None:
        super().__init__()
        self.step = step
        self.cpe = nn.ModuleDict({'pe': nn.Conv2d(channels, channels, 7, padding=3, groups=channels)})
        self.fc1 = nn.Sequential(nn.Conv2d(channels, channels, 1), nn.BatchNorm2d(channels))
        joined = nn.Sequential(nn.Conv2d(2 * channels, channels, 1), nn.BatchNorm2d(channels), nn.GELU())
        self.graph_conv = nn.ModuleDict({'nn': joined})
        self.fc2 = nn.Sequential(nn.Conv2d(channels, channels, 1), nn.BatchNorm2d(channels))

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        """Return what is added to the features, before its learnt factor."""
        frames = self.fc1(frames + self.cpe['pe'](frames))
        return self.fc2(self.graph_conv['nn'](torch.cat([frames, self.gathered(frames)], 1)))

    def gathered(self, frames: torch.Tensor) -> torch.Tensor:
        """Return the maximum over what each place is joined with: (M, C, H, W) to the same, for M frames."""
        height, width = frames.shape[2:]
        if height * width == 1:  # a place alone is joined with none
            return torch.zeros_like(frames)
        apart = _distance(frames.roll((-(-height // 2), -(-width // 2)), (2, 3)) - frames)
        threshold = (apart.mean((2, 3)) - apart.flatten(2).std(2))[..., None, None]
        maximum = torch.zeros_like(frames)
        # A place's difference to itself, which the published code counts as well, is 0 and changes nothing.
        for axis, size in ((2, height), (3, width)):
            for shift in range(self.step, size, self.step):
                difference = frames.roll(shift, axis) - frames
                maximum = torch.maximum(maximum, difference * (_distance(difference) < threshold))
        return maximum


@torch.no_grad()
def _distance(difference: torch.Tensor) -> torch.Tensor:
    return difference.abs().sum(1, keepdim=True)
