"""Seeds for workers that live through several epochs."""

from typing import Any

import torch

from cslrkit.registry import DATASETS
from cslrkit.utils.random_seeds import seed_all


@DATASETS.register_module()
class SeededDataset:
    """A dataset whose samples draw from the epoch's seed and their own index alone.

    A worker that stays alive is seeded once, when it starts; what it draws later would depend on when
    that was. Here each sample seeds the generators of its worker, so a resumed run draws what an
    uninterrupted one would have drawn, with any number of workers. The epoch's seed lies in shared
    memory, where workers see it change.

    Args:
        dataset: What is read, as a config or built; every attribute of it can be reached through this one.
    """

    def __init__(self, dataset: Any) -> None:
        self._dataset = DATASETS.build(dataset) if isinstance(dataset, dict) else dataset
        self._keys = torch.zeros(2, dtype=torch.int64).share_memory_()

    def set_epoch_seed(self, *keys: int) -> None:
        """Set the two integers that seed the samples from now on; call it before the loader is iterated."""
        self._keys.copy_(torch.tensor(keys))

    def __getitem__(self, index: int) -> Any:
        """Seed, then read sample ``index``."""
        if torch.utils.data.get_worker_info() is not None:
            seed_all(*self._keys.tolist(), index)
        return self._dataset[index]

    def __len__(self) -> int:
        """Number of samples."""
        return len(self._dataset)

    def __getattr__(self, name: str) -> Any:
        if name.startswith('__') or name == '_dataset':  # while unpickling, nothing is there yet
            raise AttributeError(name)
        return getattr(self._dataset, name)
