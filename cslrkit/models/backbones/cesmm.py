"""CESMM: seven parts of face and hands, which see one context after each block."""

from typing import Dict, List, Optional, Sequence, Tuple

import torch
from mmengine.model import BaseModule
from torch import nn

from cslrkit.errors import ConfigError
from cslrkit.models.backbones.joint_attention import SLOPE, JointAttention, conv_norm, input_map
from cslrkit.models.backbones.keypoints import KeypointBackbone, Parts, take_joints
from cslrkit.models.weights.pretrained import ScopedInit
from cslrkit.registry import BACKBONES
from cslrkit.utils.checks import one_of

# Joints of COCO-WholeBody. The hands are named as published, where the signer's right one is "left".
PUBLISHED_PARTS = dict(
    contour=range(23, 40),
    eyebrow=range(40, 50),
    nose=range(50, 59),
    eye=range(59, 71),
    mouth=range(71, 91),
    left=(6, 8, 10, *range(112, 133)),
    right=(5, 7, 9, *range(91, 112)),
)
HANDS = ('left', 'right')
INPUT_TYPES = ('keypoint', 'bone', 'keypoint_motion', 'bone_motion')
# Of each block: channels in widths, stride in time.
PUBLISHED_BLOCKS = ((1, 1), (1, 1), (2, 2), (2, 1), (4, 1), (4, 1), (4, 2), (4, 1))
_REDUCTION = 4
_DILATIONS = (1, 2, 3)


@BACKBONES.register_module()
class CESMM(KeypointBackbone, ScopedInit, BaseModule):
    """Eight blocks on each of seven parts; after each block all parts are given what they have in common.

    Source: xhonghu/CESMM 41cda13 ``modules/SkeletonNet.py``; published weights load by name. As there, padded frames
    are not masked: what a clip gets depends on how far it is padded, so test it alone.

    Args:
        input_type: ``'keypoint'``; ``'bone'`` for the differences of successive joints of a part;
            ``'keypoint_motion'`` and ``'bone_motion'`` for what changes from frame to frame. The published result is
            that of four trainings together.
        parts: Positions of joints among the K keypoints: ``left``, ``right`` and ``mouth``, the others are further
            parts of the face; the published ones of COCO-WholeBody by default.
        width: Channels of the first layer, a multiple of 4; 64 is published.
        blocks: Of each block the channels in widths and the stride in time, 1 or 2.
        dropout: Probability of dropping a number of an attention in training.
        init_cfg: Initial weights; see :class:`~cslrkit.models.weights.Pretrained`.

    Shape:
        - Input: (N, 3, T, K): x, y and score
        - Output: ``main`` (N, 20 width, T / 4): all of the face, both hands, mouth, left, right

    Raises:
        ConfigError: For another ``input_type``, parts that are missing, or a number that does not fit.
    """

    def __init__(
        self,
        input_type: str = 'keypoint',
        *,
        parts: Optional[Parts] = None,
        width: int = 64,
        blocks: Sequence[Tuple[int, int]] = PUBLISHED_BLOCKS,
        dropout: float = 0.1,
        init_cfg: Optional[dict] = None,
    ) -> None:
        super().__init__(init_cfg)
        self.set_geometry(PUBLISHED_PARTS if parts is None else parts, width, blocks)
        self.bones = one_of('input_type', input_type, INPUT_TYPES).startswith('bone')
        self.motion = input_type.endswith('motion')
        missing = [name for name in (*HANDS, 'mouth') if name not in self.parts]
        if missing or min(len(joints) for joints in self.parts.values()) <= self.bones:
            raise ConfigError(f'got {self.parts}, expected left, right and mouth, bones of two joints.', path='parts')
        if any(stride > 2 for _, stride in blocks):
            raise ConfigError(f'got {blocks!r}, expected strides of 1 or 2.', path='blocks')
        self.face = [name for name in self.parts if name not in HANDS]
        for name in ('face', *HANDS):
            self.add_module(f'{name}_input_map', input_map(width))
        channels = [width, *(factor * width for factor, _ in blocks)]
        for name, joints in self.parts.items():
            options = dict(num_joints=len(joints) - self.bones, dropout=dropout)
            layers = [
                _Block(before, after, stride=stride, **options)
                for before, after, (_, stride) in zip(channels, channels[1:], blocks)
            ]
            self.add_module(f'{name}_graph_layers', nn.ModuleList(layers))
        self.fusion_layers = nn.ModuleList(_Context(count) for count in channels[1:])
        self.stream_specs = {'main': self.step_spec(5 * channels[-1])}

    def forward(self, x: torch.Tensor) -> Dict[str, torch.Tensor]:
        """Return the features, one for each step."""
        parts = self.mapped(self.whole_steps(x))
        for index, context in enumerate(self.fusion_layers):
            parts = {name: getattr(self, f'{name}_graph_layers')[index](part) for name, part in parts.items()}
            shared = context(list(parts.values()))
            parts = {name: part + shared for name, part in parts.items()}
        groups = (self.face, HANDS, ('mouth',), *((name,) for name in HANDS))
        features = [torch.cat([parts[name] for name in group], 3).mean(3) for group in groups]
        return {'main': torch.cat(features, 1)}

    def mapped(self, x: torch.Tensor) -> Dict[str, torch.Tensor]:
        """Return each part's joints, bones or their motion after the first layer, (N, width, T, V)."""
        sizes = [len(self.parts[name]) for name in self.face]
        face = self.face_input_map(take_joints(x, [joint for name in self.face for joint in self.parts[name]]))
        parts = dict(zip(self.face, face.split(sizes, 3)))
        parts.update({name: getattr(self, f'{name}_input_map')(take_joints(x, self.parts[name])) for name in HANDS})
        if self.bones:
            parts = {name: part.diff(dim=3) for name, part in parts.items()}
        if self.motion:
            parts = {name: part.diff(dim=2, prepend=part[:, :, :1]) for name, part in parts.items()}
        return {name: parts[name] for name in self.parts}


class _Context(nn.Module):
    """What is added to every joint: a layer on the mean over joints and parts."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        reduced = channels // _REDUCTION
        self.global_context_mlp = nn.Sequential(nn.Linear(channels, reduced), nn.ReLU(), nn.Linear(reduced, channels))

    def forward(self, parts: List[torch.Tensor]) -> torch.Tensor:
        """Return (N, C, T, 1) of parts (N, C, T, V)."""
        mean = torch.stack([part.mean(3) for part in parts]).mean(0)
        return self.global_context_mlp(mean.transpose(1, 2)).transpose(1, 2)[..., None]


class _Block(JointAttention):
    """Attention between joints, then convolutions over three ranges of time."""

    def __init__(self, in_channels: int, out_channels: int, *, num_joints: int, stride: int, dropout: float) -> None:
        super().__init__(in_channels, out_channels, num_joints=num_joints, stride=stride, dropout=dropout)
        self.MTP = _TemporalRanges(out_channels, stride)
        self.add_shortcuts(in_channels, out_channels, projected=in_channels != out_channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the features (N, C', T / stride, V)."""
        return self.MTP(self.over_joints(x))


class _TemporalRanges(nn.Module):
    """Depthwise convolutions of three dilations over a quarter of the channels, past a shortcut."""

    def __init__(self, channels: int, stride: int) -> None:
        super().__init__()
        reduced = channels // _REDUCTION
        self.down_conv = nn.Sequential(*conv_norm(channels, reduced, bias=False), nn.LeakyReLU(SLOPE))
        for dilation in _DILATIONS:
            branch = _separable(reduced, stride=stride, dilation=dilation, bias=False)
            self.add_module(f'branch{dilation}', branch)
        self.conv_back = conv_norm(reduced, channels, bias=False)
        self.downt = nn.Identity() if stride == 1 else _Halving(channels)
        self.act = nn.LeakyReLU(SLOPE)

    def forward(self, y: torch.Tensor) -> torch.Tensor:
        """Return the features (N, C, T / stride, V)."""
        reduced = self.down_conv(y)
        ranges = sum(getattr(self, f'branch{dilation}')(reduced) for dilation in _DILATIONS)
        return self.act(self.downt(y) + self.conv_back(ranges))


class _Halving(nn.Module):
    """Even and odd frames, each with what a convolution makes of it added to the other, summed."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.ConvE = _separable(channels)
        self.ConvO = _separable(channels)

    def forward(self, y: torch.Tensor) -> torch.Tensor:
        """Return (N, C, T / 2, V) of an even T."""
        even, odd = y[:, :, ::2], y[:, :, 1::2]
        return (even + self.ConvO(odd)) + (odd + self.ConvE(even))


def _separable(channels: int, *, stride: int = 1, dilation: int = 1, bias: bool = True) -> nn.Sequential:
    """A depthwise convolution over three frames, and one over channels; ``bias`` is the second's."""
    depthwise = conv_norm(channels, channels, 3, stride, dilation=dilation, groups=channels)
    return nn.Sequential(*depthwise, nn.LeakyReLU(SLOPE), *conv_norm(channels, channels, bias=bias))
