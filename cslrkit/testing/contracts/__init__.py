"""Checks that a class keeps the contract of its part, for authors of plugins."""

from cslrkit.testing.contracts.backbone import check_backbone
from cslrkit.testing.contracts.dataset import check_dataset
from cslrkit.testing.contracts.decoder import check_decoder
from cslrkit.testing.contracts.findings import ContractError, Finding
from cslrkit.testing.contracts.head import check_head
from cslrkit.testing.contracts.loss import check_loss
from cslrkit.testing.contracts.neck import check_neck
from cslrkit.testing.contracts.transform import check_transform, make_sample

__all__ = [
    'ContractError',
    'Finding',
    'check_backbone',
    'check_dataset',
    'check_decoder',
    'check_head',
    'check_loss',
    'check_neck',
    'check_transform',
    'make_sample',
]
