"""Workers that live through epochs draw from (seed, epoch, index) alone."""

import pickle
import random

import numpy as np
import pytest
import torch

from cslrkit.datasets.seeded_dataset import SeededDataset
from cslrkit.engine.runner import CSLRRunner
from cslrkit.utils.random_seeds import seed_all


class Draws:
    """Gives what each generator draws."""

    metainfo = dict(corpus='draws')

    def __len__(self):
        return 6

    def __getitem__(self, index):
        return [index, random.random(), float(np.random.random()), float(torch.rand(1))]


def make_loader(num_workers, persistent=True):
    return CSLRRunner.build_dataloader(
        dict(
            dataset=Draws(),
            sampler=dict(type='DefaultSampler', shuffle=False),
            batch_size=2,
            num_workers=num_workers,
            persistent_workers=persistent,
        ),
        seed=5,
    )


def epoch_of(loader, epoch):
    loader.dataset.set_epoch_seed(5, epoch)
    return [tuple(sample) for batch in loader for sample in zip(*batch)]


@pytest.mark.parametrize('num_workers', [1, 2])
def test_an_epoch_does_not_depend_on_those_before_it(num_workers):
    lived = make_loader(num_workers=2)
    epochs = [epoch_of(lived, epoch) for epoch in range(3)]
    fresh = make_loader(num_workers=num_workers)
    assert epoch_of(fresh, 2) == epochs[2]
    assert len({draws for epoch in epochs for sample in epoch for draws in sample[1:]}) == 3 * 6 * 3


def test_starting_workers_leaves_the_training_generator_alone():
    seed_all(1)
    before = torch.get_rng_state()
    epoch_of(make_loader(num_workers=1), 0)
    assert torch.equal(torch.get_rng_state(), before)


def test_only_persistent_workers_are_wrapped():
    assert isinstance(make_loader(0).dataset, Draws)
    assert isinstance(make_loader(1, persistent=False).dataset, Draws)
    wrapped = make_loader(1).dataset
    assert isinstance(wrapped, SeededDataset)
    assert wrapped.metainfo == Draws.metainfo
    assert len(pickle.loads(pickle.dumps(wrapped))) == 6
    with pytest.raises(AttributeError, match='nothing'):
        wrapped.nothing  # noqa: B018
