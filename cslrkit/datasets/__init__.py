"""Corpora, their pipelines and batches."""

from cslrkit.datasets.collate import make_collate_fn
from cslrkit.datasets.cslr_dataset import CSLRDataset
from cslrkit.datasets.named_datasets import CSLDailyDataset, CSLDataset, Phoenix2014Dataset, Phoenix2014TDataset
from cslrkit.datasets.region_crops import RegionCrops
from cslrkit.datasets.samplers import CurriculumSampler, LengthGroupedSampler
from cslrkit.datasets.seeded_dataset import SeededDataset

__all__ = [
    'CSLDailyDataset',
    'CSLDataset',
    'CSLRDataset',
    'CurriculumSampler',
    'LengthGroupedSampler',
    'Phoenix2014Dataset',
    'Phoenix2014TDataset',
    'RegionCrops',
    'SeededDataset',
    'make_collate_fn',
]
