"""SEN: a residual network on each frame whose blocks emphasize places and frames."""

import torch

from cslrkit.models.backbones.enhancement import SpatialEnhancement, TemporalEnhancement
from cslrkit.models.backbones.frame_resnet import REDUCTION, FrameBlock, FrameResNet
from cslrkit.registry import BACKBONES

_DILATIONS = 5


class EnhancedBlock(FrameBlock):
    """A block with SEN's two modules between its convolutions. Arguments are those of :class:`FrameBlock`."""

    def __init__(self, in_channels: int, out_channels: int, *, stride: int) -> None:
        super().__init__(in_channels, out_channels, stride=stride)
        self.tsem = TemporalEnhancement(out_channels, _DILATIONS)
        self.ssem = SpatialEnhancement(out_channels)

    def between(self, x: torch.Tensor) -> torch.Tensor:
        """Add what both modules emphasize."""
        return x + self.ssem(x) + self.tsem(x)


@BACKBONES.register_module()
class SEN(FrameResNet):
    """ResNet on each frame, each of whose blocks emphasizes places and frames in its middle.

    Source: "Self-Emphasizing Network for Continuous Sign Language Recognition" (AAAI 2023), hulianyuyy/SEN_CSLR
    c9a4c7e ``modules/resnet.py``; published weights load by name. Different here: any image size.

    Arguments, shape and errors are those of :class:`FrameResNet`; ``width`` is a multiple of 16.
    """

    block = EnhancedBlock
    width_multiple = REDUCTION
