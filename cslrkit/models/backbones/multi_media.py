"""Several media of one clip, each with a backbone of its own, that see one another's steps."""

from typing import Any, Dict, List, Mapping, Optional

import torch
from mmengine.model import BaseModule, ModuleDict
from torch import nn

from cslrkit.errors import ConfigError, DataError
from cslrkit.models.backbones.example import example_input
from cslrkit.models.weights.pretrained import ScopedInit
from cslrkit.registry import BACKBONES
from cslrkit.structures.stream_spec import StreamSpec, frames_per_step, stream_specs
from cslrkit.utils.checks import positive
from cslrkit.utils.config_path import config_path

MEDIA = ('frames', 'keypoints')  # as PackSignInputs names them
_KERNEL = 5
_LATERAL_KERNEL = 3


@BACKBONES.register_module()
class MultiMediaBackbone(ScopedInit, BaseModule):
    """A backbone for each medium, whose streams come to common steps and are then connected.

    Streams of a backbone that gives a feature for each frame are brought to steps by a convolution over time, batch
    norm, ReLU and max pooling. Each medium's steps are then added to the others' by a convolution and a batch norm,
    scaled by a learnt weight that starts at 0.

    Source: the form of "Two-Stream Network for Sign Language Recognition and Translation" (Chen et al., NeurIPS 2022).
    Differs: any two backbones, so their lateral connections are between steps instead of between maps of
    stages. One head a medium, one for both and their distillation are :class:`EnsembleHead` and
    :class:`SeqKDLoss`.

    Args:
        media: Name of a medium, ``frames`` and ``keypoints``, to the config of its ``BACKBONES`` class.
        step_channels: Channels of each stream that is brought to steps.
        frames_per_step: How many frames a step has; by default as many as the pooled streams have, 4 if none is.
        lateral: Whether the media are connected.
        init_cfg: Initial weights; each backbone takes one of its own. See :class:`~cslrkit.models.weights.Pretrained`.

    Shape:
        - Input: a dict, for each medium what its backbone takes
        - Output: ``<medium>_<stream>``, of a stream ``main`` ``<medium>``, (N, C, T / frames_per_step)

    Raises:
        ConfigError: For other media, or backbones whose steps do not fit.
    """

    data_preprocessor = 'MultiMediaDataPreprocessor'

    def __init__(
        self,
        media: Mapping[str, dict],
        *,
        step_channels: int = 256,
        frames_per_step: Optional[int] = None,
        lateral: bool = True,
        init_cfg: Optional[dict] = None,
    ) -> None:
        super().__init__(init_cfg)
        if not isinstance(media, Mapping) or set(media) != set(MEDIA):
            raise ConfigError(f'got {media!r}, expected a backbone for each of {MEDIA}.', path='media')
        positive('step_channels', step_channels)
        self.media = ModuleDict()
        for medium, config in media.items():
            with config_path(f'media.{medium}'):
                self.media[medium] = BACKBONES.build(config)
        specs = {medium: stream_specs(backbone) for medium, backbone in self.media.items()}
        self.frames_per_step = _common_steps(specs, frames_per_step)
        self.names = {
            medium: {stream: medium if stream == 'main' else f'{medium}_{stream}' for stream in own}
            for medium, own in specs.items()
        }
        self.stream_specs: Dict[str, StreamSpec] = {}
        self.to_steps = nn.ModuleDict()
        for medium, own in specs.items():
            for stream, spec in own.items():
                name = self.names[medium][stream]
                if not spec.pooled:
                    self.to_steps[name] = _to_steps(spec.channels, step_channels, self.frames_per_step)
                channels = spec.channels if spec.pooled else step_channels
                self.stream_specs[name] = StreamSpec(channels, stride=self.frames_per_step, pooled=True)
        sizes = {medium: sum(self._sizes(medium)) for medium in specs} if lateral else {}
        total = sum(sizes.values())
        self.lateral = nn.ModuleDict({medium: _Lateral(total - size, size) for medium, size in sizes.items()})

    def _sizes(self, medium: str) -> List[int]:
        return [self.stream_specs[name].channels for name in self.names[medium].values()]

    def example_input(self, num_frames: int) -> Dict[str, torch.Tensor]:
        """Zeros as :meth:`forward` takes them, of one clip."""
        return {medium: example_input(backbone, num_frames) for medium, backbone in self.media.items()}

    def forward(self, x: Mapping[str, torch.Tensor]) -> Dict[str, torch.Tensor]:
        """Return the streams of all media.

        Raises:
            DataError: If a medium is missing, or the media differ in length.
        """
        missing = [medium for medium in self.media if not isinstance(x, Mapping) or medium not in x]
        if missing:
            raise DataError(
                f'MultiMediaBackbone: got no {" and no ".join(missing)}, expected {", ".join(self.media)}. '
                'Load all of them in the pipeline (docs/keypoints.md).'
            )
        steps = {medium: self._steps(medium, backbone(x[medium])) for medium, backbone in self.media.items()}
        lengths = {medium: parts.shape[2] for medium, parts in steps.items()}
        if len(set(lengths.values())) > 1:
            raise DataError(f'MultiMediaBackbone: got media of {lengths} steps, expected clips of the same frames.')
        joined = {
            medium: own + self.lateral[medium](torch.cat([steps[other] for other in steps if other != medium], 1))
            if medium in self.lateral
            else own
            for medium, own in steps.items()
        }
        parts = [(name, part) for medium, own in joined.items() for name, part in self._named(medium, own)]
        return dict(parts)

    def _steps(self, medium: str, streams: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """All streams of a medium side by side, at its steps."""
        named = ((name, streams[stream]) for stream, name in self.names[medium].items())
        return torch.cat([self.to_steps[name](part) if name in self.to_steps else part for name, part in named], 1)

    def _named(self, medium: str, steps: torch.Tensor) -> Any:
        return zip(self.names[medium].values(), steps.split(self._sizes(medium), 1))


class _Lateral(nn.Module):
    """What a medium's steps get from those of the others; nothing at first."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(in_channels, out_channels, _LATERAL_KERNEL, padding=_LATERAL_KERNEL // 2, bias=False)
        self.norm = nn.BatchNorm1d(out_channels)
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, steps: torch.Tensor) -> torch.Tensor:
        """Return what is added, (N, C, T')."""
        return self.weight * self.norm(self.conv(steps))


def _to_steps(in_channels: int, out_channels: int, num_frames: int) -> nn.Sequential:
    """Layers from a feature for each frame to one for ``num_frames``, the last of them perhaps fewer."""
    return nn.Sequential(
        nn.Conv1d(in_channels, out_channels, _KERNEL, padding=_KERNEL // 2, bias=False),
        nn.BatchNorm1d(out_channels),
        nn.ReLU(inplace=True),
        nn.MaxPool1d(num_frames, ceil_mode=True),
    )


def _common_steps(specs: Mapping[str, Mapping[str, StreamSpec]], asked: Optional[int]) -> int:
    """Frames of a step that all backbones can have."""
    pooled = {
        medium: frames_per_step(own) for medium, own in specs.items() if any(spec.pooled for spec in own.values())
    }
    steps = positive('frames_per_step', asked) if asked is not None else next(iter(pooled.values()), 4)
    if any(own != steps for own in pooled.values()):
        raise ConfigError(
            f'got {steps} frames a step, but the backbones pool {pooled} frames. Give them equal strides.',
            path='frames_per_step',
        )
    for medium, own in specs.items():
        for stream, spec in own.items():
            if steps % spec.stride:
                raise ConfigError(
                    f'got {steps} frames a step, but the stream {stream} of {medium} has a stride of {spec.stride}, '
                    'expected a divisor of it. Pool more frames in the others, or set frames_per_step.',
                    path='frames_per_step',
                )
    return steps
