"""Distillation between two outputs of one network."""

from typing import Dict, List, Tuple

import torch
from torch.nn import functional as F

from cslrkit.errors import ConfigError
from cslrkit.models.losses.base import BaseLoss, precise
from cslrkit.registry import LOSSES
from cslrkit.utils.checks import one_of


@LOSSES.register_module()
class SeqKDLoss(BaseLoss):
    """Pulls one output's distribution at each step towards another's, which gets no gradient.

    ``temperature^2 KL(teacher || student)`` of the softened distributions, averaged over all N T'
    steps, padded ones included. Source: VIPL-SLP/VAC_CSLR ``modules/criterions.py``, used by
    kaistmm/SlowFastSign 37d1b6c. MSKA sums over the steps of a clip (``per='clip'``) with a temperature of 1 and the
    blank (sutwangyan/MSKA e7d5610 ``recognition.py``).

    Args:
        source: Name of the student's logits, e.g. ``'conv/main'``.
        weight: Factor in the total loss.
        name: Name in logs, unique in a recognizer.
        teacher: Name of the teacher's logits, e.g. ``'seq/main'``.
        temperature: Divides both logits.
        use_blank: Whether the blank is one of the classes; published without.
        per: ``'step'`` for the mean over all steps, ``'clip'`` for their sum divided by N.

    Shape:
        logits (N, T', V), blank 0.

    Raises:
        ConfigError: If the temperature is not positive, or for another ``per``.
    """

    def __init__(
        self,
        source: str = 'conv/main',
        weight: float = 1.0,
        *,
        name: str = '',
        teacher: str = 'seq/main',
        temperature: float = 8.0,
        use_blank: bool = False,
        per: str = 'step',
    ) -> None:
        super().__init__(source, weight, name=name)
        if not temperature > 0:
            raise ConfigError(f'got {temperature!r}, expected a positive number.', path='temperature')
        self.teacher = teacher
        self.temperature = float(temperature)
        self.first_class = 0 if use_blank else 1
        self.per = one_of('per', per, ('step', 'clip'))

    @property
    def sources(self) -> Tuple[str, ...]:
        """Names of the student's and the teacher's logits."""
        return (self.source, self.teacher)

    def forward(
        self, logits: Dict[str, torch.Tensor], feat_lens: torch.Tensor, targets: List[torch.Tensor]
    ) -> torch.Tensor:
        """Return the divergence; lengths and targets play no part."""
        student = (self._softened(logits[self.source])).log_softmax(-1)
        teacher = self._softened(logits[self.teacher].detach()).softmax(-1)
        steps = 1 if self.per == 'step' else logits[self.source].shape[1]
        return F.kl_div(student, teacher, reduction='batchmean') * steps * self.temperature**2

    def _softened(self, logits: torch.Tensor) -> torch.Tensor:
        return precise(logits[..., self.first_class :].flatten(0, 1)) / self.temperature
