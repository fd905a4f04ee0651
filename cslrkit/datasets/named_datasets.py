"""The names that 0.1.0 gave to the dataset of each corpus; its configs and checkpoints hold them."""

from typing import Any

from cslrkit.datasets.cslr_dataset import CSLRDataset
from cslrkit.registry import DATASETS


class _NamedDataset(CSLRDataset):
    own_corpus = ''

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # A config of 0.1.0 that changes the type of a base's dataset means this corpus, not the base's.
        kwargs['corpus'] = self.own_corpus
        super().__init__(*args, **kwargs)


@DATASETS.register_module()
class Phoenix2014Dataset(_NamedDataset):
    """``CSLRDataset`` with ``corpus='phoenix2014'``."""

    own_corpus = 'phoenix2014'


@DATASETS.register_module()
class Phoenix2014TDataset(_NamedDataset):
    """``CSLRDataset`` with ``corpus='phoenix2014-T'``."""

    own_corpus = 'phoenix2014-T'


@DATASETS.register_module()
class CSLDataset(_NamedDataset):
    """``CSLRDataset`` with ``corpus='csl'``."""

    own_corpus = 'csl'


@DATASETS.register_module()
class CSLDailyDataset(_NamedDataset):
    """``CSLRDataset`` with ``corpus='csl-daily'``."""

    own_corpus = 'csl-daily'
