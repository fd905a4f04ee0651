"""Reading a config and overriding it."""

import inspect
import os
import sys
from pathlib import Path
from typing import Any, Dict, List, Optional, Union

from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.runner import Runner

from cslrkit.engine.complete import complete, loaders_of
from cslrkit.engine.config_check import TOP_LEVEL, check_config, slot_at
from cslrkit.engine.config_files import check_names, check_size, plain_yaml, takes_epochs_from_variable
from cslrkit.errors import ConfigError
from cslrkit.registry import accepted_arguments
from cslrkit.utils.dataset_configs import datasets_in
from cslrkit.utils.messages import nearest
from cslrkit.utils.shipped import find_config, packaged_bases
from cslrkit.video.clip_reader import reader_config

# The top-level keys that something reads; any other is a variable of the config file itself.
_TOP_LEVEL = (
    *(set(inspect.signature(Runner.__init__).parameters) - {'self', 'cfg'}),
    *TOP_LEVEL,
    'ann_dir',
    'custom_imports',
    'data_root',
    'find_unused_parameters',
    'fit',
    'frame_rate',
    'frame_size',
    'max_epochs',
    'model_wrapper_cfg',
    'sync_bn',
)
_EPOCHS = 'train_cfg.max_epochs'  # what max_epochs at the top level means


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
    check_size(path)
    logger = MMLogger.get_current_instance()  # it tells of each environment variable in a config
    level = logger.level
    logger.setLevel('WARNING')
    try:
        # Left to itself, mmengine takes a config with an import statement for its other dialect.
        lazy = 'read_base' in path.read_text(encoding='utf-8')
        with packaged_bases(), plain_yaml():
            config = Config.fromfile(path, lazy_import=None if lazy else False)
            if not lazy:
                check_names(path, config, _TOP_LEVEL)
                if takes_epochs_from_variable(path):
                    config.merge_from_dict({_EPOCHS: config.max_epochs})
    except ConfigError:
        raise
    except Exception as error:  # a config runs as Python, so its faults are of any kind
        raise ConfigError(f"config: '{path}' cannot be read: {_reason(error)}") from error
    finally:
        logger.setLevel(level)
    config.pop('max_epochs', None)
    for node in (config, *(dataset for loader in loaders_of(config) for dataset in datasets_in(loader.dataset))):
        if 'frames' in node:
            node['frames'] = reader_config(node['frames'])
    for key, value in (overrides or {}).items():
        if key.endswith('frames.backend'):
            key, value = key[: -len('backend')] + 'type', reader_config(dict(backend=value))['type']
        key = _EPOCHS if key == 'max_epochs' else key
        check_override(config, key)
        config.merge_from_dict({key: value})
    config = complete(config)
    check_config(config)
    return config


def _reason(error: BaseException) -> str:
    """The fault itself: mmengine tells of a failed import of ``custom_imports`` without saying why."""
    while isinstance(error, ImportError) and str(error).startswith('Failed to import ') and error.__context__:
        error = error.__context__
    return f'{type(error).__name__}: {" ".join(str(error).split())}'


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
    slot = slot_at(config, place)
    if slot is None:
        return []
    cls = slot.class_of(node)
    return ['type'] if cls is None else list(accepted_arguments(cls) or [])  # of a dict that the overrides are making
