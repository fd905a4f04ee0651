"""Features that were computed before training: where they come from."""

from cslrkit.datasets.features.array_features import ArrayFeatures
from cslrkit.datasets.features.base import FeatureClip, FeatureReader, FeatureRows
from cslrkit.datasets.features.extracted import ExtractedFeatures
from cslrkit.datasets.features.pickled_features import PickledFeatures
from cslrkit.datasets.features.vac_features import VACFeatures

__all__ = [
    'ArrayFeatures',
    'ExtractedFeatures',
    'FeatureClip',
    'FeatureReader',
    'FeatureRows',
    'PickledFeatures',
    'VACFeatures',
]
