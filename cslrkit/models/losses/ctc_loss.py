"""Connectionist temporal classification."""

from typing import Dict, List

import torch
from torch.nn import functional as F

from cslrkit.models.losses.base import BaseLoss, precise
from cslrkit.registry import LOSSES


@LOSSES.register_module()
class CTCLoss(BaseLoss):
    """CTC, summed over a clip and averaged over the batch, in float32.

    Source: Graves et al. (ICML 2006); reduction of kaistmm/SlowFastSign 37d1b6c: no division by the
    target length. A clip of fewer steps than its glosses need gives infinity, or 0 with ``zero_infinity``.

    Args:
        source: Name of the logits that are trained, e.g. ``'seq/main'``.
        weight: Factor in the total loss.
        name: Name in logs, unique in a recognizer.
        zero_infinity: Whether a clip whose loss is infinite counts as 0 and has no gradient.

    Shape:
        logits (N, T', V), blank 0.
    """

    def __init__(self, source: str, weight: float = 1.0, *, name: str = '', zero_infinity: bool = False) -> None:
        super().__init__(source, weight, name=name)
        self.zero_infinity = zero_infinity

    def forward(
        self, logits: Dict[str, torch.Tensor], feat_lens: torch.Tensor, targets: List[torch.Tensor]
    ) -> torch.Tensor:
        """Return the mean over the batch of each clip's negative log-likelihood."""
        log_probs = precise(logits[self.source]).log_softmax(-1).transpose(0, 1)
        target_lens = torch.tensor([len(target) for target in targets])
        losses = F.ctc_loss(
            log_probs,
            torch.cat(targets).to(log_probs.device),
            feat_lens.cpu(),
            target_lens,
            blank=0,
            reduction='none',
            zero_infinity=self.zero_infinity,
        )
        return losses.mean()
