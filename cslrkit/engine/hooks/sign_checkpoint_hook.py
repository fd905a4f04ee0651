"""Checkpoints that survive a crash while saving and a moved work directory."""

from pathlib import Path
from typing import Optional

from mmengine.dist import is_main_process
from mmengine.hooks import CheckpointHook

from cslrkit.registry import HOOKS
from cslrkit.utils.files import write_atomically

LAST_RECORD = 'last_checkpoint'  # mmengine's name
BEST_RECORD = 'best_checkpoint'


@HOOKS.register_module()
class SignCheckpointHook(CheckpointHook):
    """Keep the best checkpoint by WER and the last ones.

    The files ``best_checkpoint`` and ``last_checkpoint`` of the work directory name them. The runner
    replaces a checkpoint file in one step, and the best score travels in every
    checkpoint. Paths are kept by name, so that a moved work directory still resumes.

    Args:
        interval: Epochs between checkpoints.
        max_keep_ckpts: How many of the last checkpoints stay. mmengine removes the oldest before it
            writes the next, so with 1 a crash while writing leaves none.
        save_best: Metric that decides.
        rule: ``'less'`` or ``'greater'`` is better.
    """

    def __init__(
        self,
        interval: int = 1,
        max_keep_ckpts: int = 2,
        save_best: Optional[str] = 'wer',
        rule: str = 'less',
        **kwargs,
    ) -> None:
        super().__init__(interval=interval, max_keep_ckpts=max_keep_ckpts, save_best=save_best, rule=rule, **kwargs)

    def before_train(self, runner) -> None:
        """Point a resumed run's best checkpoint into this work directory, then set up."""
        best = runner.message_hub.runtime_info.get('best_ckpt')
        if best is not None:
            runner.message_hub.update_info('best_ckpt', str(Path(runner.work_dir) / Path(best).name))
        super().before_train(runner)

    def _save_best_checkpoint(self, runner, metrics: dict) -> None:
        super()._save_best_checkpoint(runner, metrics)
        best = runner.message_hub.runtime_info.get('best_ckpt')
        if best is not None and is_main_process():
            write_atomically(Path(runner.work_dir) / BEST_RECORD, Path(best).name)

    def _save_checkpoint_with_step(self, runner, step: int, meta: dict) -> None:
        super()._save_checkpoint_with_step(runner, step, meta)
        if is_main_process():
            write_atomically(Path(runner.work_dir) / LAST_RECORD, Path(self.last_ckpt).name)
