"""Which datasets to pack: those of a config, or of a prepared corpus that is named."""

import os
import warnings
from pathlib import Path
from typing import Any, Dict, Iterable, List, Optional, Sequence

from mmengine.config import Config

from cslrkit.corpora.base import find_corpus
from cslrkit.errors import ConfigError, DataNotFoundError
from cslrkit.registry import DATASETS
from cslrkit.utils.dataset_configs import datasets_in
from cslrkit.video.packed.index import default_pack_dir

_INFO = '_info.npy'
_LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


def datasets_of_config(config: Config, splits: Optional[Sequence[str]] = None) -> List[Any]:
    """Return the datasets of a config's loaders with frames from folders, each split of a corpus once.

    Args:
        config: From ``cslrkit.engine.config.load_config``.
        splits: Names of splits; None takes all that the config uses.

    Raises:
        ConfigError: If the config has no loader, or none of such a split.
    """
    found: Dict[Any, Dict[str, Any]] = {}
    for name in _LOADERS:
        for own in datasets_in(config[name].dataset) if config.get(name) is not None else ():
            found.setdefault((own.get('data_root'), own.get('frame_subdir'), own.get('split')), own)
    names = [own.get('split') for own in found.values()]
    _check_splits(splits, names, f"config '{config.filename}'")
    return [_build(own) for own in found.values() if splits is None or own.get('split') in splits]


def datasets_of_corpus(
    corpus: str,
    root: str,
    *,
    splits: Optional[Sequence[str]] = None,
    frame_subdir: Optional[str] = None,
    keypoints: Optional[Dict[str, Any]] = None,
) -> List[Any]:
    """Return the datasets of all prepared splits of a corpus.

    Args:
        corpus: Name of a registered corpus.
        root: Folder of the corpus, prepared by ``tools/prepare_data.py``.
        splits: Names of splits; None takes all that are there.
        frame_subdir: As of :class:`CSLRDataset`.
        keypoints: As of :class:`CSLRDataset`.

    Raises:
        ConfigError: For an unknown corpus or split.
        DataNotFoundError: If no split was prepared.
    """
    find_corpus(corpus)
    names = [path.name[: -len(_INFO)] for path in sorted(Path(root, 'preprocess').glob('*' + _INFO))]
    if not names:
        raise DataNotFoundError(
            f"{corpus}: no *_info.npy in '{os.path.join(root, 'preprocess')}'. Check --root, or prepare the corpus "
            'with tools/prepare_data.py.'
        )
    _check_splits(splits, names, f"'{root}'")
    shared = dict(type='CSLRDataset', corpus=corpus, data_root=root, frame_subdir=frame_subdir, keypoints=keypoints)
    return [_build(dict(shared, split=name)) for name in names if splits is None or name in splits]


def pack_dir_of(dataset: Any, out: Optional[str] = None) -> str:
    """Return where the pack of a dataset goes: ``out``, or where the source of frames looks by default."""
    return default_pack_dir(dataset.frame_root, dataset.data_root) if out is None else out


def _check_splits(wanted: Optional[Iterable[str]], there: Sequence[str], where: str) -> None:
    unknown = [split for split in wanted or () if split not in there]
    if unknown or not there:
        raise ConfigError(f'{where}: got --split {" ".join(unknown)}, it has {", ".join(there) or "no dataset"}.')


def _build(config: Dict[str, Any]) -> Any:
    """Build a dataset of all entries with frames from folders and no transforms."""
    kind = (config.get('frames') or {}).get('type', 'ImageFolders')
    if kind not in ('ImageFolders', 'PackedFrames'):
        raise ConfigError(f"got '{kind}', but packs are made from image files. Set type='ImageFolders'.", path='frames')
    ignored = ('pipeline', 'frames', 'test_mode', 'on_unknown_gloss')
    own = {name: value for name, value in config.items() if name not in ignored and value is not None}
    # Without frames, those that are packed can still be checked by their checksums.
    own.update(drop_last_entry=False, check_frames=False)
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # of unknown glosses, which do not matter here
        return DATASETS.build(own)
