"""Reading a config, overriding it, and completing what it leaves to be derived."""

import copy
import os
import sys
from pathlib import Path
from typing import Any, Dict, List, Optional, Union

import torch
from mmengine.config import Config
from mmengine.logging import MMLogger

from cslrkit.engine.config_check import check_config, slot_at
from cslrkit.engine.inference_options import DEFAULTS, KEY, inference_options
from cslrkit.errors import ConfigError
from cslrkit.registry import DATA_SAMPLERS, DATASETS, accepted_arguments, nearest
from cslrkit.utils.dataset_configs import datasets_in
from cslrkit.utils.shipped import find_config, packaged_bases
from cslrkit.video.clip_reader import reader_config

SPLIT_LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')

# The top-level keys that something reads; any other is a variable of the config file itself.
_TOP_LEVEL = (
    'ann_dir',
    'auto_scale_lr',
    'corpus',
    'curriculum',
    'custom_hooks',
    'custom_imports',
    'data_root',
    'default_hooks',
    'default_scope',
    'env_cfg',
    'find_unused_parameters',
    'inference',
    'frames',
    'load_from',
    'log_level',
    'log_processor',
    'model',
    'model_wrapper_cfg',
    'optim_wrapper',
    'param_scheduler',
    'randomness',
    'resume',
    'strategy',
    'sync_bn',
    'test_cfg',
    'test_dataloader',
    'test_evaluator',
    'train_cfg',
    'train_dataloader',
    'val_cfg',
    'val_dataloader',
    'val_evaluator',
    'visualizer',
    'work_dir',
)

# What only training needs.
_TRAINING_KEYS = (
    'curriculum',
    'train_dataloader',
    'train_cfg',
    'val_dataloader',
    'val_cfg',
    'val_evaluator',
    'optim_wrapper',
    'param_scheduler',
    'auto_scale_lr',
    'strategy',
)

# What reading a config raises for a user's mistake in it: it runs as Python.
CONFIG_FAULTS = (SyntaxError, NameError, KeyError, TypeError, ValueError, AttributeError, ImportError, OSError)


def load_config(path: Union[str, Path], overrides: Optional[Dict[str, Any]] = None) -> Config:
    """Read a config file, apply overrides, complete it and check it.

    Args:
        path: A Python or YAML config file, or the name of one that comes with cslrkit, e.g.
            ``slowfast/synthsign.py``. In its ``_base_``, ``cslrkit::slowfast/synthsign.py`` names one.
        overrides: Dotted keys and values, as ``--cfg-options`` gives them. A key must exist in the
            config or be an argument of the class it is given to.

    Raises:
        ConfigError: For a file that cannot be read, an unknown key, type or argument; the message
            gives the place in the config, e.g. ``model.backbone.depth``.
    """
    path = find_config(path)
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())  # custom_imports of a module beside the user's own files
    lazy = 'read_base' in path.read_text(encoding='utf-8')
    logger = MMLogger.get_current_instance()  # it tells of each environment variable in a config
    level = logger.level
    logger.setLevel('WARNING')
    try:
        # Left to itself, mmengine takes a config with an import statement for its other dialect.
        with packaged_bases():
            # Formatting its text, in every log and checkpoint, takes seconds where dicts are nested.
            config = Config.fromfile(path, lazy_import=None if lazy else False, format_python_code=False)
    except CONFIG_FAULTS as error:
        raise ConfigError(f"config: '{path}' cannot be read: {_reason(error)}") from error
    finally:
        logger.setLevel(level)
    for node in (config, *(dataset for loader in loaders_of(config) for dataset in datasets_in(loader.dataset))):
        if 'frames' in node:
            node['frames'] = reader_config(node['frames'])
    for key, value in (overrides or {}).items():
        if key.endswith('frames.backend'):
            key, value = key[: -len('backend')] + 'type', reader_config(dict(backend=value))['type']
        check_override(config, key)
        config.merge_from_dict({key: value})
    complete_config(config)
    check_config(config)
    inference_options(config)
    return config


def _reason(error: BaseException) -> str:
    """The fault itself: mmengine tells of a failed import of ``custom_imports`` without saying why."""
    while isinstance(error, ImportError) and (error.__cause__ or error.__context__):
        error = error.__cause__ or error.__context__
    return f'{type(error).__name__}: {error}'


def check_override(config: Config, key: str) -> None:
    """Check that the dotted ``key`` exists in ``config`` or names an argument there.

    Raises:
        ConfigError: With the part of the key that is not there and the nearest names.
    """
    node: Any = config._cfg_dict
    parts = key.split('.')
    if parts[0] in config and parts[0] not in _TOP_LEVEL:
        raise ConfigError(
            f"--cfg-options {key}: '{parts[0]}' is a variable of the config file, which was read already. "
            'Override the setting that it went into, or change it in a config of your own.'
        )
    for depth, part in enumerate(parts):
        place = '.'.join(parts[:depth]) or 'the top level'
        if isinstance(node, (list, tuple)):
            if not part.isdigit() or int(part) >= len(node):
                raise ConfigError(
                    f"--cfg-options {key}: '{place}' is a list of {len(node)}, '{part}' is no index of it."
                )
            node = node[int(part)]
        elif isinstance(node, dict):
            if part in node:
                node = node[part]
                continue
            known = list(node) + (list(_TOP_LEVEL) if depth == 0 else _optional_arguments(config, node, parts[:depth]))
            if part in known and depth == len(parts) - 1:
                return
            if part in known:
                node = {}
                continue
            raise ConfigError(f"--cfg-options {key}: {place} has no '{part}'.{nearest(part, known)}")
        else:
            raise ConfigError(f"--cfg-options {key}: '{place}' is the value {node!r}, it has no '{part}'.")


def _optional_arguments(config: Config, node: Dict[str, Any], place: List[str]) -> List[str]:
    if place == [KEY]:
        return list(DEFAULTS)
    slot = slot_at(config, place)
    if slot is None:
        return []
    cls = slot.class_of(node)
    return ['type'] if cls is None else list(accepted_arguments(cls) or [])  # of a dict that the overrides are making


def complete_config(config: Config) -> None:
    """Fill in what follows from the rest of a config, in place.

    ``corpus``, ``data_root``, ``ann_dir`` and ``frames`` of the top level go to every dataset that sets none, the first
    train dataset's vocabulary file to the model, the model's vocabulary to datasets that are read together, the folder
    of annotations into an evaluator's ``stm`` where that says ``{ann_dir}``, and loaders get the seeding of workers and
    pinned memory where there is a GPU; a sampler that forms batches gets the loader's ``batch_size``.
    """
    config.setdefault('default_scope', 'cslrkit')
    loaders = loaders_of(config)
    for loader in loaders:
        for dataset in datasets_in(loader.dataset):
            for key in ('data_root', 'ann_dir', 'frames'):
                if config.get(key) is not None and key not in dataset:
                    dataset[key] = copy.deepcopy(config[key])
            if config.get('corpus') is not None and _takes(dataset, 'corpus'):
                dataset.setdefault('corpus', copy.deepcopy(config['corpus']))
        loader.setdefault('pin_memory', torch.cuda.is_available())
        loader.setdefault('worker_init_fn', dict(type='cslrkit.seed_worker'))
        _hand_on_batch_size(loader)
    for name in ('val_evaluator', 'test_evaluator'):
        for evaluator in as_list(config.get(name)):
            if evaluator.get('stm') and '{ann_dir}' in evaluator.stm:
                dataset = config[name.replace('evaluator', 'dataloader')].dataset
                evaluator.stm = evaluator.stm.replace('{ann_dir}', os.path.dirname(vocab_file(dataset)))
    model = config.get('model')
    if model is not None and loaders:
        if model.get('vocab') is None:
            model['vocab'] = vocab_file(loaders[0].dataset)
        for loader in loaders:
            _share_vocab(loader.dataset, model['vocab'])


def _share_vocab(dataset: Dict[str, Any], vocab: Any) -> None:
    """Let all datasets that are read together use one vocabulary; a gloss that it lacks is an error."""
    if dataset.get('datasets') is None:
        return
    for inner in datasets_in(dataset):
        if _takes(inner, 'vocab'):
            inner.setdefault('vocab', copy.deepcopy(vocab))
            inner.setdefault('on_unknown_gloss', 'error')
    if dataset.get('type') == 'ConcatDataset':  # otherwise mmengine refuses corpora and splits of different names
        dataset.setdefault('ignore_keys', ['corpus', 'split'])


def _hand_on_batch_size(loader: Dict[str, Any]) -> None:
    """Give a sampler that forms batches the loader's size of them."""
    if _takes(loader.get('sampler') or {}, 'batch_size', registry=DATA_SAMPLERS):
        loader.sampler.setdefault('batch_size', loader.get('batch_size', 1))


def _takes(config: Dict[str, Any], argument: str, *, registry: Any = DATASETS) -> bool:
    """Whether the class of a dict has an argument."""
    kind = config.get('type')
    if isinstance(kind, str) and kind in registry:
        kind = registry.lookup(kind)
    return isinstance(kind, type) and argument in (accepted_arguments(kind) or ())


def as_list(value: Any) -> list:
    """``value`` as a list: itself, none for None, or one of it."""
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def loaders_of(config: Config) -> List[Dict[str, Any]]:
    """The configs of the loaders that a config has, training's first."""
    return [config[name] for name in SPLIT_LOADERS if config.get(name) is not None]


def vocab_file(dataset: Dict[str, Any]) -> str:
    """Path of ``gloss_dict.npy`` of a dataset config, the first one's of several."""
    dataset = datasets_in(dataset)[0]
    root, ann_dir = dataset.get('data_root', ''), dataset.get('ann_dir', 'preprocess')
    return os.path.join(root, ann_dir, 'gloss_dict.npy')


def select_split(config: Config, split: str) -> Config:
    """Return a copy of ``config`` that only tests, on ``split``, with test transforms.

    Args:
        config: A complete config with a test loader.
        split: ``'train'`` (the published train_eval protocol), ``'dev'`` or ``'test'``.
    """
    config = copy.deepcopy(config)
    for dataset in datasets_in(config.test_dataloader.dataset):
        dataset['split'] = split
    for evaluator in as_list(config.test_evaluator):
        evaluator['split'] = split
    for name in _TRAINING_KEYS:
        config.pop(name, None)
    return config
