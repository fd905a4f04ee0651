"""Learning rates that follow the batch size."""

from typing import Any, Mapping, Optional

from mmengine.optim import BaseOptimWrapper

from cslrkit.errors import ConfigError


def scale_lr(
    optim_wrapper: BaseOptimWrapper,
    auto_scale_lr: Optional[Mapping[str, Any]],
    *,
    batch_size: Optional[int],
    world_size: int,
    accumulation: int,
) -> str:
    """Multiply every learning rate by real over base batch size (Goyal et al. 2017, arXiv 1706.02677).

    mmengine leaves the accumulation of gradients out of the real batch size. Call it before schedulers are
    built, which keep the rates that they find.

    Args:
        optim_wrapper: Holds the parameter groups.
        auto_scale_lr: The config's: ``enable`` and ``base_batch_size``, that of the config's learning rate.
        batch_size: Clips in a batch of one process.
        world_size: Processes.
        accumulation: Batches whose gradients make one update.

    Returns:
        What was done, in a line; empty if it is not enabled.

    Raises:
        ConfigError: If a batch size is not given or not positive.
    """
    if not (auto_scale_lr and auto_scale_lr.get('enable')):
        return ''
    base = auto_scale_lr.get('base_batch_size')
    for name, value in (('auto_scale_lr.base_batch_size', base), ('train_dataloader.batch_size', batch_size)):
        if not isinstance(value, int) or value < 1:
            raise ConfigError(f'got {value!r}, expected a positive number of clips, for --auto-scale-lr.', path=name)
    real = world_size * batch_size * accumulation
    for group in optim_wrapper.optimizer.param_groups:
        group['lr'] *= real / base
    rate = optim_wrapper.optimizer.param_groups[0]['lr']
    return (
        f'learning rate times {real / base:g}, now {rate:.3g}: {real} clips an update (processes {world_size} x batch '
        f'{batch_size} x accumulation {accumulation}), the config is for {base}'
    )
