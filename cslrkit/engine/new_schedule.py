"""Resuming with another schedule or learning rate than a training began with."""

import copy
import warnings
from typing import Any, Dict, List, Mapping, Sequence

from mmengine.optim import OptimWrapper

NOT_FOLLOWED = "resume: {} of the config differ from the checkpoint's and are not followed: its own go on"
# Places in a config that decide the learning rate.
_PLACES = ('param_scheduler', 'auto_scale_lr', 'optim_wrapper.optimizer', 'train_cfg.max_epochs', 'train_cfg.max_iters')


def changed_settings(stored: Mapping[str, Any], current: Mapping[str, Any]) -> List[str]:
    """The places in a config that decide the learning rate and differ from those that a checkpoint carries."""
    return [place for place in _PLACES if _at(stored, place) != _at(current, place)]


def group_settings(optim_wrapper: OptimWrapper) -> List[Dict[str, Any]]:
    """Copy what parameter groups have besides parameters: learning rate, weight decay, ..."""
    groups = optim_wrapper.optimizer.param_groups
    return [{key: copy.copy(value) for key, value in group.items() if key != 'params'} for group in groups]


def follow_schedule(
    optim_wrapper: OptimWrapper,
    settings: Sequence[Mapping[str, Any]],
    schedulers: Sequence[Any],
    *,
    epochs: int,
    steps: int,
    batches: int,
) -> None:
    """Give an optimizer that was restored the settings that it would have, had the config always been this one.

    Args:
        optim_wrapper: With the restored state of an optimizer.
        settings: From :func:`group_settings` before that, with the schedulers built.
        schedulers: They have made no step, and do not depend on metrics.
        epochs: Whole epochs done.
        steps: Batches done.
        batches: Those of them that are of an epoch that has just begun.
    """
    for group, own in zip(optim_wrapper.optimizer.param_groups, settings):
        group.update(own)
    epochs_done = 0
    with warnings.catch_warnings():
        warnings.filterwarnings('ignore', 'Detected call of `scheduler.step')  # before the optimizer's, as it is meant
        for step in range(1, steps + 1):
            _step(schedulers, by_epoch=False)
            # Epochs of a curriculum may differ in length, and are taken as equal here.
            if epochs_done < epochs and step * epochs >= (epochs_done + 1) * (steps - batches):
                _step(schedulers, by_epoch=True)
                epochs_done += 1


def _step(schedulers: Sequence[Any], *, by_epoch: bool) -> None:
    for scheduler in schedulers:
        if scheduler.by_epoch == by_epoch:
            scheduler.step()


def _at(config: Any, place: str) -> Any:
    for key in place.split('.'):
        config = (config or {}).get(key)
    return config
