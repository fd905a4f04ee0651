"""CTC that is kept from becoming certain too early."""

from typing import Dict, List

import torch

from cslrkit.errors import ConfigError
from cslrkit.models.losses import CTCLoss
from cslrkit.registry import LOSSES


@LOSSES.register_module()
class EntropyCTCLoss(CTCLoss):
    """CTC less ``strength`` times the mean entropy of the steps.

    CTC alone drives a network to a few spikes among blanks; the entropy of each step's distribution,
    averaged over the steps of all clips, keeps alternatives alive. Source: the confidence penalty of Pereyra
    et al., "Regularizing Neural Networks by Penalizing Confident Output Distributions" (ICLR 2017
    workshop), on each step.

    Args:
        source: Name of the logits that are trained, e.g. ``'conv/main'``.
        weight: Factor in the total loss.
        name: Name in logs, unique in a recognizer.
        strength: Factor of the entropy; 0 gives CTC.

    Shape:
        logits (N, T', V), blank 0.

    Raises:
        ConfigError: If the strength is negative.
    """

    def __init__(self, source: str, weight: float = 1.0, *, name: str = '', strength: float = 0.1) -> None:
        super().__init__(source, weight, name=name)
        if not strength >= 0:
            raise ConfigError(f'got {strength!r}, expected a number that is not negative.', path='strength')
        self.strength = float(strength)

    def forward(
        self, logits: Dict[str, torch.Tensor], feat_lens: torch.Tensor, targets: List[torch.Tensor]
    ) -> torch.Tensor:
        """Return the loss; padded steps play no part."""
        log_probs = logits[self.source].float().log_softmax(-1)
        entropy = -(log_probs.exp() * log_probs).sum(-1)
        steps = torch.arange(log_probs.shape[1], device=log_probs.device)
        valid = steps < feat_lens.to(log_probs.device)[:, None]
        mean_entropy = entropy[valid].mean()
        return super().forward(logits, feat_lens, targets) - self.strength * mean_entropy
