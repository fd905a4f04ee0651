"""Resuming with another schedule or learning rate than a training began with."""

import copy
import warnings
from typing import Any, Dict, List, Mapping, Sequence

from mmengine.optim import OptimWrapper


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
