"""The annotation files of the public corpora, where they are at hand."""

import os
from pathlib import Path

import numpy as np
import pytest

from cslrkit.registry import DATASETS

ROOT = os.environ.get('CSLRKIT_REFERENCE_DATA')
pytestmark = pytest.mark.skipif(not ROOT, reason='CSLRKIT_REFERENCE_DATA does not point to the reference data')

CASES = [
    ('phoenix2014', 'phoenix2014', 1295, dict(train=5671, dev=540, test=629)),
    ('phoenix2014-T', 'phoenix2014-T', 1115, dict(train=7096, dev=519, test=642)),
    ('csl', 'CSL', 179, dict(train=20000, dev=5000)),
    ('csl-daily', 'CSL-Daily', 2000, dict(dev=1077, test=1176)),
]
SPLITS = [
    (corpus, folder, size, split, count) for corpus, folder, size, splits in CASES for split, count in splits.items()
]


@pytest.mark.parametrize(('corpus', 'folder', 'size', 'split', 'count'), SPLITS)
def test_every_sentence(corpus, folder, size, split, count):
    ann_dir = Path(ROOT, 'preprocess', folder).absolute()
    config = dict(
        type='CSLRDataset', corpus=corpus, data_root='', ann_dir=str(ann_dir), split=split, check_frames=False
    )
    dataset = DATASETS.build(dict(config, on_unknown_gloss='error'))  # none is unknown
    raw = np.load(ann_dir / f'{split}_info.npy', allow_pickle=True).item()
    gloss_dict = np.load(ann_dir / 'gloss_dict.npy', allow_pickle=True).item()
    assert len(dataset) == count
    assert len(dataset.vocab) == size
    assert len(DATASETS.build(dict(config, drop_last_entry=True))) == len(raw) - 1
    for index in range(count):
        sample, entry = dataset.get_data_info(index), raw[index]
        assert sample['sample_id'] == entry['fileid']
        assert sample['original_info'] == entry['original_info']
        tokens = entry['label'].split()  # these labels hold no white space but spaces
        assert sample['gloss_ids'] == [gloss_dict[token][0] for token in tokens]
        assert sample['glosses'] == tuple(tokens)
        assert sample['num_frames'] == int(entry['num_frames'])
