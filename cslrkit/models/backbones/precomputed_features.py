"""The backbone of a recognizer whose features were computed before."""

from typing import Dict, Mapping

import torch
from torch import nn

from cslrkit.errors import ConfigError, DataError
from cslrkit.registry import BACKBONES
from cslrkit.structures.stream_spec import StreamSpec
from cslrkit.utils.config_path import config_path


@BACKBONES.register_module()
class PrecomputedFeatures(nn.Module):
    """Passes features on as the streams that they are: no network, no weights.

    Args:
        streams: For each stream, in the order of the columns, the arguments of its :class:`StreamSpec`: ``channels``,
            and ``stride`` where it is not 1, such as ``dict(main=dict(channels=512))``. The strides are those at
            which the features were computed. Of a ``pooled`` stream every ``stride``-th row is taken.

    Shape:
        - Input: (N, C, T), C the channels of all streams
        - Output: each stream (N, C_i, T), a pooled one (N, C_i, T / stride)

    Raises:
        ConfigError: For no streams, or a spec that cannot be.
    """

    data_preprocessor = 'FeatureDataPreprocessor'
    sees_frames_alone = True
    weights_elsewhere = True  # a checkpoint may hold those of the network that computed the features

    def __init__(self, streams: Mapping[str, Mapping[str, int]]) -> None:
        super().__init__()
        if not streams or not all(isinstance(spec, Mapping) for spec in streams.values()):
            raise ConfigError(f'got {streams!r}, expected e.g. dict(main=dict(channels=512)).', path='streams')
        self.stream_specs: Dict[str, StreamSpec] = {}
        for name, spec in streams.items():
            with config_path(f'streams.{name}'):
                try:
                    self.stream_specs[name] = StreamSpec(**spec)
                except TypeError as error:
                    raise ConfigError(f'got {dict(spec)!r}, expected channels and stride.') from error

    def example_input(self, num_frames: int) -> torch.Tensor:
        """Zeros as :meth:`forward` takes them, of one clip."""
        return torch.zeros(1, sum(spec.channels for spec in self.stream_specs.values()), num_frames)

    def forward(self, x: torch.Tensor) -> Dict[str, torch.Tensor]:
        """Return the streams.

        Raises:
            DataError: If the features have another number of channels.
        """
        sizes = [spec.channels for spec in self.stream_specs.values()]
        if x.dim() != 3 or x.shape[1] != sum(sizes):
            got = f'features of {x.shape[1]} columns' if x.dim() == 3 else f'the shape {tuple(x.shape)}'
            raise DataError(
                f'PrecomputedFeatures: got {got}, but its streams '
                f'({", ".join(f"{name}: {size}" for name, size in zip(self.stream_specs, sizes))}) have {sum(sizes)}. '
                'Set model.backbone.streams to what the features have, or check their axes.'
            )
        parts = zip(self.stream_specs.items(), x.split(sizes, 1))
        return {name: part[:, :, :: spec.stride] if spec.pooled else part for (name, spec), part in parts}
