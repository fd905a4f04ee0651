"""Weights of cslrkit and of others: reading, telling formats apart, loading, reporting."""

from cslrkit.models.weights.files import BACKBONE_FORMATS, FORMATS, WeightsFile, read_weights
from cslrkit.models.weights.load import LoadReport, check_num_classes, load_pretrained
from cslrkit.models.weights.pretrained import Pretrained, ScopedInit, log_report

__all__ = [
    'BACKBONE_FORMATS',
    'FORMATS',
    'LoadReport',
    'Pretrained',
    'ScopedInit',
    'WeightsFile',
    'check_num_classes',
    'load_pretrained',
    'log_report',
    'read_weights',
]
