"""Transforms of a sample dict; a class's docstring lists the keys it needs and makes."""

from cslrkit.datasets.transforms.degrade import Degrade
from cslrkit.datasets.transforms.features import FeatureNoise, LoadFeatures, TimeMasking
from cslrkit.datasets.transforms.keypoint_augmentation import (
    RandomKeypointAffine,
    RandomKeypointDrop,
    RandomKeypointFlip,
)
from cslrkit.datasets.transforms.keypoint_frames import CropFrames, RandomFrames
from cslrkit.datasets.transforms.keypoints import LoadKeypoints, NormalizeKeypoints, SelectKeypoints
from cslrkit.datasets.transforms.loading import LoadFrames
from cslrkit.datasets.transforms.packing import PackClassicalInputs, PackSignInputs
from cslrkit.datasets.transforms.resampling import RandomResize, RandomRotation, Resize
from cslrkit.datasets.transforms.spatial import CenterCrop, RandomCrop, RandomHorizontalFlip
from cslrkit.datasets.transforms.temporal import TemporalRescale

__all__ = [
    'CenterCrop',
    'CropFrames',
    'Degrade',
    'FeatureNoise',
    'LoadFeatures',
    'LoadFrames',
    'LoadKeypoints',
    'NormalizeKeypoints',
    'PackClassicalInputs',
    'PackSignInputs',
    'RandomCrop',
    'RandomFrames',
    'RandomHorizontalFlip',
    'RandomKeypointAffine',
    'RandomKeypointDrop',
    'RandomKeypointFlip',
    'RandomResize',
    'RandomRotation',
    'Resize',
    'SelectKeypoints',
    'TemporalRescale',
    'TimeMasking',
]
