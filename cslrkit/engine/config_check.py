"""Checking every type and argument of a config, before anything is built."""

import inspect
from dataclasses import dataclass
from typing import Any, Callable, Dict, Optional, Sequence, Tuple

from mmengine.config import Config
from mmengine.registry import Registry as AnyRegistry
from mmengine.runner import Runner
from torch.utils import data

from cslrkit import registry as reg
from cslrkit.datasets.curriculum import Curriculum
from cslrkit.errors import ConfigError
from cslrkit.models.speed import prepare_for_inference
from cslrkit.registry import accepted_arguments, check_arguments, load_plugins
from cslrkit.utils.config_path import config_path

# Arguments that these packages' classes declare are checked; those of a plugin's own are the plugin's.
_KNOWN_PACKAGES = ('cslrkit', 'mmengine', 'mmcv', 'torch')


class DataLoader(data.DataLoader):
    """What mmengine builds a loader from: torch's arguments and those of the parts."""

    def __init__(
        self,
        dataset,
        sampler,
        batch_size: int = 1,
        num_workers: int = 0,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        prefetch_factor: int = 2,
        persistent_workers: bool = False,
        batch_sampler=None,
        collate_fn=None,
        worker_init_fn=None,
        num_batch_per_epoch=None,
        **kwargs,
    ) -> None:
        raise NotImplementedError


@dataclass(frozen=True)
class Slot:
    """A place in a config whose dict, or each dict of a list or of named ones there, becomes an object.

    Args:
        builder: The registry of its class, or what takes its arguments where it has no ``type``.
        provided: Arguments that the builder adds.
        taken: Keys that the builder takes out.
        named: Whether a string there is the name of a class.
        typed: Whether a dict must name its class; mmengine takes one of its own for some that do not.
    """

    builder: Any
    provided: Tuple[str, ...] = ()
    taken: Tuple[str, ...] = ()
    named: bool = False
    typed: bool = True

    def class_of(self, node: Any) -> Optional[Callable]:
        """What the dict ``node`` is given to; None if it does not say.

        Raises:
            ConfigError: If there is no such class.
        """
        if not isinstance(self.builder, AnyRegistry):
            return self.builder
        if node.get('type') is None:
            return None
        with config_path('type'):
            return self.builder.lookup(node['type'])

    def slots_in(self, node: Any) -> Dict[str, 'Slot']:
        """The places in the dict ``node``, of the arguments that are not a plugin's own."""
        cls = self.class_of(node)
        key = self.builder.name if isinstance(self.builder, AnyRegistry) else self.builder
        return {name: slot for name, slot in _SLOTS.get(key, {}).items() if _is_declared_here(cls, name)}


_INIT = Slot(reg.WEIGHT_INITIALIZERS, taken=('override',))
_DATASET = Slot(reg.DATASETS)
_LOADER = Slot(DataLoader)
_CORPUS = Slot(reg.CORPORA, named=True)
_FRAMES = Slot(reg.CLIP_READERS, provided=('frame_root', 'where', 'data_root'))
_FEATURES = Slot(reg.FEATURE_READERS, provided=('where', 'data_root', 'split'))
_KEYPOINTS = Slot(reg.KEYPOINT_READERS, provided=('image_size', 'where', 'data_root', 'split'))
_METRIC = Slot(reg.METRICS)
_HOOK = Slot(reg.HOOKS, taken=('priority',))
_LOOP = Slot(reg.LOOPS, provided=('runner', 'dataloader', 'evaluator'), typed=False)
TOP_LEVEL: Dict[str, Slot] = {
    'model': Slot(reg.MODELS, provided=('temporal_spec', 'backbones')),
    'corpus': _CORPUS,
    'curriculum': Slot(Curriculum),
    'frames': _FRAMES,
    'features': _FEATURES,
    'keypoints': _KEYPOINTS,
    'train_dataloader': _LOADER,
    'val_dataloader': _LOADER,
    'test_dataloader': _LOADER,
    'val_evaluator': _METRIC,
    'test_evaluator': _METRIC,
    'train_cfg': _LOOP,
    'val_cfg': _LOOP,
    'test_cfg': _LOOP,
    'optim_wrapper': Slot(
        reg.OPTIM_WRAPPERS, provided=('optimizer',), taken=('constructor', 'paramwise_cfg'), typed=False
    ),
    'param_scheduler': Slot(
        reg.PARAM_SCHEDULERS,
        provided=('optimizer', 'param_name', 'T_max', 'total_steps'),
        taken=('convert_to_iter_based', 'epoch_length'),
    ),
    'default_hooks': _HOOK,
    'custom_hooks': _HOOK,
    'visualizer': Slot(reg.VISUALIZERS, provided=('name',)),
    'log_processor': Slot(reg.LOG_PROCESSORS, typed=False),
    'strategy': Slot(reg.STRATEGIES),
    'inference': Slot(prepare_for_inference, provided=('model',)),
    'randomness': Slot(Runner.set_randomness, provided=('self', 'seed')),
}
# By the registry of a class, or what takes the arguments: which of these become objects, too.
_SLOTS: Dict[Any, Dict[str, Slot]] = {
    'model': {
        'data_preprocessor': TOP_LEVEL['model'],
        'media': TOP_LEVEL['model'],  # of a data preprocessor
        'backbone': Slot(reg.BACKBONES),
        'neck': Slot(reg.NECKS, provided=('in_channels',)),
        'head': Slot(reg.HEADS, provided=('in_channels', 'num_classes')),
        'losses': Slot(reg.LOSSES),
        'decoder': Slot(reg.DECODERS, provided=('vocab',)),
        'aligner': Slot(reg.ALIGNERS, provided=('stream_specs', 'num_classes')),
        'activity': Slot(reg.ACTIVITIES, provided=('stream_specs',)),
        'init_cfg': _INIT,
    },
    'backbone': {'init_cfg': _INIT, 'media': Slot(reg.BACKBONES)},
    'neck': {'init_cfg': _INIT},
    'head': {'init_cfg': _INIT},
    'decoder': {'language_model': Slot(reg.LANGUAGE_MODELS, provided=('vocab',))},
    'dataset': {
        'corpus': _CORPUS,
        'frames': _FRAMES,
        'features': _FEATURES,
        'keypoints': _KEYPOINTS,
        'pipeline': Slot(reg.TRANSFORMS),
        'dataset': _DATASET,
        'datasets': _DATASET,
    },
    'transform': {'transforms': Slot(reg.TRANSFORMS), 'degradation': Slot(reg.DEGRADATIONS)},
    'degradation': {'degradations': Slot(reg.DEGRADATIONS)},
    'metric': {'normalizer': Slot(reg.NORMALIZERS, named=True)},
    'optim wrapper': {'optimizer': Slot(reg.OPTIMIZERS, provided=('params',))},
    'visualizer': {'vis_backends': Slot(reg.VISBACKENDS, provided=('save_dir',))},
    DataLoader: {
        'dataset': _DATASET,
        'sampler': Slot(reg.DATA_SAMPLERS, provided=('dataset', 'seed', 'batch_size')),
        'batch_sampler': Slot(reg.DATA_SAMPLERS, provided=('sampler', 'batch_size')),
    },
}


def check_config(config: Config) -> None:
    """Check the types and arguments of every dict that becomes an object.

    A dict that a plugin's class takes for an argument of its own is left to the plugin.

    Raises:
        ConfigError: For the first fault, with its place, e.g. ``model.losses[0].weigth``.
    """
    load_plugins()
    for name, slot in TOP_LEVEL.items():
        with config_path(name):
            _check(config.get(name), slot)
    for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        with config_path(name):
            _check_sizes(config.get(name) or {})
    for name, value in (config.get('inference') or {}).items():
        if name in ('fold_bn', 'compile') and not isinstance(value, bool):
            raise ConfigError(f'got {value!r}, expected True or False.', path=f'inference.{name}')
    if config.get('curriculum') is not None:
        with config_path('curriculum'):
            Curriculum(**config.curriculum).check(config)


def _check_sizes(loader: Any) -> None:
    for name, least in (('batch_size', 1), ('num_workers', 0), ('timeout', 0), ('prefetch_factor', 1)):
        value = loader.get(name)
        if value is not None and value < least:
            raise ConfigError(f'got {value!r}, expected at least {least}.', path=name)


def _check(node: Any, slot: Slot) -> None:
    if node is None or callable(node):
        return
    if isinstance(node, (list, tuple)):
        for index, item in enumerate(node):
            with config_path(f'[{index}]'):
                _check(item, slot)
    elif isinstance(node, str) and slot.named:
        slot.builder.lookup(node)
    elif not isinstance(node, dict):
        raise ConfigError(f'got {node!r}, expected a dict.')
    elif slot.class_of(node) is not None:
        arguments = {name: value for name, value in node.items() if name not in ('type', '_scope_', *slot.taken)}
        check_arguments(slot.class_of(node), arguments, provided=slot.provided)
        for name, inner in slot.slots_in(node).items():
            with config_path(name):
                _check(node.get(name), inner)
    elif all(value is None or isinstance(value, (dict, list)) for value in node.values()):
        for name, item in node.items():  # dicts by name, as hooks are
            with config_path(name):
                _check(item, slot)
    elif slot.typed:
        raise ConfigError("it has no 'type'.")


def slot_at(config: Config, place: Sequence[str]) -> Optional[Slot]:
    """What becomes of the dict at ``place`` of a config; None if nothing that is known."""
    node, slot = config._cfg_dict.get(place[0]), TOP_LEVEL.get(place[0])
    for part in place[1:]:
        if slot is None:
            return None
        is_item = isinstance(node, (list, tuple)) or (isinstance(node, dict) and slot.class_of(node) is None)
        if not is_item:
            slot = slot.slots_in(node).get(part)
        node = _item(node, part)
    return slot


def _item(node: Any, part: str) -> Any:
    if isinstance(node, (list, tuple)):
        return node[int(part)] if part.isdigit() and int(part) < len(node) else {}
    return (node or {}).get(part) or {}


def _is_declared_here(cls: Any, argument: str) -> bool:
    """Whether the constructor of a known package's class, not a plugin's, declares ``argument``."""
    if not inspect.isclass(cls):
        return argument in (accepted_arguments(cls) or ())
    for klass in cls.__mro__:
        if '__init__' in vars(klass) and argument in inspect.signature(klass.__init__).parameters:
            return klass.__module__.partition('.')[0] in _KNOWN_PACKAGES
    return False
