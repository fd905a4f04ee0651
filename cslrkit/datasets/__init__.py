"""Corpora, their pipelines and batches."""

from cslrkit.datasets.collate import make_collate_fn
from cslrkit.datasets.csl_daily_dataset import CSLDailyDataset
from cslrkit.datasets.csl_dataset import CSLDataset
from cslrkit.datasets.cslr_dataset import CSLRDataset
from cslrkit.datasets.phoenix2014_dataset import Phoenix2014Dataset
from cslrkit.datasets.phoenix2014_t_dataset import Phoenix2014TDataset
from cslrkit.datasets.samplers import LengthGroupedSampler
from cslrkit.datasets.seeded_dataset import SeededDataset

__all__ = [
    'CSLDailyDataset',
    'CSLDataset',
    'CSLRDataset',
    'LengthGroupedSampler',
    'Phoenix2014Dataset',
    'Phoenix2014TDataset',
    'SeededDataset',
    'make_collate_fn',
]
