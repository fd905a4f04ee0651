"""What tests of the readers of keypoints write and read."""

import gzip
import pickle

import numpy as np

from cslrkit.registry import KEYPOINT_READERS

FRAMES, SIZE, NAME = 5, (210, 260), '01April_2010'


def points(count=133, frames=FRAMES, seed=0):
    values = np.random.RandomState(seed).uniform(0.1, 1, (frames, count, 3))
    return (values * (*SIZE, 1)).astype(np.float32)


def reader(kind, root, path, split='dev', **options):
    place = dict(where=f'corpus {split}', data_root=str(root), split=split, image_size=SIZE)
    return KEYPOINT_READERS.build(dict(type=kind, path=path, **options), default_args=place)


def dump(path, content, compress=False):
    data = pickle.dumps(content)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(data) if compress else data)
