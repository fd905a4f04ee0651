"""Whether anybody signs, by what the backbone sees around each frame."""

from typing import Mapping

import torch
from torch import nn
from torch.nn import functional as F

from cslrkit.registry import ACTIVITIES
from cslrkit.structures import StreamSpec
from cslrkit.structures.stream_spec import finest_streams, join_streams
from cslrkit.utils.checks import positive


@ACTIVITIES.register_module()
class ConvActivity(nn.Module):
    """Two temporal convolutions over features of the backbone.

    It is trained after the recognizer by ``tools/train_activity.py``, and takes no part in a training of the
    recognizer: its parameters are frozen.

    Args:
        stream_specs: Streams of the backbone; the recognizer hands them over. Those of the smallest stride are seen.
        hidden: Channels of the convolutions.
        kernel: Frames, as the network sees them, that each of the two sees.

    Shape:
        - Input: streams (N, C_i, T)
        - Output: logits of signing (N, T)

    Raises:
        ConfigError: For a size that is no positive integer.
    """

    def __init__(self, stream_specs: Mapping[str, StreamSpec], *, hidden: int = 32, kernel: int = 9) -> None:
        super().__init__()
        self.streams = finest_streams(stream_specs)
        channels = sum(spec.channels for spec in self.streams.values())
        hidden, kernel = positive('hidden', hidden), positive('kernel', kernel)
        self.register_buffer('mean', torch.zeros(channels))
        self.register_buffer('std', torch.ones(channels))
        self.reduce = nn.Conv1d(channels, hidden, 1)
        self.first = nn.Conv1d(hidden, hidden, kernel, padding=kernel // 2)
        self.second = nn.Conv1d(hidden, 1, kernel, padding=kernel // 2)
        self.requires_grad_(False)

    def forward(self, features: Mapping[str, torch.Tensor], num_frames: int) -> torch.Tensor:
        """Return the logits of each frame."""
        return self.score(join_streams(features, self.streams, num_frames))

    def score(self, rows: torch.Tensor) -> torch.Tensor:
        """Return the logits (N, T) of joined features (N, C, T)."""
        rows = (rows - self.mean[:, None]) / self.std[:, None]
        rows = F.relu(self.reduce(F.dropout(rows, 0.3, self.training)))
        return self.second(F.relu(self.first(rows)))[:, 0, : rows.shape[-1]]
