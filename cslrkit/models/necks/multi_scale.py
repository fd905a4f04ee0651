"""A temporal stack behind branches of several dilations."""

from typing import List, Mapping, Sequence

import torch
from torch import nn

from cslrkit.models.necks.temporal_conv import TemporalConv
from cslrkit.registry import NECKS

_DILATIONS = (1, 2, 3, 4)


@NECKS.register_module()
class MultiScaleTemporalConv(TemporalConv):
    """Six branches that look at frames in different ways, and the layers of a kernel spec behind them.

    A branch is a 1 x 1 convolution, alone, with a max pooling of three frames, or with a convolution of three frames
    dilated by 1, 2, 3 or 4. They keep the number of frames; a clip's padding is seen by its last frames.

    Source: gufranSabri/USTM bdd57c5 ``modules/mstcn.py``; names of parameters are the same. Shape and errors are those
    of :class:`TemporalConv`.

    Args:
        in_channels, hidden_size, left_pad_rule: As in :class:`TemporalConv`.
        kernel_spec: Layers behind the branches; lift pooling is published.
    """

    whole_layers = True

    def __init__(
        self,
        in_channels: Mapping[str, int],
        hidden_size: int = 1024,
        *,
        kernel_spec: Sequence[str] = ('K5', 'L2', 'K5', 'L2'),
        left_pad_rule: str = 'exact',
    ) -> None:
        super().__init__(in_channels, hidden_size, kernel_spec=kernel_spec, left_pad_rule=left_pad_rule)

    def build_stack(self, channels: int, hidden_size: int) -> nn.Sequential:
        """The branches, and behind them the layers of the kernel spec by their published names."""
        branches = _Branches(channels, hidden_size)
        layers = super().build_stack(len(branches) * hidden_size, hidden_size)
        stack = nn.Sequential()
        stack.add_module('streams', branches)
        counts = {'K': 0, 'L': 0, 'P': 0}
        for (kind, _), layer in zip(self.temporal_spec.parsed, layers):
            counts[kind] += 1
            stack.add_module(f'{dict(K="post_conv", L="tlp", P="pool")[kind]}{counts[kind]}', layer)
        return stack


class _Branches(nn.ModuleList):
    """Branches over the same frames, (N, C, T) to the concatenation (N, 6 D, T)."""

    def __init__(self, channels: int, hidden_size: int) -> None:
        extras: List[List[nn.Module]] = [[nn.MaxPool1d(3, stride=1, padding=1)], []]
        for dilation in _DILATIONS:
            conv = nn.Conv1d(hidden_size, hidden_size, 3, padding=dilation, dilation=dilation)
            extras.append([conv, nn.ReLU(inplace=True)])
        first = [[nn.Conv1d(channels, hidden_size, 1), nn.ReLU(inplace=True)] for _ in extras]
        super().__init__(nn.Sequential(*begin, *extra) for begin, extra in zip(first, extras))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Apply each branch."""
        return torch.cat([branch(x) for branch in self], 1)
