"""The geometry of the streams that a backbone gives."""

from dataclasses import dataclass
from typing import Any, Dict, Mapping

import torch

from cslrkit.errors import ConfigError
from cslrkit.utils.checks import positive


@dataclass(frozen=True)
class StreamSpec:
    """What a backbone says of one of its streams, after detectron2's ``ShapeSpec``.

    A stream has a feature for each frame, (N, C, T). A pathway that sees the frames 0, 4, 8, ... and repeats each
    of its steps four times has ``stride=4``: a window of a clip gives what the clip gives only if it starts at a
    multiple of 4. If it does not repeat its steps, it is ``pooled``: (N, C, T / 4).

    Args:
        channels: Channels C.
        stride: Frames per step at which the stream is computed.
        pooled: Whether the stream has a feature for ``stride`` frames instead of one for each.

    Raises:
        ConfigError: For a number that is no positive integer.
    """

    channels: int
    stride: int = 1
    pooled: bool = False

    def __post_init__(self) -> None:
        for name in ('channels', 'stride'):
            positive(f'StreamSpec.{name}', getattr(self, name))

    def steps(self, num_frames: int) -> int:
        """Return how many features the stream has for ``num_frames`` frames."""
        return -(-num_frames // self.stride) if self.pooled else num_frames

    def by_frame(self, stream: torch.Tensor, num_frames: int) -> torch.Tensor:
        """Return a stream with a feature for each frame (N, C, T), for which those of a pooled one are repeated."""
        return stream.repeat_interleave(self.stride, 2)[..., :num_frames] if self.pooled else stream


def stream_specs(backbone: Any) -> Dict[str, StreamSpec]:
    """Return the specs of a backbone's streams.

    They are its attribute ``stream_specs``. A backbone written for cslrkit 0.1.0 has ``out_channels`` instead, a dict
    of stream to channels: its streams count as having a stride of 1.

    Args:
        backbone: A module of the registry ``BACKBONES``.

    Raises:
        ConfigError: If it says nothing, or two different things.
    """
    name, specs = type(backbone).__name__, getattr(backbone, 'stream_specs', None)
    channels = getattr(backbone, 'out_channels', None)
    if specs is None and isinstance(channels, Mapping):
        return {stream: StreamSpec(count) for stream, count in channels.items()}
    if not isinstance(specs, Mapping) or not specs or not all(isinstance(spec, StreamSpec) for spec in specs.values()):
        raise ConfigError(
            f"{name}.stream_specs: got {specs!r}, expected a dict such as {{'main': StreamSpec(channels=512)}}. "
            'Set it in __init__: neck and head are sized from it.'
        )
    if channels is not None and channels != {stream: spec.channels for stream, spec in specs.items()}:
        raise ConfigError(
            f'{name}: got out_channels={channels!r}, but stream_specs={specs!r}. stream_specs is what '
            'counts: set that alone.'
        )
    return dict(specs)


def finest_streams(specs: Mapping[str, StreamSpec]) -> Dict[str, StreamSpec]:
    """Return the streams of the smallest stride."""
    finest = min(spec.stride for spec in specs.values())
    return {name: spec for name, spec in specs.items() if spec.stride == finest}


def join_streams(
    features: Mapping[str, torch.Tensor], specs: Mapping[str, StreamSpec], num_frames: int
) -> torch.Tensor:
    """Return the channels of the streams of ``specs`` for each frame, float (N, C, T)."""
    return torch.cat([spec.by_frame(features[name], num_frames) for name, spec in specs.items()], 1).float()


def frames_per_step(specs: Mapping[str, StreamSpec]) -> int:
    """Return for how many frames a backbone gives one feature: 1, unless its streams are pooled.

    Raises:
        ConfigError: If its streams differ in that.
    """
    found = {spec.stride if spec.pooled else 1 for spec in specs.values()}
    if len(found) > 1:
        raise ConfigError(f'stream_specs: got {dict(specs)!r}, expected streams of one length. Upsample the shorter.')
    return found.pop()
