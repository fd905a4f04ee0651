"""The geometry of the streams that a backbone gives."""

from dataclasses import dataclass
from typing import Any, Dict, Mapping

from cslrkit.errors import ConfigError
from cslrkit.utils.checks import positive


@dataclass(frozen=True)
class StreamSpec:
    """What a backbone says of one of its streams, after detectron2's ``ShapeSpec``.

    A stream has a feature for each frame, (N, C, T). A pathway that sees the frames 0, 4, 8, ... and repeats each
    of its steps four times has ``stride=4``: a window of a clip gives what the clip gives only if it starts at a
    multiple of 4.

    Args:
        channels: Channels C.
        stride: Frames per step at which the stream is computed.

    Raises:
        ConfigError: For a number that is no positive integer.
    """

    channels: int
    stride: int = 1

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            positive(f'StreamSpec.{name}', value)


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
