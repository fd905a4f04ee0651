"""An LSTM over clips of different lengths."""

import torch
from torch import nn


class PaddedLSTM(nn.LSTM):
    """An ``nn.LSTM`` that takes a padded batch with its lengths, and gives 0 at padded steps.

    Its arguments, weights, names and results are those of ``nn.LSTM`` over a packed sequence.

    Shape:
        - Input: (N, T', D), lengths int64 (N,)
        - Output: (N, T', H) or, with two directions, (N, T', 2H)
    """

    def forward(self, steps: torch.Tensor, lens: torch.Tensor) -> torch.Tensor:
        """Return the features of all steps."""
        return unpack(super().forward(pack(steps, lens))[0], steps.shape[1])


def pack(steps: torch.Tensor, lens: torch.Tensor) -> nn.utils.rnn.PackedSequence:
    """The steps of the clips only; ``lens`` are theirs. Clips that come longest first need no order on the device."""
    lens = lens.cpu()
    longest_first = bool((lens[:-1] >= lens[1:]).all())
    return nn.utils.rnn.pack_padded_sequence(steps, lens, batch_first=True, enforce_sorted=longest_first)


def unpack(packed: nn.utils.rnn.PackedSequence, num_steps: int) -> torch.Tensor:
    """The opposite of :func:`pack`, with 0 at padded steps."""
    return nn.utils.rnn.pad_packed_sequence(packed, batch_first=True, total_length=num_steps)[0]
