"""Counts the batches that were left out because of a non-finite loss."""

from typing import Optional

from mmengine.hooks import Hook

from cslrkit.engine.train_loop import BATCHES_DONE
from cslrkit.errors import TrainingError
from cslrkit.registry import HOOKS

_COUNT = 'non_finite_batches'


@HOOKS.register_module()
class NonFiniteLossHook(Hook):
    """Warn of each batch that was left out, and end the run when an epoch has too many.

    Source: ``seq_scripts.py`` of kaistmm/SlowFastSign 37d1b6c ends the job in silence at the 30th of
    an epoch.

    Args:
        limit: Left-out batches in one epoch at which the run ends.

    Raises:
        TrainingError: At the limit, naming the samples of the last such batch, or after an epoch without another batch.
    """

    priority = 'ABOVE_NORMAL'  # before a checkpoint is saved

    def __init__(self, limit: int = 30) -> None:
        self.limit = limit
        self.count = 0

    def before_train_epoch(self, runner) -> None:
        """Start counting anew, or go on counting within an epoch."""
        info = runner.message_hub.runtime_info
        self.count = info.get(_COUNT, 0) if info.get(BATCHES_DONE) else 0
        runner.message_hub.update_info(_COUNT, self.count)

    def after_train_iter(
        self, runner, batch_idx: int, data_batch: Optional[dict] = None, outputs: Optional[dict] = None
    ) -> None:
        """Count and report a left-out batch."""
        if not getattr(runner.optim_wrapper, 'skipped', False):
            return
        self.count += 1
        runner.message_hub.update_info(_COUNT, self.count)
        ids = ', '.join(sample.sample_id for sample in data_batch['data_samples'])
        place = f'epoch {runner.epoch + 1}, batch {batch_idx + 1}'
        runner.logger.warning(
            f'{place}: the loss is not finite, so this batch was left out ({self.count} in this epoch). Samples: {ids}.'
        )
        if self.count >= self.limit:
            raise TrainingError(
                f'{place}: {self.count} batches of this epoch had a non-finite loss (limit {self.limit}). '
                f'Last samples: {ids}. Look at these samples, lower the learning rate, clip gradients '
                '(optim_wrapper.clip_grad) or train without float16; default_hooks.non_finite_loss.limit is the limit.'
            )

    def after_train_epoch(self, runner) -> None:
        """End a run that has learned nothing, instead of calling it trained."""
        batches = len(runner.train_dataloader)
        if batches and self.count >= batches:
            raise TrainingError(
                f'epoch {runner.epoch + 1}: no batch of this epoch had a finite loss, so nothing was learned. Are the '
                'clips too short for their glosses (model.on_short_clip), or is the learning rate too high?'
            )
