"""Any image network of the library timm, on each frame."""

from typing import Any, Dict, Optional

import torch

from cslrkit.errors import ConfigError
from cslrkit.models.backbones.library_backbone import Frozen, LibraryBackbone, resized
from cslrkit.registry import BACKBONES, nearest
from cslrkit.structures.stream_spec import StreamSpec
from cslrkit.utils.checks import check_clip


@BACKBONES.register_module()
class TimmBackbone(LibraryBackbone):
    """A network of timm (huggingface/pytorch-image-models) without its classifier, on each frame alone.

    Frames are normalized by the network's own mean and standard deviation, unless the config's data preprocessor has
    others, and come to it in its own size. It needs the package: ``pip install 'cslrkit[timm]'``.

    Args:
        model_name: timm's name, e.g. ``'convnext_tiny.fb_in22k'`` or ``'vit_small_patch14_dinov2'``.
        pretrained: Whether timm's weights are loaded when training starts; it downloads them once.
        frozen: What is not trained: True for all, or names of parts, e.g. ``['patch_embed', 'blocks.0']``.
        resize: Whether frames of another size are resized to that of the network's weights. A transformer takes no
            other; a convolutional network takes any.
        with_cp: Activation checkpointing, if the network has it: less memory in training, more time.
        init_cfg: Initial weights from a file of these names; see :class:`~cslrkit.models.weights.Pretrained`.

    Shape:
        - Input: (N, 3, T, H, W)
        - Output: ``main`` (N, C, T), C the network's

    Raises:
        ConfigError: Without the package, for a name that timm does not have or parts that the network does not
            have, for a network that cannot be checkpointed, and if weights cannot be downloaded.
    """

    sees_frames_alone = True

    def __init__(
        self,
        model_name: str,
        pretrained: bool = True,
        *,
        frozen: Frozen = False,
        resize: bool = True,
        with_cp: bool = False,
        init_cfg: Optional[dict] = None,
    ) -> None:
        super().__init__(_create(model_name), pretrained=pretrained, frozen=frozen, init_cfg=init_cfg)
        self.model_name = model_name
        settings = self.net.pretrained_cfg
        self.frame_statistics = (tuple(settings['mean']), tuple(settings['std']))
        self.size = tuple(settings['input_size'][1:]) if resize else None
        if with_cp:
            try:
                self.net.set_grad_checkpointing(True)
            except (AssertionError, AttributeError) as error:
                raise ConfigError(f'{model_name!r} of timm has no activation checkpointing.', path='with_cp') from error
        # Some networks have a layer more before the classifier than behind the last stage.
        self.stream_specs = {'main': StreamSpec(getattr(self.net, 'head_hidden_size', self.net.num_features))}

    def library_weights(self) -> Dict[str, torch.Tensor]:
        """timm's weights."""
        return _create(self.model_name, pretrained=True).state_dict()

    def forward(self, x: torch.Tensor) -> Dict[str, torch.Tensor]:
        """Return the features, one per input frame."""
        check_clip(x)
        frames = resized(x.transpose(1, 2).flatten(0, 1), self.size)
        return {'main': self.net(frames).unflatten(0, (x.shape[0], x.shape[2])).transpose(1, 2)}


def _create(model_name: str, *, pretrained: bool = False) -> Any:
    try:
        import timm
    except ImportError as error:
        raise ConfigError("TimmBackbone needs the package timm: pip install 'cslrkit[timm]'.") from error
    if not timm.is_model(model_name):
        hint = nearest(model_name.partition('.')[0], timm.list_models())
        raise ConfigError(f'got {model_name!r}, which timm {timm.__version__} does not have.{hint}', path='model_name')
    try:
        return timm.create_model(model_name, pretrained=pretrained, num_classes=0)
    except (OSError, RuntimeError) as error:
        raise ConfigError(
            f'{model_name!r} of timm cannot be built: {error}. Without a network, set pretrained=False.',
            path='model_name',
        ) from error
