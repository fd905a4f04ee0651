"""The configs and tools that come with cslrkit, in a checkout and in a wheel."""

import importlib.util
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, List, Optional, Tuple, Union

from cslrkit.errors import ConfigError
from cslrkit.utils.messages import nearest

# A wheel carries them inside the package, in the folder where OpenMMLab's tools look for them.
_INSIDE = '.mim'
_SEPARATOR = '::'  # of a package and a config in it, as in mmengine


def shipped_root() -> Path:
    """The folder that holds ``configs`` and ``tools``: inside an installed package, or the checkout."""
    package = Path(__file__).resolve().parents[1]
    inside = package / _INSIDE
    return inside if inside.is_dir() else package.parent


def command_name(script: Union[str, Path]) -> str:
    """Name of the command that runs a tool: its file's.

    Examples:
        >>> command_name('tools/analysis/plot_log.py')
        'plot-log'
    """
    return Path(script).stem.replace('_', '-')


def shipped_configs() -> List[str]:
    """Names of the configs that can be run, such as ``slowfast/synthsign.py``, sorted."""
    root = shipped_root() / 'configs'
    names = (path.relative_to(root) for path in root.rglob('*') if path.suffix in ('.py', '.yaml', '.yml'))
    return sorted(name.as_posix() for name in names if not name.parts[0].startswith('_'))


def find_config(path: Union[str, Path]) -> Path:
    """Return the file of a config that is given by its path or by the name of one that is shipped.

    Args:
        path: A file; the name of a config of cslrkit, with or without ``configs/`` before it, e.g.
            ``slowfast/synthsign.py``; or ``package::config.py`` for a config of an installed package, which is
            looked for below it and below its folder ``configs``.

    Raises:
        ConfigError: If there is none; the message gives the nearest names.
    """
    package, separator, name = str(path).rpartition(_SEPARATOR)
    if package not in ('', 'cslrkit'):
        return _in_package(package, name)
    path = Path(name)
    if not separator and path.is_file():
        return path
    shipped = None if path.is_absolute() else _in_shipped(name)
    if shipped is not None:
        return shipped
    beside = sorted(p.name for p in path.parent.glob('*.py')) if path.parent.is_dir() else []
    hint = nearest(path.name, beside) or nearest(_without_prefix(name), shipped_configs())
    raise ConfigError(f"config: '{path}' does not exist, neither here nor among the configs of cslrkit.{hint}")


@contextmanager
def packaged_bases() -> Iterator[None]:
    """Let ``_base_`` of configs that are read name configs of installed packages.

    mmengine reads ``_base_ = 'package::config.py'`` by means of ``pkg_resources``, which setuptools has
    no more, and has no place to put another way but this.
    """
    from mmengine.config import Config  # late: the doctor works where mmengine cannot be imported

    original = Config.__dict__['_get_cfg_path']

    def locate(cfg_path: str, filename: str) -> Tuple[str, Optional[str]]:
        if _SEPARATOR in cfg_path:
            return str(find_config(cfg_path)), None
        return original.__func__(cfg_path, filename)

    Config._get_cfg_path = staticmethod(locate)
    try:
        yield
    finally:
        Config._get_cfg_path = original


def _in_package(package: str, name: str) -> Path:
    spec = importlib.util.find_spec(package) if package.isidentifier() else None
    if spec is None or not spec.submodule_search_locations:
        raise ConfigError(f"config: '{package}::{name}': there is no installed package '{package}'.")
    roots = [Path(location) for location in spec.submodule_search_locations]
    for root in roots:
        for place in (root, root / _INSIDE / 'configs', root / 'configs'):
            if (place / name).is_file():
                return place / name
    raise ConfigError(f"config: '{package}::{name}' does not exist. '{package}' is in '{roots[0]}'.")


def _in_shipped(name: str) -> Optional[Path]:
    name = _without_prefix(name)
    root = shipped_root() / 'configs'
    for candidate in (name, f'{name}.py'):
        if (root / candidate).is_file():
            return root / candidate
    return None


def _without_prefix(name: str) -> str:
    first, _, rest = Path(name).as_posix().partition('/')
    return rest if first in ('configs', 'cslrkit') and rest else Path(name).as_posix()
