"""A 2-D residual network applied to each frame."""

from typing import Dict, Optional

import torch
import torchvision
from mmengine.model import BaseModule
from torch import nn

from cslrkit.errors import ConfigError
from cslrkit.models.weights.pretrained import ScopedInit
from cslrkit.registry import BACKBONES
from cslrkit.structures.stream_spec import StreamSpec
from cslrkit.utils.checks import check_clip, one_of


@BACKBONES.register_module()
class ResNet(ScopedInit, BaseModule):
    """torchvision's ResNet without its classifier, on each frame alone.

    The frame-wise backbone of VAC, SMKD and CorrNet (VIPL-SLP/VAC_CSLR); frames share a batch norm.

    Args:
        depth: 18, 34 or 50.
        weights: Name of torchvision's weights, e.g. ``'IMAGENET1K_V1'``, which it downloads once; None
            leaves them random.
        init_cfg: Initial weights, e.g. ``dict(type='Pretrained', checkpoint='resnet18-f37072fd.pth')``; see
            :class:`~cslrkit.models.weights.Pretrained`.

    Shape:
        - Input: (N, 3, T, H, W)
        - Output: ``main`` (N, 512, T), or (N, 2048, T) for depth 50

    Raises:
        ConfigError: For another depth, or weights that torchvision does not have.
    """

    sees_frames_alone = True

    def __init__(self, depth: int = 18, weights: Optional[str] = None, *, init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg)
        name = f'resnet{one_of("depth", depth, (18, 34, 50))}'
        if weights is not None:
            one_of('weights', weights, torchvision.models.get_model_weights(name).__members__)
        try:
            self.net = torchvision.models.get_model(name, weights=weights)
        except OSError as error:
            raise ConfigError(f'{weights!r} of {name} cannot be downloaded: {error}', path='weights') from error
        self.stream_specs = {'main': StreamSpec(self.net.fc.in_features)}
        self.net.fc = nn.Identity()
        self.net.to(memory_format=torch.channels_last)  # as frames come

    def forward(self, x: torch.Tensor) -> Dict[str, torch.Tensor]:
        """Return the features, one per input frame."""
        check_clip(x)
        batch_size, _, num_frames = x.shape[:3]
        frames = x.transpose(1, 2).flatten(0, 1)
        features = self.net(frames).unflatten(0, (batch_size, num_frames))
        return {'main': features.transpose(1, 2)}
