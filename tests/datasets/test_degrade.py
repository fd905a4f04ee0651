"""Degradation as augmentation."""

import random

import numpy as np
import pytest
from made_clips import apply, clip

from cslrkit.datasets.transforms import Degrade
from cslrkit.engine.config import load_config
from cslrkit.engine.config_check import check_config
from cslrkit.errors import ConfigError
from cslrkit.utils.random_seeds import seed_all

NOISE = dict(type='Noise', sigma=(5, 40))


def test_it_draws_from_the_seeds_of_the_sample():
    imgs, transform = clip(), Degrade(NOISE, 1.0)
    found = []
    for seed in (1, 1, 2):
        seed_all(seed)
        found.append(apply(transform, imgs))
    assert np.array_equal(found[0], found[1])
    assert not np.array_equal(found[0], found[2])
    assert not np.array_equal(found[0], imgs)


def test_probability():
    imgs = clip()
    for seed in range(20):
        seed_all(seed)
        kept = random.random() >= 0.5
        seed_all(seed)
        assert np.array_equal(apply(Degrade(NOISE, 0.5), imgs), imgs) == kept


def test_outside_of_regions_frames_keep_their_bytes():
    imgs = clip(height=8, width=10)
    before = imgs.copy()
    got = apply(Degrade(NOISE, 1.0, regions=[(0, 0, 0.5, 0.5), (0.75, 0.5, 1, 1)]), imgs)
    inside = np.zeros(imgs.shape[1:3], dtype=bool)
    inside[:4, :5] = inside[6:, 5:] = True
    changed = (got != imgs).any((0, 3))
    assert not changed[~inside].any()
    assert changed[inside].mean() > 0.9
    assert np.array_equal(imgs, before)


def test_wrong_arguments():
    with pytest.raises(ConfigError, match=r'degradation\.sigma: got -1'):
        Degrade(dict(type='Noise', sigma=-1))
    with pytest.raises(ConfigError, match=r'prob: got 2, expected a probability in \[0, 1\]'):
        Degrade(NOISE, 2)
    with pytest.raises(ConfigError, match=r'regions: got \(0, 0, 2, 1\), expected boxes'):
        Degrade(NOISE, regions=[(0, 0, 2, 1)])


def test_a_misspelt_argument_is_found_in_the_config():
    config = load_config('cslrkit::slowfast/synthsign.py')
    wrong = dict(type='Compose', degradations=[dict(type='JPEG', qualty=3)])
    pipeline = config.train_dataloader.dataset.pipeline
    pipeline.insert(len(pipeline) - 1, dict(type='Degrade', degradation=wrong))
    place = rf'pipeline\[{len(pipeline) - 2}\].degradation.degradations\[0\].qualty'
    with pytest.raises(ConfigError, match=rf"{place}: JPEG has no argument 'qualty'"):
        check_config(config)
