"""Losses on the head's logits."""

from cslrkit.models.losses.base import BaseLoss, precise
from cslrkit.models.losses.ctc_loss import CTCLoss
from cslrkit.models.losses.penalty_loss import PenaltyLoss
from cslrkit.models.losses.published import published_losses
from cslrkit.models.losses.seq_kd_loss import SeqKDLoss

__all__ = ['BaseLoss', 'CTCLoss', 'PenaltyLoss', 'SeqKDLoss', 'precise', 'published_losses']
