"""Samples that draw from seeds of their own, whoever reads them."""

import warnings
from typing import Any, Dict, Iterator, List, Optional, Tuple, Union

import torch
from mmengine.dist import get_dist_info
from mmengine.runner import Runner
from torch.utils.data import DataLoader, Sampler

from cslrkit.datasets.cslr_dataset import CSLRDataset
from cslrkit.datasets.curriculum import Curriculum
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
        curriculum: What changes from epoch to epoch. An epoch reaches each process with the index of a sample.
    """

    def __init__(self, dataset: Any, curriculum: Optional[Curriculum] = None) -> None:
        self._dataset = DATASETS.build(dataset) if isinstance(dataset, dict) else dataset
        self._curriculum, self._epoch = curriculum, -1

    def __getitem__(self, index: int) -> Any:
        """Seed, then read sample ``index``."""
        place = int(index) + len(self) if index < 0 else int(index)
        seeds = getattr(index, 'seeds', ())
        if len(seeds) > 1:
            self.start_epoch(seeds[1])
        with seeded(place, *seeds):
            return self._dataset[int(index)]

    def start_epoch(self, epoch: int) -> None:
        """Read from now on as the curriculum says for an epoch; the first is 0."""
        if self._curriculum is None or epoch == self._epoch:
            return
        self._epoch = epoch
        changed, transforms = self._curriculum.arguments('dataset', epoch), self._curriculum.transforms(epoch)
        if changed or transforms:
            for dataset in inner_datasets(self._dataset):
                dataset.adjust(**changed, transforms=transforms)

    def seen_input(self) -> Dict[str, Any]:
        """Return what :meth:`CSLRDataset.seen_input` of the datasets that are read says, the first one's of several."""
        datasets = [dataset for dataset in inner_datasets(self._dataset) if isinstance(dataset, CSLRDataset)]
        return {name: value for dataset in reversed(datasets) for name, value in dataset.seen_input().items()}

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
        curriculum: What changes from epoch to epoch; the other sampler is built anew with the arguments of an epoch.
    """

    def __init__(
        self,
        dataset: Any,
        sampler: Dict[str, Any],
        *,
        seed: Optional[int],
        sample_seed: int,
        curriculum: Optional[Curriculum] = None,
    ) -> None:
        self._config, self._dataset, self._curriculum = sampler, dataset, curriculum
        self._sampler = DATA_SAMPLERS.build(sampler, default_args=dict(dataset=dataset, seed=seed))
        self._size = len(dataset)
        self._sample_seed, self._epoch, self._first = sample_seed, 0, 0

    def __iter__(self) -> Iterator[SeededIndex]:
        """Give the other sampler's indices with their seeds."""
        rank, world_size = get_dist_info()
        first, self._first = self._first, 0
        for place, index in enumerate(self._sampler):
            if place < first:
                continue
            turn = (place * world_size + rank) // self._size
            yield SeededIndex(index, (self._sample_seed, self._epoch + turn))

    def __len__(self) -> int:
        """Length of the other sampler."""
        return len(self._sampler)

    def set_epoch(self, epoch: int) -> None:
        """Take part in epoch ``epoch`` from the next iteration on."""
        self._epoch = epoch
        self._sampler = self.at(epoch)
        if hasattr(self._sampler, 'set_epoch'):
            self._sampler.set_epoch(epoch)

    def at(self, epoch: int) -> Sampler:
        """Return the other sampler with the arguments that the curriculum gives it in an epoch."""
        if self._curriculum is None or not self._curriculum.of('sampler'):
            return self._sampler
        changed = {**self._config, **self._curriculum.arguments('sampler', epoch)}
        return DATA_SAMPLERS.build(changed, default_args=dict(dataset=self._dataset, seed=self._sampler.seed))

    def skip(self, samples: int) -> None:
        """Leave out the first ``samples`` indices of the next iteration, which were trained on before."""
        self._first = samples

    def set_seed(self, seed: int) -> None:
        """Take the seed of the training that is resumed."""
        self._sample_seed = seed
        if isinstance(getattr(self._sampler, 'seed', None), int):
            self._sampler.seed = seed

    def __getattr__(self, name: str) -> Any:
        if name.startswith('__') or name == '_sampler':
            raise AttributeError(name)
        return getattr(self._sampler, name)


def inner_datasets(dataset: Any) -> List[Any]:
    """Return a built dataset, or those that a wrapper such as ``ConcatDataset`` or ``RepeatDataset`` reads."""
    inner = getattr(dataset, 'datasets', None) or [getattr(dataset, 'dataset', None)]
    return [leaf for each in inner for leaf in inner_datasets(each)] if inner[0] is not None else [dataset]


def build_loader(
    loader: Union[DataLoader, Dict[str, Any]],
    seed: int,
    *,
    training: bool,
    diff_rank_seed: bool = False,
    curriculum: Optional[Curriculum] = None,
) -> DataLoader:
    """Build a loader as mmengine does, of samples that are seeded one by one.

    Args:
        loader: A config; a built loader is returned as it is.
        seed: Seed of the training. Evaluation does not depend on it.
        training: Whether samples change with seed and epoch; otherwise they are the same in every evaluation.
        diff_rank_seed: Whether processes may have orders of their own, as in mmengine's ``randomness``.
        curriculum: What changes from epoch to epoch of a training.
    """
    if isinstance(loader, DataLoader):
        return loader
    # With a generator of its own, starting workers moves no number of the training's generator.
    settings = dict(loader, generator=torch.Generator().manual_seed(seed))
    settings['dataset'] = dict(type=SeededDataset, dataset=loader['dataset'], curriculum=curriculum)
    if training:
        settings['sampler'] = dict(
            type=SeededSampler, sampler=loader['sampler'], sample_seed=seed, curriculum=curriculum
        )
    if not loader.get('num_workers'):
        settings['persistent_workers'] = False  # none to keep alive; torch refuses the pair
    built = Runner.build_dataloader(dict(settings), seed=seed, diff_rank_seed=diff_rank_seed)
    if len(built) == 0 and settings.pop('drop_last', False):
        built = Runner.build_dataloader(settings, seed=seed, diff_rank_seed=diff_rank_seed)
        warnings.warn(
            f'{len(built.sampler)} samples make no batch of {built.batch_size}: the short one is kept, although '
            'drop_last=True.',
            stacklevel=2,
        )
    return built


def end_workers(loader: DataLoader) -> None:
    """End persistent workers of a loader; it starts others when it is read again.

    They are told to end only while their queues are there. When a runner, which refers to itself, is collected as
    garbage, the queues may be gone first, and torch then waits for five seconds for each worker.
    """
    if loader._iterator is not None:
        loader._iterator._shutdown_workers()
        loader._iterator = None


def loader_sampler(loader: DataLoader) -> Any:
    """The sampler of a loader, also of one whose batches are formed by a sampler of batches."""
    batches = getattr(loader.batch_sampler, 'sampler', None)
    return batches if batches is not None else loader.sampler
