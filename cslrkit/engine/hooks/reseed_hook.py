"""Makes an epoch's random numbers depend on seed, epoch and rank only."""

import torch
from mmengine.hooks import Hook
from torch.utils.data import DataLoader

from cslrkit.datasets.seeded_dataset import SeededDataset
from cslrkit.registry import FUNCTIONS, HOOKS
from cslrkit.utils.random_seeds import seed_all


@HOOKS.register_module()
class ReseedHook(Hook):
    """Reseed all generators before each training epoch from (seed, epoch, rank).

    A resumed run then draws what an uninterrupted one would have drawn, and every epoch draws
    something else. The published code lets its workers repeat one numpy stream in each epoch.

    Evaluation draws, too, where frames are read at an interval (the offset, as published). It is
    seeded alike every time, so that a checkpoint scores the same in training and afterwards.
    """

    priority = 'VERY_HIGH'

    def before_train_epoch(self, runner) -> None:
        """Seed ``random``, ``numpy.random`` and torch."""
        seed_all(runner.seed, runner.epoch, runner.rank)
        _seed_persistent_workers(runner.train_dataloader, runner.seed, runner.epoch)

    def before_val_epoch(self, runner) -> None:
        """Seed alike for every evaluation."""
        seed_all(runner.rank)

    def before_test_epoch(self, runner) -> None:
        """Seed alike for every evaluation."""
        seed_all(runner.rank)


def _seed_persistent_workers(loader: DataLoader, *keys: int) -> None:
    if isinstance(loader.dataset, SeededDataset):
        loader.dataset.set_epoch_seed(*keys)


@FUNCTIONS.register_module()
def seed_worker(worker_id: int) -> None:
    """Seed a data worker from torch's base seed, which changes with epoch and rank.

    Args:
        worker_id: Number of the worker; torch has added it to the seed already.
    """
    del worker_id
    seed_all(torch.initial_seed())
