"""A diffusion prior of crops."""

import math
from typing import Any, Dict, List, Optional, Sequence

import torch
from mmengine.model import BaseModel
from torch.nn import functional as F

from cslrkit.errors import ConfigError
from cslrkit.models.priors.denoising_unet import DenoisingUNet
from cslrkit.registry import MODELS


@MODELS.register_module()
class DiffusionPrior(BaseModel):
    """A network that takes the noise out of crops, trained for all levels of it at once.

    At level t, from 0 to 1, an image x of values from -1 to 1 is seen as ``cos(pi t / 2) x + sin(pi t / 2) noise``.
    The network predicts ``v = cos(pi t / 2) noise - sin(pi t / 2) x``; the loss is the mean square of its error.
    Source: Salimans and Ho, "Progressive distillation for fast sampling of diffusion models", 2022.

    Args:
        size: Side in pixels of the crops that it is trained on.
        channels: Of the U-Net, see :class:`~cslrkit.models.priors.denoising_unet.DenoisingUNet`.
        data_preprocessor: As of mmengine's ``BaseModel``; by default crops are only moved to the device.
        init_cfg: As of mmengine's ``BaseModel``.

    Raises:
        ConfigError: For a size that the network cannot halve as often as it has scales.
    """

    def __init__(
        self,
        size: int = 48,
        channels: Sequence[int] = (32, 64, 64),
        *,
        data_preprocessor: Optional[Dict[str, Any]] = None,
        init_cfg: Optional[Dict[str, Any]] = None,
    ) -> None:
        super().__init__(data_preprocessor, init_cfg)
        self.backbone = DenoisingUNet(channels)
        if not isinstance(size, int) or size < 1 or size % self.multiple:
            raise ConfigError(
                f'DiffusionPrior: got {size!r}, expected a multiple of {self.multiple} pixels.', path='size'
            )
        self.size = size

    @property
    def multiple(self) -> int:
        """Sides of images are a multiple of this number of pixels."""
        return self.backbone.multiple

    def forward(
        self, inputs: List[torch.Tensor], data_samples: Optional[List[Any]] = None, mode: str = 'loss'
    ) -> Dict[str, torch.Tensor]:
        """Return the loss ``loss_v`` of a batch.

        Args:
            inputs: Crops of each clip, uint8 (K, 3, size, size).
            data_samples: Not used.
            mode: ``'loss'``.

        Raises:
            ConfigError: For another mode.
        """
        if mode != 'loss':
            raise ConfigError(f"DiffusionPrior: got mode '{mode}', expected 'loss'. tools/restore_frames.py uses it.")
        clean = torch.cat(inputs).float() / 127.5 - 1
        count = len(clean)
        # A level of each part of the range, so that the loss of a batch says more.
        levels = (torch.arange(count, device=clean.device) + torch.rand(count, device=clean.device)) / count
        noise = torch.randn_like(clean)
        kept, added = (wave(math.pi / 2 * levels)[:, None, None, None] for wave in (torch.cos, torch.sin))
        predicted = self.backbone(kept * clean + added * noise, levels)
        return dict(loss_v=F.mse_loss(predicted, kept * noise - added * clean))

    def denoise(self, images: torch.Tensor, level: float) -> torch.Tensor:
        """Return what noisy images most likely show.

        Args:
            images: (N, 3, H, W), as :attr:`multiple` says, on any device.
            level: From 0 to 1, see above.

        Returns:
            Values from -1 to 1, of the same shape.
        """
        device = next(self.parameters()).device
        predicted = self.backbone(images.to(device), torch.full((len(images),), level, device=device)).to(images)
        return (math.cos(math.pi / 2 * level) * images - math.sin(math.pi / 2 * level) * predicted).clamp(-1, 1)
