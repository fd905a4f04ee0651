"""Weights of cslrkit and of others: reading, telling formats apart, loading, reporting."""

from cslrkit.models.weights.load import check_num_classes, load_pretrained, load_weights_file
from cslrkit.models.weights.pretrained import Pretrained, ScopedInit, log_report
from cslrkit.models.weights.report import LoadReport
from cslrkit.models.weights.source import BACKBONE_FORMATS, FORMATS, WeightsFile, read_weights

__all__ = [
    'BACKBONE_FORMATS',
    'FORMATS',
    'LoadReport',
    'Pretrained',
    'ScopedInit',
    'WeightsFile',
    'check_num_classes',
    'load_pretrained',
    'load_weights_file',
    'log_report',
    'read_weights',
]
