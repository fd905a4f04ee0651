"""The config that travels in a checkpoint, read as data: nothing in it is executed or imported."""

import ast
import math
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Tuple, Union

from mmengine.config import Config

from cslrkit import registry as reg
from cslrkit.errors import CheckpointError
from cslrkit.registry import nearest

# What a stored config is used for: to build the model, and to read clips as in testing.
_KEPT = ('default_scope', 'data_root', 'ann_dir', 'model', 'test_dataloader', 'val_dataloader')
# Registries of what these hold.
_REGISTRIES = (
    reg.MODELS,
    reg.BACKBONES,
    reg.NECKS,
    reg.HEADS,
    reg.LOSSES,
    reg.DECODERS,
    reg.WEIGHT_INITIALIZERS,
    reg.DATASETS,
    reg.TRANSFORMS,
)
# Loaders also name functions and samplers by type; inference builds none of them.
_DATASET_ONLY = ('test_dataloader', 'val_dataloader')
_SCOPES = ('cslrkit', 'mmengine')
_NUMBERS = {'inf': math.inf, 'nan': math.nan}


def stored_config(meta: Mapping[str, Any], *, where: str) -> Config:
    """Return the config that a checkpoint carries: its model and how its test data are read.

    A checkpoint may come from anywhere, so its text is parsed as plain values; modules of
    ``custom_imports`` are not imported, and a ``type`` must be the name of a registered class, never the
    path of something in another module.

    Args:
        meta: ``meta`` of a checkpoint of cslrkit.
        where: The file, for messages.

    Raises:
        CheckpointError: If there is no config, it is more than plain values, it is malformed, or it names a
            class that is not registered.
    """
    text = meta.get('cfg')
    if not isinstance(text, str) or not text.strip():
        raise CheckpointError(f"checkpoint: '{where}' carries no config. Give it with --config.")
    values = parse_values(text, where=where)
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


def parse_values(text: str, *, where: Union[str, Path]) -> Dict[str, Any]:
    """Return the variables of a config's text, as ``Config.pretty_text`` writes it, without executing it.

    Args:
        text: Assignments of numbers, strings, None, lists, tuples, sets, dicts and ``dict(...)``.
        where: The file, for messages.

    Raises:
        CheckpointError: If there is anything else in it, with the line.

    Examples:
        >>> parse_values('a = dict(b=[1, -2.5])', where='x.pth')
        {'a': {'b': [1, -2.5]}}
    """
    try:
        values = {}
        for statement in ast.parse(text).body:
            target = statement.targets[0] if isinstance(statement, ast.Assign) else None
            if not isinstance(target, ast.Name):
                raise _NotPlainError(statement)
            values[target.id] = _value(statement.value)
        return values
    except _NotPlainError as error:
        raise CheckpointError(
            f"checkpoint: line {error.line} of the config in '{where}' is more than plain values "
            f'({error.kind}), so it is refused; nothing was executed. Give the config with --config.'
        ) from None
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError) as error:
        raise CheckpointError(
            f"checkpoint: the config in '{where}' cannot be read ({type(error).__name__}). Give it with --config."
        ) from error


class _NotPlainError(Exception):
    """A node that is no plain value."""

    def __init__(self, node: ast.AST) -> None:
        super().__init__()
        self.line, self.kind = getattr(node, 'lineno', 0), type(node).__name__


def _value(node: ast.expr) -> Any:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.List):
        return [_value(item) for item in node.elts]
    if isinstance(node, ast.Tuple):
        return tuple(_value(item) for item in node.elts)
    if isinstance(node, ast.Set):
        return {_value(item) for item in node.elts}
    if isinstance(node, ast.Dict) and None not in node.keys:
        return {_value(key): _value(item) for key, item in zip(node.keys, node.values)}
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == 'dict' and not node.args:
        if any(keyword.arg is None for keyword in node.keywords):
            raise _NotPlainError(node)
        return {keyword.arg: _value(keyword.value) for keyword in node.keywords}
    if isinstance(node, ast.Name) and node.id in _NUMBERS:
        return _NUMBERS[node.id]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        operand = _value(node.operand)
        if isinstance(operand, (int, float)) and not isinstance(operand, bool):
            return -operand
    raise _NotPlainError(node)


def _check_types(config: Dict[str, Any], *, where: str, custom_imports: Any) -> None:
    names = {name for registry in _REGISTRIES for name in registry.names()}
    for place, kind in _types(config, []):
        bare = kind
        if isinstance(kind, str):
            scope, _, rest = kind.partition('.')
            bare = rest if scope in _SCOPES and rest else kind
        if not isinstance(bare, str) or bare not in names:
            modules = custom_imports.get('imports') if isinstance(custom_imports, dict) else None
            hint = nearest(bare, names) if isinstance(bare, str) else ''
            hint += f' Its custom_imports were {modules!r}; they are not imported unasked.' if modules else ''
            raise CheckpointError(
                f"checkpoint: the config in '{where}' asks for {'.'.join(place)} = {kind!r}, which is no registered "
                f'class.{hint} Import the module that registers it (--import), or give the config with --config.'
            )


def _types(node: Any, place: List[str]) -> Iterator[Tuple[List[str], Any]]:
    if isinstance(node, dict):
        if 'type' in node:
            yield [*place, 'type'], node['type']
        for key, value in node.items():
            yield from _types(value, [*place, str(key)])
    elif isinstance(node, (list, tuple)):
        for index, value in enumerate(node):
            yield from _types(value, [*place, str(index)])
