"""Feature files in the layouts of others, and datasets that read features."""

import os

import numpy as np
from corpus_files import entry, write_annotation

from cslrkit.datasets import CSLRDataset

COUNTS = {'a': 12, 'b': 9, 'c': 8}  # annotated frames of each sample
PIPELINE = [dict(type='LoadFeatures'), dict(type='PackSignInputs')]


def write_corpus(root, *, split='train'):
    """Annotate samples of ``COUNTS``; there are no frames."""
    write_annotation(root, [entry(name, num_frames=count) for name, count in COUNTS.items()], split=split)


def rows_of(name, *, stride=1, width=4):
    """Features of a sample: row t, column c is 100 * position of the sample + t + c / 8."""
    count = -(-COUNTS[name] // stride)
    position = list(COUNTS).index(name)
    return (100 * position + np.arange(count)[:, None] + np.arange(width) / 8).astype(np.float32)


def read_features(root, features, *, split='train', pipeline=PIPELINE, **options):
    return CSLRDataset(str(root), split, features=features, pipeline=pipeline, **options)


class Hostile:
    """Runs a command wherever it is unpickled as usual."""

    def __init__(self, marker):
        self.command = f'touch {marker}'

    def __reduce__(self):
        return os.system, (self.command,)
