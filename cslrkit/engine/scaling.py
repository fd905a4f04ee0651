"""The options of training on several devices: ``--strategy`` and ``--auto-scale-lr``."""

from typing import List, Optional, Type, Union

from mmengine.config import Config

from cslrkit.engine.config_check import check_config
from cslrkit.engine.flexible_runner import CSLRFlexibleRunner
from cslrkit.engine.runner import CSLRRunner
from cslrkit.errors import ConfigError
from cslrkit.registry import nearest
from cslrkit.utils.shipped import shipped_root


def shipped_strategies() -> List[str]:
    """Names of the strategies that come with cslrkit, such as ``deepspeed_zero2``, sorted."""
    return sorted(path.stem for path in (shipped_root() / 'configs/_base_/strategies').glob('*.py'))


def set_scaling(config: Config, *, strategy: Optional[str] = None, auto_scale_lr: bool = False) -> None:
    """Put the options of a command line into ``config``.

    Args:
        config: From ``cslrkit.engine.config.load_config``; changed in place.
        strategy: Name of a strategy that comes with cslrkit; the config's own by default.
        auto_scale_lr: Whether learning rates follow the batch size.

    Raises:
        ConfigError: For another name.
    """
    if strategy is not None:
        names = shipped_strategies()
        if strategy not in names:
            raise ConfigError(
                f'strategy: got {strategy!r}, expected one of {", ".join(names)}.{nearest(strategy, names)}'
            )
        path = shipped_root() / 'configs/_base_/strategies' / f'{strategy}.py'
        config.strategy = Config.fromfile(path, lazy_import=False).strategy
        check_config(config)
    if auto_scale_lr:
        config.auto_scale_lr = dict(config.get('auto_scale_lr') or {}, enable=True)


def runner_class(config: Config) -> Type[Union[CSLRRunner, CSLRFlexibleRunner]]:
    """The runner that drives ``config``: with a strategy the one that knows them.

    Raises:
        ConfigError: If a strategy is given together with what it cannot do.
    """
    if config.get('strategy') is None:
        return CSLRRunner
    if config.get('model_wrapper_cfg') is not None:
        raise ConfigError('a strategy wraps the model by itself: give its options there.', path='model_wrapper_cfg')
    return CSLRFlexibleRunner
