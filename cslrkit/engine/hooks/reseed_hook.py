"""Makes the random numbers of a step depend on seed, step and process only."""

import torch
from mmengine.hooks import Hook

from cslrkit.datasets.seeded_dataset import SeededSampler, loader_sampler
from cslrkit.engine.interruption import outlast_signals
from cslrkit.registry import FUNCTIONS, HOOKS
from cslrkit.utils.random_seeds import seed_all


@HOOKS.register_module()
class ReseedHook(Hook):
    """Reseed all generators before each training step from (seed, step, rank), and before each epoch.

    A resumed run then draws what an uninterrupted one would have drawn, whatever was drawn in between, as by a
    validation. The published code lets its workers repeat one numpy stream in each epoch.

    What samples draw is not seeded here but by :class:`~cslrkit.datasets.seeded_dataset.SeededDataset`, and a model
    that draws in evaluation starts from the same seed each time.
    """

    priority = 'VERY_HIGH'

    def before_train(self, runner) -> None:
        """Let the samples follow the seed of a checkpoint that the run was resumed from."""
        sampler = loader_sampler(runner.train_dataloader)
        if isinstance(sampler, SeededSampler):
            sampler.set_seed(runner.seed)

    def before_train_epoch(self, runner) -> None:
        """Seed what is drawn before the first step, such as an order by one of torch's samplers."""
        seed_all(runner.seed, runner.epoch, runner.rank, 1)

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        """Seed what the step draws, such as dropout."""
        seed_all(runner.seed, runner.iter, runner.rank, 2)

    def before_val_epoch(self, runner) -> None:
        """Seed alike for every evaluation."""
        seed_all(runner.rank)

    def before_test_epoch(self, runner) -> None:
        """Seed alike for every evaluation."""
        seed_all(runner.rank)


@FUNCTIONS.register_module()
def seed_worker(worker_id: int) -> None:
    """Seed a data worker from torch's base seed, for what is drawn outside of samples, and let it outlast signals.

    Args:
        worker_id: Number of the worker; torch has added it to the seed already.
    """
    del worker_id
    seed_all(torch.initial_seed())
    outlast_signals()
