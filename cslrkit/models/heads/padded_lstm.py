"""An LSTM over clips of different lengths."""

import torch
from torch import nn


class PaddedLSTM(nn.LSTM):
    """An ``nn.LSTM`` that takes a padded batch with its lengths, and gives 0 at padded steps.

    Its weights, names and results are those of ``nn.LSTM`` over a packed sequence.

    Args:
        input_size: Channels D of a step.
        hidden_size: Channels H of a direction.
        num_layers: How many layers.
        dropout: Probability of dropping a feature between layers in training.
        bidirectional: Whether it also runs backwards.

    Shape:
        - Input: (N, T', D), lengths int64 (N,)
        - Output: (N, T', H) or, with two directions, (N, T', 2H)
    """

    def __init__(
        self, input_size: int, hidden_size: int, *, num_layers: int, dropout: float = 0.0, bidirectional: bool = True
    ) -> None:
        # torch warns of dropout without a place between two layers.
        super().__init__(
            input_size,
            hidden_size,
            num_layers=num_layers,
            dropout=dropout if num_layers > 1 else 0.0,
            bidirectional=bidirectional,
            batch_first=True,
        )

    def forward(self, steps: torch.Tensor, lens: torch.Tensor) -> torch.Tensor:
        """Return the features of all steps."""
        return unpack(super().forward(pack(steps, lens))[0], steps.shape[1])


def pack(steps: torch.Tensor, lens: torch.Tensor) -> nn.utils.rnn.PackedSequence:
    """The steps of the clips only; ``lens`` are theirs."""
    return nn.utils.rnn.pack_padded_sequence(steps, lens.cpu(), batch_first=True, enforce_sorted=False)


def unpack(packed: nn.utils.rnn.PackedSequence, num_steps: int) -> torch.Tensor:
    """The opposite of :func:`pack`, with 0 at padded steps."""
    return nn.utils.rnn.pad_packed_sequence(packed, batch_first=True, total_length=num_steps)[0]
