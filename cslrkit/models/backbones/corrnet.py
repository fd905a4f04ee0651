"""CorrNet: a residual network on each frame that also looks into the frames before and after it."""

from typing import Dict, Optional, Sequence, Tuple

import torch
from mmengine.model import BaseModule
from torch import nn

from cslrkit.errors import ConfigError
from cslrkit.models.backbones.corrnet_modules import REDUCTION, FrameCorrelation, FrameStage
from cslrkit.models.backbones.frames import pool_frames
from cslrkit.models.backbones.residual3d import initialize
from cslrkit.models.checkpointing import apply
from cslrkit.models.weights.pretrained import ScopedInit
from cslrkit.registry import BACKBONES
from cslrkit.structures.stream_spec import StreamSpec
from cslrkit.utils.checks import check_clip, one_of, positive

_STAGE_BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}
# Where a correlation may follow, and what the published code calls it.
_CORRELATIONS = {2: 'corr1', 3: 'corr2', 4: 'corr3'}


@BACKBONES.register_module()
class CorrNet(ScopedInit, BaseModule):
    """ResNet on each frame, with the correlation to neighbouring frames added after stages.

    ``x + alpha correlation(x) identification(x)``, where ``alpha`` starts at 0: with weights of ImageNet, training
    starts from the plain network on each frame. Weights of a 2-D ResNet load through ``init_cfg``, a size of 1
    in time being added to their kernels.

    Source: "Continuous Sign Language Recognition with Correlation Network" (CVPR 2023), hulianyuyy/CorrNet
    98d97d0 ``modules/resnet.py``; published weights load by name. Different here: any image size (a global average
    instead of a 7 x 7 one).

    Args:
        depth: 18, as published, or 34.
        correlated_stages: Stages that a correlation follows, out of 2, 3 and 4. The authors' CSL-Daily weights
            are for ``(3, 4)``.
        width: Channels of the stem, a multiple of 8; 64 is published.
        pool_grid: Cells along height and width over which features are averaged; each cell has its
            channels. 1 is published. More keeps the place of the hands, which a small network that
            starts from random weights learns faster with.
        with_cp: Activation checkpointing: training keeps the inputs of blocks and correlations only and
            computes the rest again, for less memory and more time. Results stay the same.
        init_cfg: Initial weights, e.g. ``dict(type='Pretrained', checkpoint='torchvision://resnet18')``; see
            :class:`~cslrkit.models.weights.Pretrained`.

    Shape:
        - Input: (N, 3, T, H, W)
        - Output: ``main`` (N, 8 width pool_grid^2, T)

    Raises:
        ConfigError: For a value that is not listed above.
    """

    def __init__(
        self,
        depth: int = 18,
        correlated_stages: Sequence[int] = (2, 3, 4),
        *,
        width: int = 64,
        pool_grid: int = 1,
        with_cp: bool = False,
        init_cfg: Optional[dict] = None,
    ) -> None:
        super().__init__(init_cfg)
        blocks = _STAGE_BLOCKS[one_of('depth', depth, _STAGE_BLOCKS)]
        if positive('width', width) % (REDUCTION // 2):
            raise ConfigError(f'got {width}, expected a multiple of {REDUCTION // 2}.', path='width')
        self.correlated_stages = _checked_stages(correlated_stages)
        self.pool_grid = positive('pool_grid', pool_grid)
        self.with_cp = with_cp
        self.alpha = nn.Parameter(torch.zeros(len(self.correlated_stages)))
        self.conv1 = nn.Conv3d(3, width, (1, 7, 7), stride=(1, 2, 2), padding=(0, 3, 3), bias=False)
        self.bn1 = nn.BatchNorm3d(width)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool3d((1, 3, 3), stride=(1, 2, 2), padding=(0, 1, 1))
        channels = width
        for stage, count in enumerate(blocks, start=1):
            out_channels = width * 2 ** (stage - 1)
            stride = 1 if stage == 1 else 2
            self.add_module(f'layer{stage}', FrameStage(channels, out_channels, count, stride=stride, with_cp=with_cp))
            channels = out_channels
            if stage in self.correlated_stages:
                self.add_module(_CORRELATIONS[stage], FrameCorrelation(channels))
        self.stream_specs = {'main': StreamSpec(channels * pool_grid**2)}
        initialize(self)

    def forward(self, x: torch.Tensor) -> Dict[str, torch.Tensor]:
        """Return the features, one per input frame."""
        check_clip(x)
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        for stage in range(1, 5):
            x = getattr(self, f'layer{stage}')(x)
            if stage in self.correlated_stages:
                factor = self.alpha[self.correlated_stages.index(stage)]
                x = x + factor * apply(getattr(self, _CORRELATIONS[stage]), x, with_cp=self.with_cp)
        return {'main': pool_frames(x, self.pool_grid)}


def _checked_stages(stages: Sequence[int]) -> Tuple[int, ...]:
    known = list(_CORRELATIONS)
    if isinstance(stages, (list, tuple)) and stages and all(list(stages).count(s) == 1 and s in known for s in stages):
        return tuple(sorted(stages))
    raise ConfigError(f'got {stages!r}, expected one or more different ones of {known}.', path='correlated_stages')
