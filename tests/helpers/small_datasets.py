"""A corpus with noisy frames in the layout of CSLRDataset, its datasets, and what they give under a seed."""

import random
from pathlib import Path

import cv2
import numpy as np
import torch
from corpus_files import entry, write_annotation

from cslrkit.datasets import CSLRDataset

TRAIN = [
    dict(type='LoadFrames'),
    dict(type='RandomCrop', size=32),
    dict(type='RandomHorizontalFlip', prob=0.5),
    dict(type='TemporalRescale', temp_scaling=0.2, min_len=4),
    dict(type='PackSignInputs'),
]
# All that is drawn, for the size of the synthetic corpus.
RANDOM = [
    dict(type='LoadFrames'),
    dict(type='RandomCrop', size=96),
    dict(type='RandomHorizontalFlip', prob=0.5),
    dict(type='RandomRotation', degrees=10),
    dict(type='TemporalRescale', temp_scaling=0.2, min_len=16),
    dict(type='PackSignInputs'),
]
TEST = [dict(type='LoadFrames'), dict(type='CenterCrop', size=32), dict(type='PackSignInputs')]


def write_noisy_corpus(root, counts, *, size=(40, 36), suffix='.png', split='train', seed=0):
    """Write samples s0, s1, ... of so many frames: one scene with noise of its own in each frame."""
    rng = np.random.default_rng(seed)
    for number, count in enumerate(counts):
        scene = cv2.resize(rng.integers(0, 256, (4, 4, 3), dtype=np.uint8), size[::-1]).astype(np.float32)
        folder = Path(root, f's{number}')
        folder.mkdir(parents=True, exist_ok=True)
        for index in range(count):
            image = np.clip(scene + rng.normal(0, 3, scene.shape), 0, 255).astype(np.uint8)
            assert cv2.imwrite(str(folder / f'f{index:03d}{suffix}'), image)
    write_annotation(root, [entry(f's{n}', folder=f's{n}/*{suffix}') for n in range(len(counts))], split=split)


def make_dataset(root, *, kind=CSLRDataset, split='train', **arguments):
    return kind(str(root), split, **arguments)


def read_all(dataset, seed):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    return [dataset[index] for index in range(len(dataset))]


def assert_same_samples(ours, theirs):
    assert len(ours) == len(theirs) > 0
    for one, other in zip(ours, theirs):
        assert torch.equal(one['inputs'], other['inputs'])
        assert list(one['data_samples'].frame_indices) == list(other['data_samples'].frame_indices)
        assert one['data_samples'].sample_id == other['data_samples'].sample_id
