"""From the data loader's lists to the network's batch."""

from typing import Any, Dict, List, Optional, Sequence, Union

import torch
from mmengine.model import BaseDataPreprocessor
from torch import nn

from cslrkit.errors import ConfigError, DataError
from cslrkit.registry import MODELS
from cslrkit.structures.padding import Statistic, longest_first, normalize_, pad_clips
from cslrkit.structures.temporal_spec import TemporalSpec


@MODELS.register_module()
class SignDataPreprocessor(BaseDataPreprocessor):
    """Move uint8 clips to the device, then pad and normalize them there.

    Clips stay uint8 and unpadded until they are on the device: a quarter of the bytes through
    workers and bus. Samples are sorted longest clip first, equal lengths in their order.

    Source: ``normalize`` and ``collate_fn`` of ``BaseFeeder`` in kaistmm/SlowFastSign 37d1b6c; the
    same values, with channels innermost in memory.

    Args:
        mean: Mean of pixels in 0-1, one number or one a channel.
        std: Standard deviation of pixels in 0-1, likewise.
        temporal_spec: Geometry of the temporal stack, handed over by the recognizer; None pads
            only to the longest clip.
        non_blocking: Whether copies to the device may overlap with computation; they do from pinned memory.

    Shape:
        ``data['inputs']``: uint8 clips (T, C, H, W), in a list, with ``data['data_samples']`` of
        the same length. Returns ``inputs`` float32 (N, T_pad, C, H, W) over N T H W C memory,
        ``frame_lens`` int64 (N,) on the CPU, and ``data_samples``, both in the new order. The samples stay on
        the CPU, so that reading them waits for no device.

    Raises:
        ConfigError: For a standard deviation that is not positive or a wrong ``temporal_spec``.
        DataError: For inputs that are not uint8 clips of one size, or not one sample each.
    """

    def __init__(
        self,
        mean: Statistic = 0.45,
        std: Statistic = 0.225,
        *,
        temporal_spec: Optional[TemporalSpec] = None,
        non_blocking: bool = True,
    ) -> None:
        super().__init__(non_blocking=non_blocking)
        self.mean = _as_statistic(mean)
        self.std = _as_statistic(std)
        if min([self.std] if isinstance(self.std, float) else self.std) <= 0:
            raise ConfigError(f'SignDataPreprocessor: std: got {std!r}, expected positive numbers.')
        if temporal_spec is not None and not isinstance(temporal_spec, TemporalSpec):
            raise ConfigError(f'SignDataPreprocessor: temporal_spec: got {temporal_spec!r}, expected a TemporalSpec.')
        self.temporal_spec = TemporalSpec(()) if temporal_spec is None else temporal_spec

    def forward(self, data: Dict[str, Any], training: bool = False) -> Dict[str, Any]:
        """Return the batch; ``training`` changes nothing, augmentation belongs to the pipeline."""
        clips, samples = data['inputs'], data['data_samples']
        check_batch(type(self).__name__, clips, samples)
        _check_clips(clips)
        order = longest_first(clips)
        batch, frame_lens = pad_clips(
            self.cast_data([clips[position] for position in order]),
            self.temporal_spec,
            dtype=torch.float32,
            channels_last=True,
            fill=self.fill,
        )
        on_cpu = [samples[position].to('cpu') for position in order]
        return dict(inputs=batch, frame_lens=frame_lens, data_samples=on_cpu)

    def fill(self, out: torch.Tensor, clip: torch.Tensor) -> None:
        """Write a clip, normalized, into its place in the batch."""
        normalize_(out.copy_(clip), mean=self.mean, std=self.std)


def build_preprocessor(
    config: Optional[Union[dict, nn.Module]], temporal_spec: Optional[TemporalSpec], backbone: nn.Module
) -> nn.Module:
    """Build the data preprocessor of a backbone: what ``config`` says, else what the backbone names.

    Args:
        config: Of a ``MODELS`` class, or a module; None takes the ``data_preprocessor`` of the backbone, the name of a
            class, or :class:`SignDataPreprocessor` where it has none.
        temporal_spec: Geometry of the temporal stack.
        backbone: What the batch is for. Networks of others are given frames as their weights were trained, by
            ``frame_statistics``; a config may say otherwise.
    """
    if isinstance(config, nn.Module):
        return config
    config = dict(type=getattr(backbone, 'data_preprocessor', 'SignDataPreprocessor')) if config is None else config
    offered = dict(zip(('mean', 'std'), getattr(backbone, 'frame_statistics', ())))
    if hasattr(backbone, 'media'):
        offered['backbones'] = backbone.media
    return MODELS.build(config, default_args=dict(temporal_spec=temporal_spec), offered=offered)


def _as_statistic(value: Statistic) -> Statistic:
    return float(value) if isinstance(value, (int, float)) else [float(number) for number in value]


def check_batch(where: str, clips: Sequence[Any], samples: List[Any]) -> None:
    """Check that there is a data sample for each clip.

    Raises:
        DataError: If there is not; ``where`` begins the message.
    """
    if not isinstance(samples, (list, tuple)) or len(clips) != len(samples):
        got = f'{len(samples)} data samples' if isinstance(samples, (list, tuple)) else type(samples).__name__
        raise DataError(
            f'{where}: got {len(clips)} clips with {got}, expected lists of one length; set '
            "collate_fn=dict(type='pseudo_collate') in the data loader."
        )


def _check_clips(clips: Sequence[Any]) -> None:
    for position, clip in enumerate(clips):
        if not isinstance(clip, torch.Tensor) or clip.dtype != torch.uint8:
            got = clip.dtype if isinstance(clip, torch.Tensor) else type(clip).__name__
            raise DataError(
                f'SignDataPreprocessor: clip {position} is {got}, expected a uint8 tensor (T, C, H, W); end the '
                "pipeline with dict(type='PackSignInputs')."
            )
