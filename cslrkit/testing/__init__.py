"""Checks that a class keeps the contract of its part, for authors of plugins."""

from cslrkit.testing.contract import ContractError, Finding
from cslrkit.testing.data_contracts import check_dataset, check_decoder, check_transform, make_sample
from cslrkit.testing.network_contracts import check_backbone, check_head, check_loss, check_neck

__all__ = ['ContractError', 'Finding', 'check_backbone', 'check_dataset', 'check_decoder', 'check_head', 'check_loss']
__all__ += ['check_neck', 'check_transform', 'make_sample']
