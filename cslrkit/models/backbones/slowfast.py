"""SlowFast: a slow pathway of many channels and a fast one of few, joined after each stage."""

from typing import Dict, List, Optional, Sequence

import torch
from mmengine.model import BaseModule
from torch import nn

from cslrkit.errors import ConfigError
from cslrkit.models.backbones.frames import every_frame, pool_frames, upsample_time
from cslrkit.models.backbones.fusion import FUSIONS, FastToSlow
from cslrkit.models.backbones.residual3d import STAGE_BLOCKS, ResStage, VideoStem, initialize
from cslrkit.models.weights.pretrained import ScopedInit
from cslrkit.registry import BACKBONES
from cslrkit.structures.stream_spec import StreamSpec
from cslrkit.utils.checks import check_clip, one_of, positive

# What the published yaml files set beside the depth.
LAYOUTS = {
    '8x8': dict(fusion='fast_to_slow', fusion_kernel=7, dropout=0.0),
    '32x2': dict(fusion='fast_to_slow', fusion_kernel=5, dropout=0.5),
    '64x2': dict(fusion='bi_add', fusion_kernel=5, dropout=0.5),
}

# Temporal kernels of (slow, fast) in s1..s5.
_TEMPORAL_KERNELS = ((1, 5), (1, 3), (1, 3), (3, 3), (3, 3))


@BACKBONES.register_module()
class SlowFast(ScopedInit, BaseModule):
    """SlowFast network that gives a feature per frame and pathway.

    Source: "SlowFast Networks for Video Recognition" (ICCV 2019) with the bidirectional fusion of
    "SlowFast Network for Continuous Sign Language Recognition" (ICASSP 2024),
    kaistmm/SlowFastSign 37d1b6c ``slowfast_modules/``; published weights load by name. Different
    here: any image size (a global average instead of a 7 x 7 one) and any number of frames.

    Args:
        depth: 18, 50 or 101. Stages are as wide for 18 as for 50, as published.
        layout: ``'8x8'``, ``'32x2'`` or ``'64x2'``, the published recipes: defaults of ``fusion``,
            ``fusion_kernel`` and ``dropout``.
        fusion: ``'fast_to_slow'``, ``'bi_concat'``, ``'bi_add'``, ``'bi_add2'`` or ``'concat_add'``.
        fusion_kernel: Temporal kernel of the fusion from fast to slow, odd.
        fusion_ratio: Channels that concatenation adds to the slow pathway, as a multiple of the
            fast ones.
        alpha: Frames per step of the slow pathway.
        beta_inv: Channels of the slow pathway per channel of the fast one.
        width: Channels of the slow stem, a multiple of ``beta_inv``; 64 is published.
        temporal_blocks: For each of the four stages, how many blocks from the first on have the
            stage's temporal kernel; the published numbers of the depth by default.
        pool_grid: Cells along height and width over which features are averaged; each cell has its
            channels. 1 is published. More keeps the place of the hands, which a small network that
            starts from random weights learns faster with.
        dropout: Probability of dropping a feature in training.
        with_cp: Activation checkpointing: training keeps the inputs of residual blocks only and
            computes the rest again, for less memory and more time. Results stay the same.
        init_cfg: Initial weights, e.g. ``dict(type='Pretrained',
            checkpoint='pyslowfast://SLOWFAST_64x2_R101_50_50')``; see :class:`~cslrkit.models.weights.Pretrained`.

    Shape:
        - Input: (N, 3, T, H, W)
        - Output: ``slow`` (N, 32 width pool_grid^2, T), ``fast`` (N, 32 width pool_grid^2 / beta_inv, T)

    Raises:
        ConfigError: For a value that is not listed above.
    """

    def __init__(
        self,
        depth: int = 101,
        layout: str = '64x2',
        *,
        fusion: Optional[str] = None,
        fusion_kernel: Optional[int] = None,
        fusion_ratio: int = 2,
        alpha: int = 4,
        beta_inv: int = 8,
        width: int = 64,
        temporal_blocks: Optional[Sequence[int]] = None,
        pool_grid: int = 1,
        dropout: Optional[float] = None,
        with_cp: bool = False,
        init_cfg: Optional[dict] = None,
    ) -> None:
        super().__init__(init_cfg)
        recipe = LAYOUTS[one_of('layout', layout, LAYOUTS)]
        fusion = one_of('fusion', recipe['fusion'] if fusion is None else fusion, FUSIONS)
        kernel = recipe['fusion_kernel'] if fusion_kernel is None else fusion_kernel
        if positive('fusion_kernel', kernel) % 2 == 0:
            raise ConfigError(f'got {kernel}, expected an odd kernel.', path='fusion_kernel')
        positive('fusion_ratio', fusion_ratio)
        if positive('width', width) % positive('beta_inv', beta_inv):
            raise ConfigError(f'got {width}, expected a multiple of beta_inv={beta_inv}.', path='width')
        self.alpha = positive('alpha', alpha)
        one_of('depth', depth, STAGE_BLOCKS)
        if temporal_blocks is not None and len(temporal_blocks) != 4:
            raise ConfigError(f'got {temporal_blocks!r}, expected four numbers.', path='temporal_blocks')

        widths = (width, width // beta_inv)
        self.s1 = VideoStem(widths, _TEMPORAL_KERNELS[0], with_cp=with_cp)
        in_channels = widths
        for stage in range(4):
            # The fusion that follows the stage before, then the stage: s1_fuse, s2, s2_fuse, ...
            fuse: FastToSlow = FUSIONS[fusion](*in_channels, kernel=kernel, ratio=fusion_ratio, alpha=alpha)
            self.add_module(f's{stage + 1}_fuse', fuse)
            block = ResStage(
                (fuse.slow_out, fuse.fast_out),
                widths,
                index=stage,
                depth=depth,
                temporal_kernels=_TEMPORAL_KERNELS[stage + 1],
                temporal_blocks=temporal_blocks,
                with_cp=with_cp,
            )
            self.add_module(f's{stage + 2}', block)
            in_channels = block.out_channels
        self.dropout = nn.Dropout(recipe['dropout'] if dropout is None else dropout)
        self.pool_grid = positive('pool_grid', pool_grid)
        slow_channels, fast_channels = (channels * pool_grid**2 for channels in in_channels)
        self.stream_specs = {'slow': StreamSpec(slow_channels, stride=alpha), 'fast': StreamSpec(fast_channels)}
        initialize(self)

    def forward(self, x: torch.Tensor) -> Dict[str, torch.Tensor]:
        """Return the features of both pathways, one per input frame."""
        check_clip(x)
        num_frames = x.shape[2]
        pathways: List[torch.Tensor] = self.s1([every_frame(x, self.alpha), x])
        for number in range(1, 5):
            pathways = getattr(self, f's{number}_fuse')(pathways)
            pathways = getattr(self, f's{number + 1}')(pathways)
        slow, fast = (pool_frames(pathway, self.pool_grid) for pathway in pathways)
        # One dropout over both, as published, so that equal seeds drop the same features.
        features = self.dropout(torch.cat([upsample_time(slow, self.alpha, num_frames), fast], 1))
        slow, fast = features.split([spec.channels for spec in self.stream_specs.values()], 1)
        return {'slow': slow, 'fast': fast}
