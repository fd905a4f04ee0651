"""Attention between the joints of a skeleton, one for all frames of a clip."""

import torch
from torch import nn

from cslrkit.models.sine_code import sine_code

SUBSETS = 6  # attentions of a block
SLOPE = 0.1  # of the leaky ReLU


class JointAttention(nn.Module):
    """The part of a block over joints: six attentions, each the same at all times, and a layer on each joint.

    With q and k from the features with a code of the joint, ``A = alphas tanh(sum over channels and times of q_u k_v,
    divided by their number) + attention0s``. Padded frames count.

    Source: sutwangyan/MSKA e7d5610 ``recognition.py``, after "Decoupled Spatial-Temporal Attention Network" (Shi et
    al., ACCV 2020); names of parameters are the same. The published buffers ``atts`` (zeros) and ``pes.pe`` (the code,
    once for each of 400 frames) are not stored here.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output, a multiple of 4: queries and keys have a quarter of them.
        num_joints: Joints V.
        stride: Frames per step of the block's temporal part.
        dropout: Probability of dropping a number of A in training.

    Shape:
        (N, C, T, V) to (N, C', T, V)
    """

    def __init__(self, in_channels: int, out_channels: int, *, num_joints: int, stride: int, dropout: float) -> None:
        super().__init__()
        self.stride = stride
        self.inner = out_channels // 4
        self.alphas = nn.Parameter(torch.ones(1, SUBSETS, 1, 1))
        self.attention0s = nn.Parameter(torch.full((1, SUBSETS, num_joints, num_joints), 1 / num_joints))
        self.register_buffer('code', sine_code(num_joints, in_channels).T[:, None].clone(), persistent=False)
        self.ff_nets = conv_norm(out_channels, out_channels)
        self.in_nets = nn.Conv2d(in_channels, 2 * SUBSETS * self.inner, 1)
        self.out_nets = conv_norm(SUBSETS * in_channels, out_channels)
        self.drop = nn.Dropout(dropout)
        self.act = nn.LeakyReLU(SLOPE)

    def add_shortcuts(self, in_channels: int, out_channels: int, *, projected: bool) -> None:
        """Add the two shortcuts past attention and layer; a block has them after its other parts."""
        for name in ('downs1', 'downs2'):
            self.add_module(name, conv_norm(in_channels, out_channels) if projected else nn.Identity())

    def over_joints(self, x: torch.Tensor) -> torch.Tensor:
        """Return the features after attention and layer."""
        mixed = x.flatten(1, 2)[:, None] @ self.drop(self.attention(x))  # (N, S, C T, V)
        mixed = self.out_nets(mixed.unflatten(2, x.shape[1:3]).flatten(1, 2))
        y = self.act(self.downs1(x) + mixed)
        return self.act(self.downs2(x) + self.ff_nets(y))

    def attention(self, x: torch.Tensor) -> torch.Tensor:
        """Return what each joint takes of the others, (N, S, V, V): rows are given, columns take."""
        both = self.in_nets(x + self.code).unflatten(1, (2, SUBSETS, self.inner)).flatten(3, 4)
        query, key = both.unbind(1)
        return torch.tanh(query.transpose(2, 3) @ key / key.shape[2]) * self.alphas + self.attention0s


def conv_norm(
    in_channels: int,
    out_channels: int,
    kernel: int = 1,
    stride: int = 1,
    *,
    dilation: int = 1,
    groups: int = 1,
    bias: bool = True,
) -> nn.Sequential:
    """A convolution over time, 1 wide over joints, that keeps the length up to its stride, and its batch norm."""
    conv = nn.Conv2d(
        in_channels,
        out_channels,
        (kernel, 1),
        stride=(stride, 1),
        padding=(kernel // 2 * dilation, 0),
        dilation=(dilation, 1),
        groups=groups,
        bias=bias,
    )
    return nn.Sequential(conv, nn.BatchNorm2d(out_channels))


def input_map(width: int) -> nn.Sequential:
    """The first layer on x, y and score of each joint."""
    return nn.Sequential(*conv_norm(3, width), nn.LeakyReLU(SLOPE))
