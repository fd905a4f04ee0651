"""Schedules of learning rates: they follow the number of epochs, and go on as they were when a training is resumed."""

import json
import warnings
from typing import Any, Dict, List, Mapping

from mmengine.config import Config

from cslrkit.engine.stored_config import config_json
from cslrkit.utils.messages import plural

# Arguments that say how long a schedule of a kind lasts, from its ``begin`` on, in epochs.
_LENGTHS = {'CosineAnnealing': 'T_max', 'OneCycle': 'total_steps'}


def follow_epochs(config: Config) -> None:
    """Let schedules that say no length end with the training, and tell of those that end elsewhere.

    A cosine without ``T_max`` or a cycle without ``total_steps`` gets it, and ``end``, by ``train_cfg.max_epochs``;
    one that would begin when the training ends is left out.

    Args:
        config: Of a training; it is changed.
    """
    epochs = (config.get('train_cfg') or {}).get('max_epochs')
    schedules = config.get('param_scheduler')
    if not isinstance(epochs, int) or not isinstance(schedules, (list, dict)):
        return
    kept: List[Any] = []
    for index, schedule in enumerate(schedules if isinstance(schedules, list) else [schedules]):
        is_known = isinstance(schedule, dict) and schedule.get('by_epoch', True)
        kind = str(schedule.get('type')).rpartition('.')[2] if is_known else ''
        length = next((name for start, name in _LENGTHS.items() if kind.startswith(start)), None)
        begin = schedule.get('begin', 0) if is_known else 0
        if length is not None and length not in schedule:
            if begin >= epochs:
                continue
            schedule[length] = epochs - begin
            schedule.setdefault('end', epochs)
        elif is_known:
            _tell(f'param_scheduler[{index}]', kind, length, schedule, epochs)
        kept.append(schedule)
    config.param_scheduler = kept if isinstance(schedules, list) else kept[:1] and kept[0]


def kept_settings(meta: Mapping[str, Any], config: Config) -> List[str]:
    """Name the settings of a config that decide learning rates and differ from those that a checkpoint carries.

    Args:
        meta: Of the checkpoint.
        config: Of the training that goes on.
    """
    text = meta.get('cfg')
    if not isinstance(text, str) or not text.startswith('{'):  # of 0.1.0
        return []
    old, new = json.loads(text), json.loads(config_json(config))
    changed = [] if old.get('param_scheduler') == new.get('param_scheduler') else ['param_scheduler']
    old_loop, new_loop = (each.get('train_cfg') or {} for each in (old, new))
    lengths = ('max_epochs', 'max_iters')
    changed += [f'train_cfg.{name}' for name in lengths if old_loop.get(name) != new_loop.get(name)]
    before, now = ((each.get('optim_wrapper') or {}).get('optimizer') or {} for each in (old, new))
    changed += [f'optim_wrapper.optimizer.{name}' for name in now if before.get(name) != now[name]]
    return changed


def _tell(place: str, kind: str, length: Any, schedule: Dict[str, Any], epochs: int) -> None:
    """Warn of a schedule whose end is not the training's."""
    last = schedule.get('begin', 0) + schedule[length] if length else epochs
    late = [milestone for milestone in schedule.get('milestones') or () if milestone >= epochs]
    if last != epochs:
        text = f'{kind} ends with epoch {last}. Leave out {length} and end, and it ends with the training'
    elif late:
        text = f'{kind} does not reach the milestone {late[0]}'
    else:
        return
    warnings.warn(f'{place}: the training has {plural(epochs, "epoch")}, {text}.', stacklevel=3)
