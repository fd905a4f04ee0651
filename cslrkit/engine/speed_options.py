"""The keys ``inference`` and ``training`` of a config: how fast, not what."""

from typing import Any, Dict, Mapping

from cslrkit.errors import ConfigError
from cslrkit.registry import nearest

# Each option and what it is where neither config nor command line says.
DEFAULTS: Dict[str, Dict[str, Any]] = {
    'inference': dict(fold_bn=False, dtype=None, compile=False),
    'training': dict(compile=False),
}


def speed_options(config: Mapping[str, Any], key: str, **overrides: Any) -> Dict[str, Any]:
    """Return the options that a config gives under ``key``, all of them.

    Args:
        config: A config.
        key: ``'inference'`` or ``'training'``.
        **overrides: Options that win over the config's unless they are None.

    Raises:
        ConfigError: For an option that does not exist or has a value of another type.
    """
    defaults = DEFAULTS[key]
    given = config.get(key) or {}
    for name, value in given.items():
        if name not in defaults:
            raise ConfigError(f'there is no such option.{nearest(name, defaults)}', path=f'{key}.{name}')
        if isinstance(defaults[name], bool) and not isinstance(value, bool):
            raise ConfigError(f'got {value!r}, expected True or False.', path=f'{key}.{name}')
    chosen = {name: value for name, value in overrides.items() if value is not None}
    return {**defaults, **given, **chosen}
