"""Batches of like length: every sample once, little padding, the same steps in all processes."""

from collections import Counter

import numpy as np
import pytest

from cslrkit.datasets.samplers import LengthGroupedSampler, padding_share
from cslrkit.engine.config import load_config
from cslrkit.errors import ConfigError, DataError


class Lengths:
    """A dataset that only knows how long its samples are."""

    def __init__(self, lengths):
        self.lengths = lengths

    def __len__(self):
        return len(self.lengths)

    def get_data_info(self, index):
        return dict(sample_id=f's{index}', num_frames=self.lengths[index])


@pytest.fixture
def dataset():
    return Lengths(np.random.default_rng(0).integers(20, 300, size=203).tolist())


def test_padding_share_of_a_worked_case():
    # Batches (10, 6), (4, 4), (8): 40 frames stored of which 4 are padding... 20 + 8 + 8 = 36, 32 real.
    assert padding_share([10, 6, 4, 4, 8], 2) == pytest.approx(4 / 36)


def test_an_epoch_has_every_sample_once_and_changes(dataset):
    sampler = LengthGroupedSampler(dataset, 4, seed=1)
    first = list(sampler)
    assert sorted(first) == list(range(203))
    assert list(sampler) == first
    sampler.set_epoch(1)
    assert sorted(sampler) == list(range(203))
    assert list(sampler) != first


def test_batches_are_of_like_length_and_in_no_order_of_length(dataset):
    lengths = np.array(dataset.lengths)
    order = list(LengthGroupedSampler(dataset, 4, pool_batches=25, seed=1))
    shuffled = np.random.default_rng(1).permutation(203)
    assert padding_share(lengths[order], 4) < 0.2 * padding_share(lengths[shuffled], 4)
    means = lengths[order][:200].reshape(-1, 4).mean(1)
    assert abs(np.corrcoef(means, np.arange(50))[0, 1]) < 0.4


def test_processes_share_each_step(dataset, monkeypatch):
    target = 'cslrkit.datasets.samplers.length_grouped_sampler.DefaultSampler.__init__'
    original = LengthGroupedSampler.__mro__[1].__init__
    orders = []
    for rank in range(2):

        def init(self, dataset, rank=rank, **options):
            original(self, dataset, **options)
            self.rank, self.world_size, self.num_samples, self.total_size = rank, 2, 102, 204

        monkeypatch.setattr(target, init)
        sampler = LengthGroupedSampler(dataset, 4, seed=3)
        orders.append(list(sampler))
        assert len(orders[-1]) == len(sampler) == 102
    counts = Counter(orders[0] + orders[1])
    assert set(counts) == set(range(203))
    assert sum(counts.values()) == 204
    lengths = np.array(dataset.lengths)
    means = np.array([lengths[order][:100].reshape(-1, 4).mean(1) for order in orders])
    assert np.abs(means[0] - means[1]).max() < 15


def test_describes_what_it_saves(dataset):
    text = LengthGroupedSampler(dataset, 4, pool_batches=25, seed=1).describe()
    assert text.startswith('batches of like length: padding is ')
    assert '(shuffled: ' in text


def test_wrong_use_is_an_error(dataset):
    with pytest.raises(ConfigError, match='batch_size: got 0'):
        LengthGroupedSampler(dataset, 0, seed=0)
    dataset.lengths[7] = None
    with pytest.raises(DataError, match="no num_frames for 1 sample, the first is 's7'"):
        LengthGroupedSampler(dataset, 2, seed=0)


def test_a_config_needs_its_type_only(tiny_config):
    overrides = {'train_dataloader.sampler': dict(type='LengthGroupedSampler', _delete_=True)}
    config = load_config(tiny_config, overrides)
    assert config.train_dataloader.sampler == dict(type='LengthGroupedSampler', batch_size=2)
