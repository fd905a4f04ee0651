"""A sample is the same whichever process reads it, in which batch and order; in training it changes with the epoch."""

import pickle
import random
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope
from small_datasets import RANDOM

from cslrkit.datasets.seeded_dataset import SeededDataset, SeededIndex, build_loader, loader_sampler
from cslrkit.engine.config import load_config
from cslrkit.engine.hooks import ReseedHook

GRID = [(0, False), (0, True), (1, False), (1, True), (2, False), (2, True)]


class Draws:
    """Gives what each generator draws."""

    metainfo = dict(corpus='draws')

    def __len__(self):
        return 7

    def __getitem__(self, index):
        return [index, random.random(), float(np.random.random()), float(torch.rand(1))]


def draws_loader(kind='DefaultSampler', seed=5, *, training=True, num_workers=0, persistent=False, batch_size=2):
    shuffle = {} if kind == 'LengthGroupedSampler' else dict(shuffle=training)
    settings = dict(batch_size=batch_size, num_workers=num_workers, persistent_workers=persistent)
    loader = dict(dataset=Draws(), sampler=dict(type=kind, **shuffle), **settings)
    return build_loader(loader, seed, training=training)


def epoch_of(loader, epoch):
    """What the samples of an epoch drew, by index."""
    loader_sampler(loader).set_epoch(epoch)
    return {int(index): tuple(map(float, draws)) for batch in loader for index, *draws in zip(*batch)}


@pytest.fixture(scope='module')
def reference():
    return [epoch_of(draws_loader(), epoch) for epoch in range(3)]


@pytest.mark.parametrize(('num_workers', 'persistent'), GRID)
def test_an_epoch_depends_on_seed_and_number_alone(reference, num_workers, persistent):
    for batch_size in (1, 3):
        loader = draws_loader(num_workers=num_workers, persistent=persistent, batch_size=batch_size)
        assert [epoch_of(loader, epoch) for epoch in range(3)] == reference
    assert (
        epoch_of(draws_loader(num_workers=num_workers, persistent=persistent), 2) == reference[2]
    )  # as after resuming


def test_epochs_seeds_and_samples_draw_different_numbers(reference):
    epochs = [*reference, epoch_of(draws_loader(seed=6), 0)]
    assert len({draws for epoch in epochs for sample in epoch.values() for draws in sample}) == 4 * 7 * 3


def test_evaluation_is_the_same_for_every_epoch_seed_and_order():
    first = epoch_of(draws_loader(training=False), 0)
    assert epoch_of(draws_loader(training=False, seed=6, num_workers=2, batch_size=3), 4) == first
    assert len({draws for sample in first.values() for draws in sample}) == 7 * 3
    dataset = SeededDataset(Draws())
    assert dataset[6][1:] == dataset[-1][1:] == list(first[6])


def test_reading_leaves_the_generators_of_the_training_alone():
    def draw():
        return random.random(), np.random.random(), torch.rand(1).item()

    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    expected = draw()
    for num_workers in (0, 1):
        random.seed(1), np.random.seed(1), torch.manual_seed(1)
        epoch_of(draws_loader(num_workers=num_workers), 0)
        assert draw() == expected


def test_two_processes_read_what_one_reads(monkeypatch, reference):
    both = {}
    for rank in range(2):
        for module in ('mmengine.dataset.sampler', 'cslrkit.datasets.seeded_dataset'):
            monkeypatch.setattr(f'{module}.get_dist_info', lambda rank=rank: (rank, 2))
        loader = draws_loader(batch_size=1)
        assert len(loader) == 4
        loader_sampler(loader).set_epoch(1)
        batches = [tuple(value[0] for value in batch) for batch in loader]
        # The second process repeats a sample of the first, that both have equally many.
        both.update({int(index): draws for index, *draws in batches[: 4 - rank]})
    assert {index: tuple(draws) for index, draws in both.items()} == reference[1]


def test_a_sampler_that_never_ends_seeds_each_pass_anew():
    read = []
    for batch in draws_loader('InfiniteSampler', batch_size=1, num_workers=1):
        read.append(tuple(value[0] for value in batch))
        if len(read) == 3 * 7:
            break
    passes = [{index: draws for index, *draws in read[start : start + 7]} for start in (0, 7, 14)]
    assert all(sorted(each) == list(range(7)) for each in passes)
    assert len({draws for each in passes for sample in each.values() for draws in sample}) == 3 * 7 * 3
    assert passes[0] == {index: list(draws) for index, draws in epoch_of(draws_loader(), 0).items()}


def test_a_resumed_run_takes_the_seed_of_its_checkpoint(reference):
    loader = draws_loader(seed=6)
    ReseedHook().before_train(SimpleNamespace(train_dataloader=loader, seed=5))
    order = list(loader_sampler(loader))
    assert order == list(loader_sampler(draws_loader(seed=5)))
    assert epoch_of(loader, 0) == reference[0]


def test_the_wrappers_show_what_they_wrap():
    loader = draws_loader(num_workers=0, persistent=True)
    assert loader.dataset.metainfo == Draws.metainfo
    assert loader.sampler.shuffle is True
    assert len(pickle.loads(pickle.dumps(loader.dataset))) == 7
    index = pickle.loads(pickle.dumps(SeededIndex(3, (1, 2))))
    assert (index, index.seeds) == (3, (1, 2))
    for part in (loader.dataset, loader.sampler):
        with pytest.raises(AttributeError, match='nothing'):
            part.nothing  # noqa: B018


def checksums(loader):
    with DefaultScope.overwrite_default_scope('cslrkit'):
        return {
            sample.sample_id: (tuple(clip.shape), int(clip.double().sum()), tuple(sample.frame_indices))
            for batch in build_loader(loader, 3, training=loader.dataset.split == 'train')
            for clip, sample in zip(batch['inputs'], batch['data_samples'])
        }


@pytest.mark.slow
@pytest.mark.parametrize('split', ['train', 'dev'])
def test_clips_of_a_corpus_are_the_same_with_any_workers_and_batches(tiny_config, split):
    config = load_config(tiny_config, {'train_dataloader.drop_last': False})
    loader = config.train_dataloader if split == 'train' else config.val_dataloader
    assert loader.dataset.frame_interval == 2  # the first frame is drawn
    if split == 'train':
        loader.dataset.pipeline = RANDOM
    first = checksums(loader)
    assert len(set(first.values())) == len(first) > 2
    assert split == 'train' or {frames[0] for _, _, frames in first.values()} == {0, 1}
    for batch_size, (num_workers, persistent) in zip((1, 2, 3, 1, 2), GRID[1:]):
        loader.update(batch_size=batch_size, num_workers=num_workers, persistent_workers=persistent)
        assert checksums(loader) == first


def test_fewer_samples_than_a_batch_are_a_batch():
    loader = dict(dataset=Draws(), sampler=dict(type='DefaultSampler', shuffle=True), batch_size=8, drop_last=True)
    with pytest.warns(UserWarning, match='7 samples make no batch of 8: the short one is kept, although drop_last'):
        (batch,) = build_loader(loader, 5, training=True)
    assert len(batch[0]) == 7
    assert len(build_loader(dict(loader, batch_size=4), 5, training=True)) == 1
