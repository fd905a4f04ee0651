"""M2ETP: a SlowFast network whose slow pathway sees the most typical frames, with features of several stages."""

from typing import Dict, List, Optional

import torch
from torch import nn
from torch.nn import functional as F

from cslrkit.models.backbones.frames import pool_frames, upsample_time
from cslrkit.models.backbones.fusion import BiConcat, gated_sum
from cslrkit.models.backbones.slowfast import SlowFast
from cslrkit.registry import BACKBONES
from cslrkit.structures.stream_spec import StreamSpec
from cslrkit.utils.checks import check_clip

_GREY = (0.299, 0.587, 0.114)  # of red, green and blue
_THUMBNAIL = 28  # pixels of the frames that are compared
_EARLY = 3  # stages whose features are the first stream: stem, res2, res3


@BACKBONES.register_module()
class M2ETP(SlowFast):
    """SlowFast that gives three streams of features: of its first three stages, of the fourth, and of the last.

    Frames are split into segments of about ``alpha``; of each, the slow pathway sees the frame that is nearest to the
    segment's mean, as small grey images. The fast pathway is concatenated to the slow one, which is added to it by a
    learnt factor that starts at 0.

    Source: a description of xhonghu/M2ETP-master 4e90f80 ``slr_network.py``, ``slowfast_modules/``; its code could not
    be run, so neither numbers nor names of parameters were compared. PySlowFast's weights load by name. Different
    here: a number of frames that ``alpha`` does not divide has a segment more, as the fast pathway has a step more.

    Args:
        depth: 18, 50 or 101, as published.
        alpha: Frames per step of the slow pathway.
        beta_inv, width, pool_grid, dropout, with_cp, init_cfg: As in :class:`SlowFast`.

    Shape:
        - Input: (N, 3, T, H, W)
        - Output, for a width of 64: ``main`` (N, 2304, T), ``early`` (N, 1144, T), ``middle`` (N, 1408, T)

    Raises:
        ConfigError: For a value that is not listed above.
    """

    def __init__(
        self,
        depth: int = 101,
        *,
        alpha: int = 8,
        beta_inv: int = 8,
        width: int = 64,
        pool_grid: int = 1,
        dropout: Optional[float] = None,
        with_cp: bool = False,
        init_cfg: Optional[dict] = None,
    ) -> None:
        super().__init__(
            depth,
            fusion='concat_add',
            alpha=alpha,
            beta_inv=beta_inv,
            width=width,
            pool_grid=pool_grid,
            dropout=dropout,
            with_cp=with_cp,
            init_cfg=init_cfg,
        )
        fused = [getattr(self, f's{number}_fuse') for number in range(1, 5)]
        channels = [(fuse.slow_out + fuse.fast_out) * pool_grid**2 for fuse in fused]
        main = sum(spec.channels for spec in self.stream_specs.values())
        streams = dict(main=main, early=sum(channels[:_EARLY]), middle=channels[_EARLY])
        self.stream_specs = {name: StreamSpec(count, stride=alpha) for name, count in streams.items()}

    def forward(self, x: torch.Tensor) -> Dict[str, torch.Tensor]:
        """Return the features, one per input frame."""
        check_clip(x)
        pathways: List[torch.Tensor] = self.s1([typical_frames(x, self.alpha), x])
        heads = []
        for number in range(1, 5):
            pathways = getattr(self, f's{number}_fuse')(pathways)
            heads.append(self._head(pathways))
            pathways = getattr(self, f's{number + 1}')(pathways)
        return {
            'main': self.dropout(self._head(pathways)),
            'early': self.dropout(torch.cat(heads[:_EARLY], 1)),
            'middle': self.dropout(heads[_EARLY]),
        }

    def _head(self, pathways: List[torch.Tensor]) -> torch.Tensor:
        slow, fast = (pool_frames(pathway, self.pool_grid) for pathway in pathways)
        return torch.cat([upsample_time(slow, self.alpha, fast.shape[2]), fast], 1)


@torch.no_grad()
def typical_frames(x: torch.Tensor, alpha: int) -> torch.Tensor:
    """Take from each segment of about ``alpha`` frames the one that is nearest to the segment's mean.

    Segments are as equal as can be; distances are Euclidean, of grey frames of 28 x 28 pixels.

    Args:
        x: Clips (N, C, T, H, W).
        alpha: Frames per segment.

    Returns:
        (N, C, ceil(T / alpha), H, W), in the memory format of the clips.
    """
    grey = sum(weight * channel for weight, channel in zip(_GREY, x.unbind(1)))
    small = F.interpolate(grey, (_THUMBNAIL, _THUMBNAIL), mode='bilinear', align_corners=False).flatten(2)
    chosen, start = [], 0
    for segment in small.tensor_split(-(-x.shape[2] // alpha), dim=1):
        chosen.append(start + (segment - segment.mean(1, keepdim=True)).norm(dim=2).argmin(1))
        start += segment.shape[1]
    clips = torch.arange(len(x), device=x.device)[:, None]
    frames = x.transpose(1, 2)[clips, torch.stack(chosen, 1)].transpose(1, 2)
    layout = (
        torch.channels_last_3d if x.is_contiguous(memory_format=torch.channels_last_3d) else torch.contiguous_format
    )
    return frames.contiguous(memory_format=layout)


class ConcatAdd(BiConcat, name='concat_add'):
    """Concatenates the fast pathway's convolution to the slow one, and adds the slow one's to the fast as BiAdd does.

    M2ETP's FSInteraction (xhonghu/M2ETP-master 4e90f80), from a description.
    """

    def __init__(self, slow_channels: int, fast_channels: int, *, kernel: int, ratio: int, alpha: int) -> None:
        super().__init__(slow_channels, fast_channels, kernel=kernel, ratio=ratio, alpha=alpha)
        self.fast_out = fast_channels
        self.weight_f = nn.Parameter(torch.zeros(1))

    def join(self, x: torch.Tensor, other: torch.Tensor, weight: Optional[torch.Tensor]) -> torch.Tensor:
        """Add what has a weight, concatenate what has none."""
        return super().join(x, other, weight) if weight is None else gated_sum(x, other, weight)
