"""Checking every type and argument of a config before anything is built."""

from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

from mmengine.config import Config
from mmengine.registry import Registry as AnyRegistry
from torch.utils.data import DataLoader

from cslrkit import registry as reg
from cslrkit.errors import ConfigError
from cslrkit.registry import check_arguments, load_plugins
from cslrkit.utils.config_path import config_path

# Key of a config -> the registry of the dict, list of dicts or dict of dicts under it, and the
# arguments that the builder adds.
SLOTS: Dict[str, Tuple[AnyRegistry, Tuple[str, ...]]] = {
    'model': (reg.MODELS, ()),
    'data_preprocessor': (reg.MODELS, ('temporal_spec',)),
    'backbone': (reg.BACKBONES, ()),
    'neck': (reg.NECKS, ('in_channels',)),
    'head': (reg.HEADS, ('in_channels', 'num_classes')),
    'losses': (reg.LOSSES, ()),
    'decoder': (reg.DECODERS, ()),
    'init_cfg': (reg.WEIGHT_INITIALIZERS, ()),
    'dataset': (reg.DATASETS, ()),
    'corpus': (reg.CORPORA, ()),
    'frames': (reg.CLIP_READERS, ('frame_root', 'where', 'data_root')),
    'pipeline': (reg.TRANSFORMS, ()),
    'transforms': (reg.TRANSFORMS, ()),
    'sampler': (reg.DATA_SAMPLERS, ('dataset', 'seed')),
    'batch_sampler': (reg.DATA_SAMPLERS, ('sampler', 'batch_size')),
    'optim_wrapper': (reg.OPTIM_WRAPPERS, ('optimizer',)),
    'optimizer': (reg.OPTIMIZERS, ('params',)),
    'param_scheduler': (reg.PARAM_SCHEDULERS, ('optimizer', 'param_name')),
    'val_evaluator': (reg.METRICS, ()),
    'test_evaluator': (reg.METRICS, ()),
    'default_hooks': (reg.HOOKS, ()),
    'custom_hooks': (reg.HOOKS, ()),
    'visualizer': (reg.VISUALIZERS, ('name',)),
    'vis_backends': (reg.VISBACKENDS, ('save_dir',)),
    'log_processor': (reg.LOG_PROCESSORS, ()),
    'strategy': (reg.STRATEGIES, ()),
    'train_cfg': (reg.LOOPS, ('runner', 'dataloader')),
    'val_cfg': (reg.LOOPS, ('runner', 'dataloader', 'evaluator')),
    'test_cfg': (reg.LOOPS, ('runner', 'dataloader', 'evaluator')),
}

# Arguments that the builders take out of a dict before the class sees it.
_CONSUMED = {
    'default_hooks': ('priority',),
    'custom_hooks': ('priority',),
    'param_scheduler': ('convert_to_iter_based', 'epoch_length'),
    'optim_wrapper': ('constructor', 'paramwise_cfg'),
    'init_cfg': ('override',),
}

# What a loader dict takes beside torch's DataLoader arguments.
_LOADER_KEYS = ('dataset', 'sampler', 'batch_sampler', 'collate_fn', 'worker_init_fn', 'num_batch_per_epoch')


def check_config(config: Config) -> None:
    """Check the types and arguments of every dict that a registry will build.

    Raises:
        ConfigError: For the first fault, with its place, e.g. ``model.backbone.depht``.
    """
    load_plugins()
    for place, node in _typed_dicts(config._cfg_dict, []):
        registry, provided = SLOTS[_slot_of(place)]
        kind = node['type']
        with config_path('.'.join(place)):
            try:
                cls = registry.lookup(kind) if isinstance(kind, str) else kind
            except ConfigError as error:
                raise ConfigError(str(error), path='type') from None
            taken = ('type', '_scope_', *_CONSUMED.get(_slot_of(place), ()))
            check_arguments(cls, {name: node[name] for name in node if name not in taken}, provided=provided)
            if registry is reg.DATASETS and isinstance(node.get('corpus'), str):
                with config_path('corpus'):
                    reg.CORPORA.lookup(node['corpus'])
    _check_loaders(config)


def check_complete(config: Config, *, needed: Sequence[str]) -> None:
    """Check that a config has what a run needs, and the parts of an evaluation all or none.

    Args:
        config: A config.
        needed: Top-level keys that the run needs.

    Raises:
        ConfigError: Naming what is missing.
    """
    missing = [key for key in needed if config.get(key) is None]
    for split in ('val', 'test'):
        trio = [f'{split}_dataloader', f'{split}_cfg', f'{split}_evaluator']
        if any(config.get(key) is not None for key in trio):
            missing += [key for key in trio if config.get(key) is None and key not in missing]
    if missing:
        raise ConfigError(
            f"config '{config.filename}': it has no {', '.join(missing)}. A config names bases for model, dataset, "
            'schedule and runtime in _base_, see docs/concepts.md.'
        )


def registry_of(place: Sequence[str]) -> Optional[AnyRegistry]:
    """The registry that builds the dict at ``place``, None if none does."""
    slot = _slot_of(place)
    return SLOTS[slot][0] if slot in SLOTS else None


def _slot_of(place: Sequence[str]) -> str:
    last, before = place[-1] if place else '', place[-2] if len(place) > 1 else ''
    if last in SLOTS:
        return last
    # model.losses.0 -> losses; default_hooks.checkpoint -> default_hooks
    if before in SLOTS and (last.isdigit() or before == 'default_hooks'):
        return before
    return ''


def _typed_dicts(node: Any, place: List[str]) -> Iterator[Tuple[List[str], Dict[str, Any]]]:
    if isinstance(node, dict):
        if isinstance(node.get('type'), (str, type)) and _slot_of(place) in SLOTS:
            yield place, node
        for key, value in node.items():
            yield from _typed_dicts(value, [*place, str(key)])
    elif isinstance(node, (list, tuple)):
        for index, value in enumerate(node):
            yield from _typed_dicts(value, [*place, str(index)])


def _check_loaders(config: Config) -> None:
    known = set(_LOADER_KEYS) | set(reg.accepted_arguments(DataLoader))
    for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        for key in config.get(name) or ():
            if key not in known:
                raise ConfigError(f'{name}.{key}: a data loader has no such setting.{reg.nearest(key, known)}')
