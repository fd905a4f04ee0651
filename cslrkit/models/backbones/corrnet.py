"""CorrNet: a residual network on each frame that also looks into the frames before and after it."""

from typing import Dict, Optional, Sequence, Tuple

import torch
from torch import nn

from cslrkit.errors import ConfigError
from cslrkit.models.backbones.corrnet_modules import FrameCorrelation
from cslrkit.models.backbones.frame_resnet import FrameResNet
from cslrkit.models.checkpointing import apply
from cslrkit.registry import BACKBONES

# Where a correlation may follow, and what the published code calls it.
_CORRELATIONS = {2: 'corr1', 3: 'corr2', 4: 'corr3'}


@BACKBONES.register_module()
class CorrNet(FrameResNet):
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
        correlated_stages: Sequence[int] = (2, 3, 4),
        *,
        width: int = 64,
        pool_grid: int = 1,
        with_cp: bool = False,
        init_cfg: Optional[dict] = None,
    ) -> None:
        self.correlated_stages = _checked_stages(correlated_stages)  # first: the base asks for its modules
        self.gates = len(self.correlated_stages)
        super().__init__(depth, width=width, pool_grid=pool_grid, with_cp=with_cp, init_cfg=init_cfg)

    def extras(self, stage: int, channels: int) -> Dict[str, nn.Module]:
        """The correlation after a stage."""
        return {_CORRELATIONS[stage]: FrameCorrelation(channels)} if stage in self.correlated_stages else {}

    def after(self, stage: int, x: torch.Tensor) -> torch.Tensor:
        """Add the correlation."""
        if stage not in self.correlated_stages:
            return x
        factor = self.alpha[self.correlated_stages.index(stage)]
        return x + factor * apply(getattr(self, _CORRELATIONS[stage]), x, with_cp=self.with_cp)


def _checked_stages(stages: Sequence[int]) -> Tuple[int, ...]:
    known = list(_CORRELATIONS)
    if isinstance(stages, (list, tuple)) and stages and all(list(stages).count(s) == 1 and s in known for s in stages):
        return tuple(sorted(stages))
    raise ConfigError(f'got {stages!r}, expected one or more different ones of {known}.', path='correlated_stages')
