"""Choose samples of a config's corpus to look at."""

from functools import partial
from typing import Any, Callable, Dict, List, Sequence

from mmengine.config import Config

from cslrkit.datasets.seeded_dataset import SeededDataset
from cslrkit.errors import ConfigError, DataError
from cslrkit.registry import nearest
from cslrkit.utils.checks import positive
from cslrkit.utils.messages import listed


def evaluation_samples(
    config: Config, split: str, *, sample_ids: Sequence[str] = (), num: int = 1
) -> List[Callable[[], Dict[str, Any]]]:
    """Return a function for each sample that reads and packs it as in testing.

    Args:
        config: A complete config with a test loader.
        split: ``'train'``, ``'dev'`` or ``'test'``.
        sample_ids: Which samples; the first ``num`` by default.
        num: How many.

    Raises:
        ConfigError: If the config has no test loader.
        DataNotFoundError: If the corpus is not there.
        DataError: If there is no such sample.
    """
    from cslrkit.engine.config import select_split  # late: a hook of that package imports this module

    if config.get('test_dataloader') is None:
        raise ConfigError('config: it has no test_dataloader, which says how samples are read.')
    dataset = SeededDataset(select_split(config, split).test_dataloader.dataset)
    places = find_samples(dataset, sample_ids, num)
    return [partial(dataset.__getitem__, place) for place in places]


def find_samples(dataset: Any, sample_ids: Sequence[str], num: int) -> List[int]:
    """Return the positions of samples in a dataset; the first ``num`` if none is named.

    Raises:
        DataError: If there is no such sample; the message has the nearest names.
    """
    if not sample_ids:
        return list(range(min(positive('num', num), len(dataset))))
    known = {name: place for place, name in enumerate(dataset.sample_ids)}
    for name in sample_ids:
        if name not in known:
            raise DataError(
                f"sample id: got '{name}', expected one of the {len(known)} of '{dataset.split}': "
                f'{listed(known, 3)}.{nearest(name, known)}'
            )
    return [known[name] for name in sample_ids]
