"""MSKA-SLR: attention between joints, in streams of hands, face and all together."""

from typing import Dict, Mapping, Optional, Sequence, Tuple

import torch
from mmengine.model import BaseModule
from torch import nn

from cslrkit.models.backbones.joint_attention import JointAttention, conv_norm, input_map
from cslrkit.models.backbones.keypoints import KeypointBackbone, Parts, take_joints
from cslrkit.models.weights.pretrained import ScopedInit
from cslrkit.registry import BACKBONES

# Joints of COCO-WholeBody: nose, arm and hand of each side, a third of the face, and all of them.
_LEFT = (0, 1, 3, 5, 7, 9, *range(91, 112))
_RIGHT = (0, 2, 4, 6, 8, 10, *range(112, 133))
_FACE = (23, 26, 29, 33, 36, 39, 41, 43, 46, 48, 53, 56, 59, 62, 65, 68, *range(71, 78), 79, 80, 81)
PUBLISHED_PARTS = dict(left=_LEFT, right=_RIGHT, body=(*_LEFT, *_RIGHT[1:], *_FACE), face=_FACE)
# Of each block: channels in widths, temporal kernel, stride.
PUBLISHED_BLOCKS = ((1, 7, 2), (1, 3, 1), (2, 3, 1), (2, 3, 1), (4, 3, 2), (4, 3, 1), (4, 3, 1), (4, 3, 1))


@BACKBONES.register_module()
class MSKA(KeypointBackbone, ScopedInit, BaseModule):
    """Four streams of keypoints, each eight blocks of attention between joints and a temporal convolution.

    Source: "Multi-Stream Keypoint Attention Network for Sign Language Recognition and Translation" (Guan et al.,
    Pattern Recognition 2025), sutwangyan/MSKA e7d5610 ``recognition.py``; published weights load by name. As there,
    padded frames are not masked: what a clip gets depends on how far it is padded, so test it alone.

    Args:
        parts: Name of a stream to the positions of its joints among the K keypoints; the published ones of
            COCO-WholeBody by default.
        width: Channels of the first layer, a multiple of 4; 64 is published.
        blocks: Of each block the channels in widths, the temporal kernel and the stride in time.
        dropout: Probability of dropping a number of an attention in training.
        init_cfg: Initial weights; see :class:`~cslrkit.models.weights.Pretrained`.

    Shape:
        - Input: (N, 3, T, K): x, y and score
        - Output: ``left``, ``right``, ``body``, ``face`` (N, 4 width, T / 4)

    Raises:
        ConfigError: For parts without joints or a number that is not positive.
    """

    def __init__(
        self,
        *,
        parts: Optional[Parts] = None,
        width: int = 64,
        blocks: Sequence[Tuple[int, int, int]] = PUBLISHED_BLOCKS,
        dropout: float = 0.1,
        init_cfg: Optional[dict] = None,
    ) -> None:
        super().__init__(init_cfg)
        self.set_geometry(PUBLISHED_PARTS if parts is None else parts, width, blocks)
        names = list(self.parts)
        for name in names:
            self.add_module(f'{name}_input_map', input_map(width))
        for name in (names[-1], *names[:-1]):  # the published order of weights
            layers, channels = [], width
            for factor, kernel, stride in blocks:
                options = dict(num_joints=len(self.parts[name]), kernel=kernel, stride=stride, dropout=dropout)
                layers.append(_Block(channels, factor * width, **options))
                channels = factor * width
            self.add_module(f'{name}_graph_layers', nn.Sequential(*layers))
        self.stream_specs = {name: self.step_spec(channels) for name in names}

    def forward(self, x: torch.Tensor) -> Dict[str, torch.Tensor]:
        """Return the features of each stream, one for each step."""
        x = self.whole_steps(x)
        features: Mapping[str, torch.Tensor] = {
            name: getattr(self, f'{name}_input_map')(take_joints(x, joints)) for name, joints in self.parts.items()
        }
        return {name: getattr(self, f'{name}_graph_layers')(part).mean(3) for name, part in features.items()}


class _Block(JointAttention):
    """Attention between joints, then a temporal convolution."""

    def __init__(
        self, in_channels: int, out_channels: int, *, num_joints: int, kernel: int, stride: int, dropout: float
    ) -> None:
        super().__init__(in_channels, out_channels, num_joints=num_joints, stride=stride, dropout=dropout)
        projected = in_channels != out_channels or stride != 1
        self.out_nett = conv_norm(out_channels, out_channels, kernel, stride)
        self.add_shortcuts(in_channels, out_channels, projected=projected)
        self.downt2 = conv_norm(out_channels, out_channels, 1, stride) if projected else nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the features (N, C', T / stride, V)."""
        y = self.over_joints(x)
        return self.act(self.downt2(y) + self.out_nett(y))
