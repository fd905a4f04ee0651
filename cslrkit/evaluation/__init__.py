"""Evaluation: pure scoring functions, and the metric that the Runner calls."""

from cslrkit.evaluation.functional.normalizers import NoNormalizer, Phoenix2014Normalizer
from cslrkit.evaluation.metrics import WERMetric

__all__ = ['NoNormalizer', 'Phoenix2014Normalizer', 'WERMetric']
