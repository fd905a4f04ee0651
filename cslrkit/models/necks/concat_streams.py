"""The backbone's streams side by side, for backbones that pool over time themselves."""

from typing import Dict, Mapping, Optional, Sequence, Tuple

import torch
from torch import nn

from cslrkit.errors import DataError
from cslrkit.registry import NECKS
from cslrkit.structures.temporal_spec import TemporalSpec
from cslrkit.utils.messages import plural


@NECKS.register_module()
class ConcatStreams(nn.Module):
    """Joins the backbone's streams channel by channel and computes nothing, as the keypoint networks do.

    Args:
        in_channels: Channels of the backbone's streams; the recognizer hands them over.
        frames_per_step: Frames for which the backbone gives one step; the recognizer hands it over.

    Shape:
        - Input: streams (N, C_i, T / frames_per_step), ``frame_lens`` int64 (N,)
        - Output: ``main`` (N, sum of C_i, T'), ``feat_lens`` int64 (N,)
    """

    streams: Tuple[str, ...] = ('main',)

    def __init__(self, in_channels: Mapping[str, int], *, frames_per_step: int = 1) -> None:
        super().__init__()
        self.parts: Dict[str, int] = dict(in_channels)  # what main consists of, in this order
        self.out_channels: Dict[str, int] = {'main': sum(in_channels.values())}
        self.temporal_spec = TemporalSpec((f'P{frames_per_step}',) if frames_per_step > 1 else ())

    def forward(
        self, feats: Mapping[str, torch.Tensor], frame_lens: torch.Tensor, *, streams: Optional[Sequence[str]] = None
    ) -> Tuple[Dict[str, torch.Tensor], torch.Tensor]:
        """Return the joined streams, and the lengths in steps.

        Args:
            feats: The backbone's streams.
            frame_lens: Padded lengths in frames, int64 (N,).
            streams: Plays no part: there is one.

        Raises:
            DataError: If a clip is too short to leave a step.
        """
        feat_lens = self.temporal_spec.feat_len(frame_lens)
        if not torch.compiler.is_compiling() and int(feat_lens.min()) < 1:
            least = self.temporal_spec.total_stride
            raise DataError(
                f'ConcatStreams: got a clip of {plural(int(frame_lens.min()), "frame")} with padding, expected at '
                f'least {least}. '
                'Pad clips by the temporal_spec of the neck.'
            )
        return {'main': torch.cat([feats[name] for name in self.parts], 1)}, feat_lens
