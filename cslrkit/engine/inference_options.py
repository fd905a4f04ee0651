"""The key ``inference`` of a config: how a checkpoint is run when it is tested."""

from typing import Any, Dict, Mapping

from cslrkit.errors import ConfigError
from cslrkit.registry import nearest

KEY = 'inference'

# Arguments of cslrkit.models.speed.prepare_for_inference, as they are where nothing is said: no option
# that changes a number, if only by floating-point noise, is on by itself.
DEFAULTS: Dict[str, Any] = dict(fold_bn=False, dtype=None, compile=False)


def inference_options(config: Mapping[str, Any], **overrides: Any) -> Dict[str, Any]:
    """Return all options for inference of a config.

    Args:
        config: A config.
        **overrides: Options that win over the config's unless they are None.

    Raises:
        ConfigError: For an option that does not exist or has a value of another type.
    """
    given = config.get(KEY) or {}
    for name, value in given.items():
        if name not in DEFAULTS:
            raise ConfigError(f'there is no such option.{nearest(name, DEFAULTS)}', path=f'{KEY}.{name}')
        if isinstance(DEFAULTS[name], bool) and not isinstance(value, bool):
            raise ConfigError(f'got {value!r}, expected True or False.', path=f'{KEY}.{name}')
    return {**DEFAULTS, **given, **{name: value for name, value in overrides.items() if value is not None}}
