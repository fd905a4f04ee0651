"""Counts the batches that were left out because of a non-finite loss."""

from typing import Optional

from mmengine.hooks import Hook

from cslrkit.errors import TrainingError
from cslrkit.registry import HOOKS


@HOOKS.register_module()
class NonFiniteLossHook(Hook):
    """Warn of each batch that was left out, and end the run when an epoch has too many.

    Source: ``seq_scripts.py`` of kaistmm/SlowFastSign 37d1b6c ends the job in silence at the 30th of
    an epoch.

    Args:
        limit: Left-out batches in one epoch at which the run ends.

    Raises:
        TrainingError: At the limit, naming the samples of the last such batch.
    """

    priority = 'ABOVE_NORMAL'

    def __init__(self, limit: int = 30) -> None:
        self.limit = limit
        self.count = 0

    def before_train_epoch(self, runner) -> None:
        """Start counting anew."""
        self.count = 0

    def after_train_iter(
        self, runner, batch_idx: int, data_batch: Optional[dict] = None, outputs: Optional[dict] = None
    ) -> None:
        """Count and report a left-out batch."""
        if not getattr(runner.optim_wrapper, 'skipped', False):
            return
        self.count += 1
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
