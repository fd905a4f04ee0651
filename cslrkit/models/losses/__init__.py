"""Losses on the head's logits."""

from cslrkit.models.losses.ctc_loss import CTCLoss
from cslrkit.models.losses.penalty_loss import PenaltyLoss
from cslrkit.models.losses.published import published_losses
from cslrkit.models.losses.seq_kd_loss import SeqKDLoss

__all__ = ['CTCLoss', 'PenaltyLoss', 'SeqKDLoss', 'published_losses']
