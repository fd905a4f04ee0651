"""A corpus with noisy frames in the layout of CSLRDataset, and its datasets."""

from pathlib import Path

import cv2
import numpy as np
from corpus_files import entry, write_annotation

from cslrkit.datasets import CSLRDataset


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
