"""The slow pathway of SlowFast alone."""

from typing import Dict, Optional

import torch
from mmengine.model import BaseModule
from torch import nn

from cslrkit.models.backbones.frames import every_frame, pool_frames, upsample_time
from cslrkit.models.backbones.residual3d import STAGE_BLOCKS, ResStage, VideoStem, initialize
from cslrkit.models.weights.pretrained import ScopedInit
from cslrkit.registry import BACKBONES
from cslrkit.structures.stream_spec import StreamSpec
from cslrkit.utils.checks import check_clip, one_of, positive

# Temporal kernels of s1..s5.
_TEMPORAL_KERNELS = (1, 1, 1, 3, 3)


@BACKBONES.register_module()
class SlowOnly(ScopedInit, BaseModule):
    """A 3-D residual network on every ``alpha``-th frame, repeated to a feature per frame.

    The network sees the frames 0, alpha, 2 alpha, ...; each of its steps is then repeated for the
    ``alpha`` frames from there on, so the output has the input's length, as the slow stream of
    :class:`SlowFast` does. ``alpha=1`` computes every frame.

    Source: facebookresearch/SlowFast, arch ``slow``; settings of kaistmm/SlowFastSign 37d1b6c
    ``SLOW_8x8_R50.yaml`` and ``SLOW_64x2_R101_50.yaml``, which differ in the depth alone. Weights
    load by their published names.

    Args:
        depth: 18, 50 or 101.
        alpha: Frames per step.
        width: Channels of the stem; 64 is published.
        in_channels: Channels of the input; other than 3 for heat maps, see :class:`KeypointHeatMaps`.
        dropout: Probability of dropping a feature in training.
        with_cp: Activation checkpointing: training keeps the inputs of residual blocks only and
            computes the rest again, for less memory and more time. Results stay the same.
        init_cfg: Initial weights, e.g. ``dict(type='Pretrained', checkpoint='SLOW_8x8_R50.pkl')``; see
            :class:`~cslrkit.models.weights.Pretrained`.

    Shape:
        - Input: (N, in_channels, T, H, W)
        - Output: ``main`` (N, 32 width, T)

    Raises:
        ConfigError: For a value that is not listed above.
    """

    def __init__(
        self,
        depth: int = 50,
        alpha: int = 4,
        *,
        width: int = 64,
        in_channels: int = 3,
        dropout: float = 0.5,
        with_cp: bool = False,
        init_cfg: Optional[dict] = None,
    ) -> None:
        super().__init__(init_cfg)
        one_of('depth', depth, STAGE_BLOCKS)
        positive('width', width)
        self.alpha = positive('alpha', alpha)
        self.in_channels = positive('in_channels', in_channels)
        self.s1 = VideoStem((width,), _TEMPORAL_KERNELS[:1], in_channels=in_channels, with_cp=with_cp)
        channels = (width,)
        for stage in range(4):
            temporal_kernels = _TEMPORAL_KERNELS[stage + 1 : stage + 2]
            block = ResStage(
                channels, (width,), index=stage, depth=depth, temporal_kernels=temporal_kernels, with_cp=with_cp
            )
            self.add_module(f's{stage + 2}', block)
            channels = block.out_channels
        self.dropout = nn.Dropout(dropout)
        self.stream_specs = {'main': StreamSpec(*channels, stride=alpha)}
        initialize(self)

    def forward(self, x: torch.Tensor) -> Dict[str, torch.Tensor]:
        """Return the features, one per input frame."""
        check_clip(x, self.in_channels)
        pathways = self.s1([every_frame(x, self.alpha)])
        for stage in (self.s2, self.s3, self.s4, self.s5):
            pathways = stage(pathways)
        features = upsample_time(pool_frames(pathways[0]), self.alpha, x.shape[2])
        return {'main': self.dropout(features)}
