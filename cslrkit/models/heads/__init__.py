"""Heads: features per step to logits.

A head has ``logit_names`` (every name that it can give), ``primary`` (the logits that are the result)
and ``auxiliary`` (further logits of the main stream, or None).
"""

from cslrkit.models.heads.bilstm_head import BiLSTMHead
from cslrkit.models.heads.ensemble_head import EnsembleHead
from cslrkit.models.heads.linear_head import LinearHead

__all__ = ['BiLSTMHead', 'EnsembleHead', 'LinearHead']
