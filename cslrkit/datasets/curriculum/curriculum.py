"""The knobs of a training, and the parts that they turn."""

from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Sequence

from cslrkit.datasets.curriculum.schedules import Schedule
from cslrkit.errors import ConfigError
from cslrkit.registry import DATA_SAMPLERS, SCHEDULES, TRANSFORMS, accepted_arguments
from cslrkit.utils.checks import one_of
from cslrkit.utils.config_path import config_path
from cslrkit.utils.dataset_configs import datasets_in
from cslrkit.utils.messages import nearest

PARTS = ('dataset', 'sampler', 'pipeline', 'loss')


class Knob(NamedTuple):
    """A place in the training and its values.

    Args:
        target: As the config names it.
        part: What it belongs to, one of :data:`PARTS`.
        name: Class of the transform, or name of the loss; empty for dataset and sampler.
        argument: Of the dataset, sampler, transform or loss.
        schedule: Its values.
    """

    target: str
    part: str
    name: str
    argument: str
    schedule: Schedule


class Curriculum:
    """What changes from epoch to epoch, each value a pure function of the epoch.

    Args:
        knobs: Dicts of ``target`` and ``schedule``. A target is ``'dataset.frame_interval'``, ``'sampler.'`` with an
            argument of the training's sampler, ``'pipeline.TRANSFORM.'`` with an argument of a transform of the
            training's pipeline (all of that class follow), or ``'loss.NAME.weight'`` with the name that the log gives a
            loss. A schedule is a dict with a ``type`` in SCHEDULES.

    Raises:
        ConfigError: For a target of another form, one that two knobs have, or a wrong schedule.
    """

    def __init__(self, knobs: Sequence[Mapping[str, Any]]) -> None:
        self.knobs: List[Knob] = []
        if not isinstance(knobs, (list, tuple)):
            raise ConfigError(f"got {knobs!r}, expected a list of dicts of 'target' and 'schedule'.", path='knobs')
        for index, knob in enumerate(knobs):
            with config_path(f'knobs[{index}]'):
                self.knobs.append(_parse(knob))
                if [each.target for each in self.knobs].count(self.knobs[-1].target) > 1:
                    raise ConfigError(f"got '{knob['target']}' twice, expected one knob for it.", path='target')

    def values(self, epoch: int) -> Dict[str, Any]:
        """Return the value of each target in an epoch; the first is 0."""
        return {knob.target: knob.schedule.at(epoch) for knob in self.knobs}

    def of(self, part: str) -> List[Knob]:
        """The knobs of a part."""
        return [knob for knob in self.knobs if knob.part == part]

    def arguments(self, part: str, epoch: int) -> Dict[str, Any]:
        """Return the arguments of dataset or sampler that an epoch changes."""
        return {knob.argument: knob.schedule.at(epoch) for knob in self.of(part)}

    def transforms(self, epoch: int) -> Dict[str, Dict[str, Any]]:
        """Return the arguments that an epoch changes, by the class of a transform."""
        changed: Dict[str, Dict[str, Any]] = {}
        for knob in self.of('pipeline'):
            changed.setdefault(knob.name, {})[knob.argument] = knob.schedule.at(epoch)
        return changed

    def check(self, config: Mapping[str, Any]) -> None:
        """Check that a config has each target, and that a transform takes each value of it.

        Args:
            config: A config for training.

        Raises:
            ConfigError: With the place in the curriculum, and the nearest names; for a config without training data.
        """
        if not (config.get('train_dataloader') or {}).get('sampler'):
            raise ConfigError('it is for a training, but the config has no train_dataloader with a sampler.')
        epochs = range((config.get('train_cfg') or {}).get('max_epochs') or 1)
        for index, knob in enumerate(self.knobs):
            with config_path(f'knobs[{index}]'), config_path('target'):
                _CHECKS[knob.part](knob, config, epochs)


def _parse(knob: Mapping[str, Any]) -> Knob:
    if not isinstance(knob, Mapping) or set(knob) != {'target', 'schedule'}:
        raise ConfigError(f"got {knob!r}, expected a dict of 'target' and 'schedule'.")
    part, _, rest = str(knob['target']).partition('.')
    name, _, argument = rest.rpartition('.')
    if part not in PARTS or not argument or bool(name) != (part in ('pipeline', 'loss')):
        raise ConfigError(
            f"got {knob['target']!r}, expected 'dataset.frame_interval', 'sampler.ARGUMENT', "
            f"'pipeline.TRANSFORM.ARGUMENT' or 'loss.NAME.weight'.{nearest(part, PARTS)}",
            path='target',
        )
    with config_path('schedule'):
        if not isinstance(knob['schedule'], Mapping):
            raise ConfigError(f"got {knob['schedule']!r}, expected a dict with a 'type' in SCHEDULES.")
        return Knob(knob['target'], part, name, argument, SCHEDULES.build(dict(knob['schedule'])))


def _check_dataset(knob: Knob, config: Mapping[str, Any], epochs: range) -> None:
    one_of('', knob.argument, ['frame_interval'])
    for epoch in epochs:
        value = knob.schedule.at(epoch)
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ConfigError(f'{knob.target}: got {value!r} in epoch {epoch + 1}, expected 1, 2, ...')


def _check_sampler(knob: Knob, config: Mapping[str, Any], epochs: range) -> None:
    kind = config['train_dataloader']['sampler']['type']
    accepted = accepted_arguments(DATA_SAMPLERS.lookup(kind)) or {}
    names = [name for name in accepted if name not in ('dataset', 'batch_size', 'seed')]
    one_of('', knob.argument, names)


def _check_pipeline(knob: Knob, config: Mapping[str, Any], epochs: range) -> None:
    steps = list(_steps(config))
    one_of('', knob.name, sorted({step['type'] for step in steps}))
    accepted = accepted_arguments(TRANSFORMS.lookup(knob.name))
    if accepted is not None:
        one_of('', knob.argument, accepted)
    values: List[Any] = []  # a list among them has no hash
    for epoch in epochs:
        if knob.schedule.at(epoch) not in values:
            values.append(knob.schedule.at(epoch))
    for value in values:
        for step in steps:
            if step['type'] == knob.name:
                TRANSFORMS.build({**step, knob.argument: value})


def _check_loss(knob: Knob, config: Mapping[str, Any], epochs: range) -> None:
    losses = (config.get('model') or {}).get('losses') or ()
    names = [loss.get('name') or f'{loss["type"]}({loss.get("source")})' for loss in losses]
    one_of('', knob.name, names)
    one_of('', knob.argument, ['weight'])
    for epoch in epochs:
        value = knob.schedule.at(epoch)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not value >= 0:
            raise ConfigError(f'{knob.target}: got {value!r} in epoch {epoch + 1}, expected a number >= 0.')


_CHECKS = dict(dataset=_check_dataset, sampler=_check_sampler, pipeline=_check_pipeline, loss=_check_loss)


def _steps(config: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for dataset in datasets_in(config['train_dataloader']['dataset']):
        yield from (step for step in dataset.get('pipeline') or () if isinstance(step, dict))
