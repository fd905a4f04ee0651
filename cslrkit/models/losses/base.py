"""What every loss of the recognizer has."""

from typing import Dict, List, Tuple

import torch
from torch import nn

from cslrkit.errors import ConfigError


def precise(logits: torch.Tensor) -> torch.Tensor:
    """Return logits in float32, or in float64 if they are."""
    return logits.to(torch.promote_types(logits.dtype, torch.float32))


class BaseLoss(nn.Module):
    """A named, weighted loss on the head's logits.

    ``forward(logits, feat_lens, targets)`` returns an unweighted scalar; the recognizer multiplies
    it by ``weight`` and logs it as ``name``.

    Args:
        source: Name of the logits that are trained, e.g. ``'seq/main'``.
        weight: Factor in the total loss.
        name: Name in logs, unique in a recognizer; the class and the source by default.

    Raises:
        ConfigError: For a negative weight.
    """

    def __init__(self, source: str, weight: float = 1.0, *, name: str = '') -> None:
        super().__init__()
        if not weight >= 0:
            raise ConfigError(f'got {weight!r}, expected a number that is not negative.', path='weight')
        self.source = source
        self.weight = float(weight)
        self.name = name or f'{type(self).__name__}({source})'

    @property
    def sources(self) -> Tuple[str, ...]:
        """Names of all the logits that the loss reads."""
        return (self.source,)

    def forward(
        self, logits: Dict[str, torch.Tensor], feat_lens: torch.Tensor, targets: List[torch.Tensor]
    ) -> torch.Tensor:
        """Return the loss, unweighted.

        Args:
            logits: By name, each (N, T', V).
            feat_lens: Lengths in steps, int64 (N,).
            targets: Gloss ids of each clip, int64 (L,).
        """
        raise NotImplementedError
