"""Samples that draw from seeds of their own, whoever reads them."""

from typing import Any, Dict, Iterator, Optional, Tuple, Union

import torch
from mmengine.dist import get_dist_info
from mmengine.runner import Runner
from torch.utils.data import DataLoader, Sampler

from cslrkit.registry import DATA_SAMPLERS, DATASETS
from cslrkit.utils.random_seeds import seeded


class SeededIndex(int):
    """Index of a sample that carries further integers, which seed its reading."""

    seeds: Tuple[int, ...] = ()

    def __new__(cls, index: int, seeds: Tuple[int, ...] = ()) -> 'SeededIndex':
        """Make an index with ``seeds``."""
        made = super().__new__(cls, index)
        made.seeds = seeds
        return made

    def __getnewargs__(self) -> Tuple[int, Tuple[int, ...]]:
        """How a worker gets it."""
        return int(self), self.seeds


@DATASETS.register_module()
class SeededDataset:
    """A dataset whose samples are the same whichever process reads them, in which batch and order.

    While a sample is read, ``random``, ``numpy.random`` and torch are seeded by its index alone, as in
    evaluation, or by what a :class:`SeededIndex` adds to it, as in training; afterwards they go on as
    if nothing had been drawn. Without this wrapper a dataset draws from whatever state they are in.

    Args:
        dataset: What is read, as a config or built; every attribute of it can be reached through this one.
    """

    def __init__(self, dataset: Any) -> None:
        self._dataset = DATASETS.build(dataset) if isinstance(dataset, dict) else dataset

    def __getitem__(self, index: int) -> Any:
        """Seed, then read sample ``index``."""
        place = int(index) + len(self) if index < 0 else int(index)
        with seeded(place, *getattr(index, 'seeds', ())):
            return self._dataset[int(index)]

    def __len__(self) -> int:
        """Number of samples."""
        return len(self._dataset)

    def __getattr__(self, name: str) -> Any:
        if name.startswith('__') or name == '_dataset':  # while unpickling, nothing is there yet
            raise AttributeError(name)
        return getattr(self._dataset, name)


class SeededSampler(Sampler):
    """The order of another sampler, whose indices carry (seed, epoch) for :class:`SeededDataset`.

    A sampler that never ends counts its passes over the dataset as epochs.

    Args:
        dataset: What is sampled.
        sampler: The other sampler: a config of ``DATA_SAMPLERS``.
        seed: Seed of the order; None lets the sampler agree on one.
        sample_seed: Seed of the samples.
    """

    def __init__(self, dataset: Any, sampler: Dict[str, Any], *, seed: Optional[int], sample_seed: int) -> None:
        self._sampler = DATA_SAMPLERS.build(sampler, default_args=dict(dataset=dataset, seed=seed))
        self._size = len(dataset)
        self._sample_seed, self._epoch = sample_seed, 0

    def __iter__(self) -> Iterator[SeededIndex]:
        """Give the other sampler's indices with their seeds."""
        rank, world_size = get_dist_info()
        for place, index in enumerate(self._sampler):
            turn = (place * world_size + rank) // self._size
            yield SeededIndex(index, (self._sample_seed, self._epoch + turn))

    def __len__(self) -> int:
        """Length of the other sampler."""
        return len(self._sampler)

    def set_epoch(self, epoch: int) -> None:
        """Take part in epoch ``epoch`` from the next iteration on."""
        self._epoch = epoch
        if hasattr(self._sampler, 'set_epoch'):
            self._sampler.set_epoch(epoch)

    def set_seed(self, seed: int) -> None:
        """Take the seed of the training that is resumed."""
        self._sample_seed = seed
        if isinstance(getattr(self._sampler, 'seed', None), int):
            self._sampler.seed = seed

    def __getattr__(self, name: str) -> Any:
        if name.startswith('__') or name == '_sampler':
            raise AttributeError(name)
        return getattr(self._sampler, name)


def build_loader(
    loader: Union[DataLoader, Dict[str, Any]], seed: int, *, training: bool, diff_rank_seed: bool = False
) -> DataLoader:
    """Build a loader as mmengine does, of samples that are seeded one by one.

    Args:
        loader: A config; a built loader is returned as it is.
        seed: Seed of the training. Evaluation does not depend on it.
        training: Whether samples change with seed and epoch; otherwise they are the same in every evaluation.
        diff_rank_seed: Whether processes may have orders of their own, as in mmengine's ``randomness``.
    """
    if isinstance(loader, DataLoader):
        return loader
    # With a generator of its own, starting workers moves no number of the training's generator.
    settings = dict(loader, generator=torch.Generator().manual_seed(seed))
    settings['dataset'] = dict(type=SeededDataset, dataset=loader['dataset'])
    if training:
        settings['sampler'] = dict(type=SeededSampler, sampler=loader['sampler'], sample_seed=seed)
    if not loader.get('num_workers'):
        settings['persistent_workers'] = False  # none to keep alive; torch refuses the pair
    return Runner.build_dataloader(settings, seed=seed, diff_rank_seed=diff_rank_seed)


def loader_sampler(loader: DataLoader) -> Any:
    """The sampler of a loader, also of one whose batches are formed by a sampler of batches."""
    batches = getattr(loader.batch_sampler, 'sampler', None)
    return batches if batches is not None else loader.sampler
