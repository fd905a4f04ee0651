"""Metrics that the Runner calls."""

from cslrkit.evaluation.metrics.wer_metric import WERMetric

__all__ = ['WERMetric']
