"""Config files as text: YAML read as data, and names that a file sets in vain."""

import ast
import difflib
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, Iterator, List, Sequence, Set

import mmengine.fileio.handlers.yaml_handler as mmengine_yaml
import yaml
from mmengine.config import Config

from cslrkit.errors import ConfigError
from cslrkit.registry import DATASETS, accepted_arguments
from cslrkit.utils.messages import listed

_MAX_NODES = 100_000  # in a YAML file, those that its references repeat included
_MAX_BYTES = 1 << 20
_MISSPELT = 0.8  # from which ratio of difflib on an unread name is taken for a slip of the pen


class _PlainLoader(yaml.SafeLoader):
    """Reads values and containers only, and no more of them than a config can have."""

    def get_single_node(self) -> Any:
        node = super().get_single_node()
        if _count(node, {}) > _MAX_NODES:
            raise yaml.YAMLError(f'its references repeat more than {_MAX_NODES} values')
        return node


def _count(node: Any, known: Dict[int, float]) -> float:
    """How many values a node has, those that references repeat counted each time."""
    if id(node) not in known:
        known[id(node)] = float('inf')  # a node that holds itself never ends
        parts = [part for pair in node.value for part in pair] if isinstance(node, yaml.MappingNode) else []
        parts += node.value if isinstance(node, yaml.SequenceNode) else []
        known[id(node)] = 1 + sum(_count(part, known) for part in parts)
    return known[id(node)]


@contextmanager
def plain_yaml() -> Iterator[None]:
    """Let mmengine read YAML as data, where its own loader calls any function that the file names."""
    original, mmengine_yaml.Loader = mmengine_yaml.Loader, _PlainLoader
    try:
        yield
    finally:
        mmengine_yaml.Loader = original


def check_size(path: Path) -> None:
    """Raise a :class:`ConfigError` for a file that is too large for a config."""
    if path.stat().st_size > _MAX_BYTES:
        raise ConfigError(f"config: '{path}' has {path.stat().st_size} bytes, expected at most {_MAX_BYTES}.")


@dataclass
class _ConfigFile:
    """What can be told of a config file without running it."""

    assigned: Dict[str, str] = field(default_factory=dict)  # name -> text of its value
    used: Set[str] = field(default_factory=set)  # names that its own expressions read
    bases: List[Path] = field(default_factory=list)


def check_names(path: Path, config: Config, known: Sequence[str]) -> None:
    """Check that each name which the file itself sets is read by something.

    Args:
        path: The file.
        config: What mmengine made of it.
        known: Top-level keys that are read.

    Raises:
        ConfigError: For a variable of a base, which that has used already, for an argument that is not read there, and
            for a misspelt key; it says where the setting is.
    """
    file = _look_into(path)
    inherited = {name for base in file.bases for name in _assigned_below(base)}
    for name in file.assigned:
        if name in known or name in file.used or name == '_base_' or callable(config.get(name)):
            continue
        places = _places_of(name, config)
        if name in inherited:
            hint = f' Set {listed(places, 3)}.' if places else ' Set what is made of it.'
            raise ConfigError(
                f"config '{path}': {name} is a variable of a base, which was read already: setting it again changes "
                f'nothing.{hint}'
            )
        if places:
            raise ConfigError(f"config '{path}': nothing reads {name} at the top level. Set {listed(places, 3)}.")
        near = difflib.get_close_matches(name, known, n=1, cutoff=_MISSPELT)
        if near:
            raise ConfigError(f"config '{path}': nothing reads {name}. Did you mean {near[0]!r}?")


def takes_epochs_from_variable(path: Path) -> bool:
    """Whether ``max_epochs`` is set nearer to the leaf of a chain of configs than ``train_cfg.max_epochs`` is."""
    file = _look_into(path)
    if 'max_epochs' in file.assigned.get('train_cfg', ''):
        return False
    return 'max_epochs' in file.assigned or any(map(takes_epochs_from_variable, file.bases))


def _assigned_below(path: Path) -> Set[str]:
    file = _look_into(path)
    return {*file.assigned, *(name for base in file.bases for name in _assigned_below(base))}


def _look_into(path: Path) -> _ConfigFile:
    text = path.read_text(encoding='utf-8')
    if path.suffix != '.py':
        values = yaml.load(text, Loader=_PlainLoader)
        assigned = {name: str(value) for name, value in values.items()} if isinstance(values, dict) else {}
        return _ConfigFile(assigned, set(), _bases(path))
    tree = ast.parse(text)
    file = _ConfigFile(bases=_bases(path))
    for statement in tree.body:
        for target in statement.targets if isinstance(statement, ast.Assign) else ():
            if isinstance(target, ast.Name):
                file.assigned[target.id] = ast.get_source_segment(text, statement.value) or ''
    file.used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    return file


def _bases(path: Path) -> List[Path]:
    return [Path(Config._get_cfg_path(base, str(path))[0]) for base in Config._get_base_files(str(path))]


def _places_of(name: str, config: Config) -> List[str]:
    """Where a config has, or may have, a value of that name."""
    found = [place for place, _ in _walk(config._cfg_dict, '') if '.' in place and place.rpartition('.')[2] == name]
    if name.endswith('_pipeline'):
        found.append(f'{name[: -len("_pipeline")]}_dataloader.dataset.pipeline')
    if not found and name in (accepted_arguments(DATASETS.lookup('CSLRDataset')) or ()):
        found = [f'{key}.dataset.{name}' for key in ('train_dataloader', 'val_dataloader', 'test_dataloader')]
    return found


def _walk(node: Any, place: str) -> Iterator[Any]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield f'{place}{key}', value
            yield from _walk(value, f'{place}{key}.')
