"""torchvision's networks for action recognition, on whole clips."""

from typing import Dict, List, Optional, Tuple

import torch
import torchvision
from torch import nn
from torch.utils.checkpoint import checkpoint

from cslrkit.errors import ConfigError
from cslrkit.models.backbones.frames import upsample_time
from cslrkit.models.backbones.library_backbone import Frozen, LibraryBackbone, resized
from cslrkit.models.checkpointing import apply
from cslrkit.registry import BACKBONES
from cslrkit.structures.stream_spec import StreamSpec
from cslrkit.utils.checks import check_clip, one_of

# Channels of the features, and frames for each.
_RESNET, _S3D, _MVIT = (512, 8), (1024, 8), (768, 2)
_NETWORKS: Dict[str, Tuple[int, int]] = {
    'r3d_18': _RESNET,
    'mc3_18': (512, 1),
    'r2plus1d_18': _RESNET,
    's3d': _S3D,
    'mvit_v1_b': _MVIT,
    'mvit_v2_s': _MVIT,
    'swin3d_t': (768, 2),
    'swin3d_s': (768, 2),
    'swin3d_b': (1024, 2),
}
_MVIT_FRAMES = 16  # positions in time are learnt for so many
_MVIT_SIZE = 224


@BACKBONES.register_module()
class TorchvisionVideoBackbone(LibraryBackbone):
    """A network of torchvision for action recognition without its classifier, whose features keep time.

    A feature stands for 8, 2 or 1 frames and is repeated for them; the last frame is repeated until this divides their
    number. ``mvit`` sees 16 frames at a time. Frames are normalized as torchvision's weights need it, unless the
    config's data preprocessor has other statistics.

    Args:
        model_name: ``'r3d_18'``, ``'mc3_18'``, ``'r2plus1d_18'``, ``'s3d'``, ``'mvit_v1_b'``, ``'mvit_v2_s'``,
            ``'swin3d_t'``, ``'swin3d_s'`` or ``'swin3d_b'``.
        pretrained: Whether torchvision's weights of Kinetics are loaded when training starts; it downloads them once.
        frozen: What is not trained: True for all, or names of parts, e.g. ``['stem', 'layer1']``.
        image_size: Height and width to which frames are resized; as they come by default, 224 for ``mvit``, which
            takes no other.
        with_cp: Activation checkpointing: training keeps the inputs of blocks only and computes the rest again, for
            less memory and more time.
        init_cfg: Initial weights from a file of these names; see :class:`~cslrkit.models.weights.Pretrained`.

    Shape:
        - Input: (N, 3, T, H, W)
        - Output: ``main`` (N, C, T); C is 512, 768 or 1024

    Raises:
        ConfigError: For another name, parts that the network does not have, or weights that cannot be downloaded.
    """

    def __init__(
        self,
        model_name: str,
        pretrained: bool = True,
        *,
        frozen: Frozen = False,
        image_size: Optional[int] = None,
        with_cp: bool = False,
        init_cfg: Optional[dict] = None,
    ) -> None:
        channels, stride = _NETWORKS[one_of('model_name', model_name, _NETWORKS)]
        net = torchvision.models.get_model(model_name)
        for classifier in ('fc', 'classifier', 'head'):
            if hasattr(net, classifier):
                setattr(net, classifier, nn.Identity())
        super().__init__(net, pretrained=pretrained, frozen=frozen, init_cfg=init_cfg)
        self.stride = stride
        self.with_cp = with_cp
        self.weights = torchvision.models.get_model_weights(model_name).DEFAULT
        self.is_mvit = model_name.startswith('mvit')
        if self.is_mvit:
            image_size = one_of('image_size', image_size or _MVIT_SIZE, (_MVIT_SIZE,))
        self.size = None if image_size is None else (image_size, image_size)
        transforms = self.weights.transforms()
        self.frame_statistics = (tuple(transforms.mean), tuple(transforms.std))
        # The transformers' pieces and windows have 16 frames.
        phase = _MVIT_FRAMES if model_name.startswith(('mvit', 'swin3d')) else self.stride
        self.stream_specs = {'main': StreamSpec(channels, stride=phase)}

    def library_weights(self) -> Dict[str, torch.Tensor]:
        """torchvision's weights without those of the classifier."""
        try:
            state = self.weights.get_state_dict(check_hash=True)
        except (OSError, RuntimeError) as error:
            raise ConfigError(
                f'{self.weights.url} cannot be downloaded: {error}. Without a network, set pretrained=False.',
                path='pretrained',
            ) from error
        own = self.net.state_dict()
        return {name: tensor for name, tensor in state.items() if name in own}

    def forward(self, x: torch.Tensor) -> Dict[str, torch.Tensor]:
        """Return the features, one per input frame."""
        check_clip(x)
        batch_size, _, num_frames = x.shape[:3]
        x = resized(x.transpose(1, 2).flatten(0, 1), self.size).unflatten(0, (batch_size, num_frames))
        multiple = _MVIT_FRAMES if self.is_mvit else self.stride
        x = torch.cat([x, x[:, -1:].expand(-1, -num_frames % multiple, -1, -1, -1)], 1)
        if self.is_mvit:
            steps = self._mvit_steps(x.unflatten(1, (-1, _MVIT_FRAMES)).flatten(0, 1).transpose(1, 2))
            steps = steps.unflatten(0, (batch_size, -1)).flatten(1, 2)
        elif hasattr(self.net, 'patch_embed'):
            steps = self._swin_steps(x.transpose(1, 2))
        else:
            steps = self._through(self._stages(), x.transpose(1, 2)).mean((3, 4)).transpose(1, 2)
        return {'main': upsample_time(steps.transpose(1, 2), self.stride, num_frames)}

    def _stages(self) -> List[nn.Module]:
        """Blocks of a convolutional network, in order."""
        if hasattr(self.net, 'features'):  # S3D
            return list(self.net.features)
        layers = (self.net.layer1, self.net.layer2, self.net.layer3, self.net.layer4)
        return [self.net.stem, *(block for layer in layers for block in layer)]

    def _through(self, blocks: List[nn.Module], x: torch.Tensor) -> torch.Tensor:
        for block in blocks:
            x = apply(block, x, with_cp=self.with_cp)
        return x

    def _swin_steps(self, x: torch.Tensor) -> torch.Tensor:
        """Steps (N, T / 2, C) of clips (N, 3, T, H, W)."""
        x = self.net.pos_drop(self.net.patch_embed(x))
        blocks = [block for stage in self.net.features for block in _parts_of(stage)]
        return self.net.norm(self._through(blocks, x)).mean((2, 3))

    def _mvit_steps(self, x: torch.Tensor) -> torch.Tensor:
        """Steps (N, 8, C) of clips (N, 3, 16, H, W), without those of the class token."""
        x = self.net.pos_encoding(self.net.conv_proj(x).flatten(2).transpose(1, 2))
        grid = (self.net.pos_encoding.temporal_size, *self.net.pos_encoding.spatial_size)
        for block in self.net.blocks:
            if self.with_cp and self.training:
                x, grid = checkpoint(block, x, grid, use_reentrant=False)
            else:
                x, grid = block(x, grid)
        return self.net.norm(x)[:, 1:].unflatten(1, grid).mean((2, 3))


def _parts_of(stage: nn.Module) -> List[nn.Module]:
    """Blocks of a stage, or what merges patches as it is."""
    return list(stage) if isinstance(stage, nn.Sequential) else [stage]
