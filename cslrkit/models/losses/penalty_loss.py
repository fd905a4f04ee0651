"""A part's own penalty as a loss."""

from typing import Dict, List

import torch

from cslrkit.models.losses.base import BaseLoss, precise
from cslrkit.registry import LOSSES


@LOSSES.register_module()
class PenaltyLoss(BaseLoss):
    """A number that the neck computes in training, e.g. ``'lift_u/main'`` of temporal lift pooling.

    Source: the losses ``Cu`` and ``Cp`` of hulianyuyy/Temporal-Lift-Pooling 21be215 ``slr_network.py``: norms over the
    whole batch and no means, so they grow with the root of batch size and length.

    Args:
        source: Name of the penalty, one of the neck's ``penalty_names``.
        weight: Factor in the total loss.
        name: Name in logs, unique in a recognizer.
    """

    def forward(
        self, logits: Dict[str, torch.Tensor], feat_lens: torch.Tensor, targets: List[torch.Tensor]
    ) -> torch.Tensor:
        """Return the penalty, or the sum of several."""
        return precise(logits[self.source]).sum()
