"""The config that travels in a checkpoint, read as data: nothing in it is executed or imported."""

import ast
import copy
import json
import sys
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Tuple, Union

import numpy as np
from mmengine.config import Config

from cslrkit import registry as reg
from cslrkit.errors import CheckpointError
from cslrkit.registry import nearest

# What a stored config is used for: to build the model, and to read clips as in testing.
_INPUT = ('fit', 'frame_size', 'frame_rate')
_FITTED = ('aligner', 'activity')  # parts of a model that are fitted after it
_KEPT = ('default_scope', 'data_root', 'ann_dir', *_INPUT, 'model', 'test_dataloader', 'val_dataloader')
# Registries of what these hold.
_REGISTRIES = (
    reg.MODELS,
    reg.BACKBONES,
    reg.NECKS,
    reg.HEADS,
    reg.LOSSES,
    reg.DECODERS,
    reg.ALIGNERS,
    reg.ACTIVITIES,
    reg.LANGUAGE_MODELS,
    reg.WEIGHT_INITIALIZERS,
    reg.DATASETS,
    reg.TRANSFORMS,
    reg.DEGRADATIONS,
    reg.CORPORA,
    reg.CLIP_READERS,
    reg.FEATURE_READERS,
    reg.KEYPOINT_READERS,
)
# Registries by the place in a config whose classes they hold, for suggestions.
_AT = {
    **{registry.name.replace(' ', '_'): registry for registry in _REGISTRIES},
    'losses': reg.LOSSES,
    'init_cfg': reg.WEIGHT_INITIALIZERS,
    'pipeline': reg.TRANSFORMS,
    'frames': reg.CLIP_READERS,
    'features': reg.FEATURE_READERS,
    'keypoints': reg.KEYPOINT_READERS,
    'data_preprocessor': reg.MODELS,
}
# Loaders also name functions and samplers by type; inference builds none of them.
_DATASET_ONLY = ('test_dataloader', 'val_dataloader')
_SCOPES = ('cslrkit', 'mmengine')


def stored_config(meta: Mapping[str, Any], *, where: str) -> Config:
    """Return the config that a checkpoint carries: its model and how its test data are read.

    A checkpoint may come from anywhere, so modules of ``custom_imports`` are not imported, and a ``type`` must
    be the name of a registered class, never the path of something in another module.

    Args:
        meta: ``meta`` of a checkpoint of cslrkit.
        where: The file, for messages.

    Raises:
        CheckpointError: If there is no config, it is malformed, or it names a class that is not registered.
    """
    values = config_values(meta, where=where)
    if not isinstance(values.get('model'), dict):
        raise CheckpointError(f"checkpoint: the config in '{where}' has no model. Give the config with --config.")
    kept = {name: values[name] for name in _KEPT if values.get(name) is not None}
    kept.setdefault('default_scope', 'cslrkit')
    for name in _DATASET_ONLY:
        if name in kept:
            if not isinstance(kept[name], dict):
                raise CheckpointError(
                    f"checkpoint: the config in '{where}' has {name} = {kept[name]!r}, expected a dict. Give the "
                    'config with --config.'
                )
            kept[name] = {key: value for key, value in kept[name].items() if key in ('dataset', 'batch_size')}
    _check_types(kept, where=where, custom_imports=values.get('custom_imports'))
    return Config(kept)


def with_stored_parts(config: Config, meta: Mapping[str, Any]) -> Config:
    """Return a config that takes what it has not from the one that a checkpoint carries: fitted parts, fit, size, rate.

    Args:
        config: With a model.
        meta: ``meta`` of a checkpoint.
    """
    try:
        stored = json.loads(meta.get('cfg') or 'null')
        parts = {name: stored['model'].get(name) for name in _FITTED}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return config  # none, or the Python text of 0.1.0, which knew of none
    added = {name: stored[name] for name in _INPUT if config.get(name) is None and stored.get(name) is not None}
    parts = {name: part for name, part in parts.items() if isinstance(part, dict) and config.model.get(name) is None}
    if not added and not parts:
        return config
    config = copy.deepcopy(config)
    config.model.update(parts)
    for name, value in added.items():
        config[name] = value
    return config


def config_json(config: Config) -> str:
    """Return a config as the JSON text that a checkpoint carries; a class or function becomes its path."""
    return json.dumps(config.to_dict(), default=_name)


def config_values(meta: Mapping[str, Any], *, where: Union[str, Path]) -> Dict[str, Any]:
    """Return the values of the config that a checkpoint carries.

    Args:
        meta: ``meta`` of a checkpoint of cslrkit.
        where: The file, for messages.

    Raises:
        CheckpointError: If there is none, or it is not a JSON object.
    """
    text = meta.get('cfg')
    if not isinstance(text, str) or not text.strip():
        raise CheckpointError(f"checkpoint: '{where}' carries no config. Give it with --config.")
    try:
        values = json.loads(text) if text.lstrip()[0] in '{[' else _read_assignments(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError) as error:  # the last for text nested too deeply
        raise CheckpointError(
            f"checkpoint: the config in '{where}' is not JSON ({type(error).__name__}). Give the config with --config."
        ) from error
    if not isinstance(values, dict):
        raise CheckpointError(f"checkpoint: the config in '{where}' is {text[:40]}, expected an object.")
    return values


def _read_assignments(text: str) -> Dict[str, Any]:
    """Read the Python text that 0.1.0 wrote, ``name = value`` with plain values and calls of ``dict``, as data."""

    def value_of(node: ast.AST) -> Any:
        if isinstance(node, ast.Call) and getattr(node.func, 'id', '') == 'dict' and not node.args:
            return {keyword.arg: value_of(keyword.value) for keyword in node.keywords}
        if isinstance(node, ast.Dict):
            return {ast.literal_eval(key): value_of(value) for key, value in zip(node.keys, node.values)}
        if isinstance(node, (ast.List, ast.Tuple)):
            return [value_of(item) for item in node.elts]
        return ast.literal_eval(node)

    values = {}
    for statement in ast.parse(text).body:
        if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
            raise ValueError('it is more than assignments')
        values[statement.targets[0].id] = value_of(statement.value)
    return values


def _name(value: Any) -> Any:
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if hasattr(value, '__qualname__'):
        return f'{value.__module__}.{value.__qualname__}'
    return value.item() if isinstance(value, np.generic) else str(value)


def _check_types(config: Dict[str, Any], *, where: str, custom_imports: Any) -> None:
    classes = {name: cls for registry in _REGISTRIES for name, cls in registry.classes().items()}
    for place, kind in _types(config, []):
        name = _without_scope(kind) if isinstance(kind, str) else None
        if name in classes or (name is not None and any(_imported(kind) is cls for cls in classes.values())):
            continue
        modules = custom_imports.get('imports') if isinstance(custom_imports, dict) else None
        # A loss or a transform is one of several: place ends with its container, its name or number, and 'type'.
        registry = next((_AT[part] for part in place[-2:-4:-1] if part in _AT), None)
        hint = '' if name is None or registry is None else nearest(name, registry.classes())
        hint += f' Its custom_imports were {modules!r}; they are not imported unasked.' if modules else ''
        raise CheckpointError(
            f"checkpoint: the config in '{where}' asks for {'.'.join(place)} = {kind!r}, which is no registered "
            f'class.{hint} Import the module that registers it (--import), or give the config with --config.'
        )


def _without_scope(kind: str) -> str:
    scope, _, rest = kind.partition('.')
    return rest if scope in _SCOPES and rest else kind


def _imported(path: str) -> Any:
    """What ``path`` names in a module that is imported already; None if there is no such thing."""
    module, _, name = path.rpartition('.')
    return vars(sys.modules[module]).get(name) if module in sys.modules else None


def _types(node: Any, place: List[str]) -> Iterator[Tuple[List[str], Any]]:
    if isinstance(node, dict):
        if 'type' in node:
            yield [*place, 'type'], node['type']
        for key, value in node.items():
            yield from _types(value, [*place, str(key)])
    elif isinstance(node, (list, tuple)):
        for index, value in enumerate(node):
            yield from _types(value, [*place, str(index)])
