"""Makes an epoch's random numbers depend on seed, epoch and rank only."""

import random

import numpy as np
import torch
from mmengine.hooks import Hook

from cslrkit.registry import FUNCTIONS, HOOKS


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

    def before_val_epoch(self, runner) -> None:
        """Seed alike for every evaluation."""
        seed_all(runner.rank)

    def before_test_epoch(self, runner) -> None:
        """Seed alike for every evaluation."""
        seed_all(runner.rank)


def seed_all(*keys: int) -> None:
    """Seed ``random``, ``numpy.random`` and torch (all devices) from a tuple of integers."""
    seeds = np.random.SeedSequence(keys).generate_state(3)
    random.seed(int(seeds[0]))
    np.random.seed(int(seeds[1]))
    torch.manual_seed(int(seeds[2]))


@FUNCTIONS.register_module()
def seed_worker(worker_id: int) -> None:
    """Seed a data worker from torch's base seed, which changes with epoch and rank.

    Args:
        worker_id: Number of the worker; torch has added it to the seed already.
    """
    del worker_id
    seed_all(torch.initial_seed())
