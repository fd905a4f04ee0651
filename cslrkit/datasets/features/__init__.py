"""Features that were computed before training: where they come from."""

from cslrkit.datasets.features.base import FeatureClip, FeatureReader, FeatureRows
from cslrkit.datasets.features.extracted import ExtractedFeatures

__all__ = ['ExtractedFeatures', 'FeatureClip', 'FeatureReader', 'FeatureRows']
