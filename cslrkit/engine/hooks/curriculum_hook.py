"""Tells of a curriculum, and turns the knobs of the losses."""

from typing import Any, Dict, List

from mmengine.hooks import Hook

from cslrkit.datasets.curriculum import Curriculum
from cslrkit.datasets.samplers.curriculum_sampler import CurriculumSampler
from cslrkit.datasets.seeded_dataset import SeededSampler, inner_datasets, loader_sampler
from cslrkit.errors import ConfigError


class CurriculumHook(Hook):
    """Sets the weights of losses by epoch, and says what an epoch of a curriculum is.

    Datasets and samplers follow the epoch by themselves, see ``SeededDataset`` and ``SeededSampler``. Values go to
    the visualizer's scalars as ``curriculum/TARGET``, and to the log where they change.

    Args:
        curriculum: What changes from epoch to epoch.
    """

    priority = 'LOW'  # after the hook of mmengine that gives the sampler its epoch

    def __init__(self, curriculum: Curriculum) -> None:
        self.curriculum = curriculum
        self._last: Dict[str, Any] = {}

    def before_train(self, runner) -> None:
        """Tell the datasets which clips the network can align.

        Raises:
            ConfigError: If sentences are left out to the end.
        """
        for dataset in inner_datasets(runner.train_dataloader.dataset) if self.curriculum.of('dataset') else ():
            dataset.temporal_spec = runner.bare_model.neck.temporal_spec
        self._last = {}
        if not self.curriculum.of('sampler'):
            return
        sampler = loader_sampler(runner.train_dataloader)
        left_out = [len(_left_out(sampler, epoch)) for epoch in range(runner.max_epochs)]
        if left_out[-1]:
            raise ConfigError(
                f'the last epoch leaves out {left_out[-1]} of {len(runner.train_dataloader.dataset)} sentences, '
                'expected all to be seen: let max_frames end with None, max_quantile with 1.0.',
                path='curriculum',
            )
        if any(left_out):
            runner.say(
                'curriculum: epochs without the longest clips have fewer steps. Learning rates follow steps where a '
                'schedule has convert_to_iter_based=True, epochs where it has not; keep_length=True of the sampler '
                'keeps the steps.'
            )

    def before_train_epoch(self, runner) -> None:
        """Set the losses, and say what is new in this epoch."""
        values = self.curriculum.values(runner.epoch)
        for knob in self.curriculum.of('loss'):
            loss = next(loss for loss in runner.bare_model.losses if loss.name == knob.name)
            loss.weight = float(values[knob.target])
        for target, value in values.items():
            if isinstance(value, (int, float)):
                runner.visualizer.add_scalar(f'curriculum/{target}', value, step=runner.epoch)
        changed = [f'{target} {value}' for target, value in values.items() if self._last.get(target, self) != value]
        self._last = values
        if changed:
            notes = [', '.join(changed), *self._notes(runner)]
            runner.say(f'epoch {runner.epoch + 1}  curriculum: {"; ".join(notes)}')

    def _notes(self, runner) -> List[str]:
        """Say what the limits of this epoch leave out, and which sentences keep a smaller frame interval."""
        dataset = runner.train_dataloader.dataset
        notes = []
        left_out = _left_out(loader_sampler(runner.train_dataloader), runner.epoch)
        if left_out:
            glosses = sum(len(dataset.get_data_info(index)['glosses']) for index in left_out)
            notes.append(
                f'{len(left_out)} of {len(dataset)} sentences with {glosses} glosses are too long and left out'
            )
        if self.curriculum.of('dataset'):
            dataset.start_epoch(runner.epoch)
            fewer = sum(
                inner.interval_of(inner.get_data_info(index)) < inner.frame_interval
                for inner in inner_datasets(dataset)
                for index in range(len(inner))
            )
            if fewer:
                notes.append(f'{fewer} sentences keep a smaller frame interval, for their glosses need the steps')
        return notes


def _left_out(sampler: SeededSampler, epoch: int) -> List[int]:
    """Indices of the clips that are too long in an epoch."""
    inner = sampler.at(epoch)
    return inner.left_out.tolist() if isinstance(inner, CurriculumSampler) else []
