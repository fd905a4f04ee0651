"""Checkpoints that are found again in a work directory."""

from pathlib import Path
from typing import Any, Optional

from mmengine.dist import is_main_process
from mmengine.hooks import CheckpointHook

from cslrkit.engine.checkpoint_io import BEST_RECORD, LAST_RECORD
from cslrkit.registry import HOOKS
from cslrkit.utils.files import write_atomically

# In the message hub, and so in each checkpoint:
VALIDATED = 'validated_step'  # after which the last validation was
OUTDATED = 'outdated_checkpoints'  # files to remove when others are recorded


@HOOKS.register_module()
class SignCheckpointHook(CheckpointHook):
    """Keep the best checkpoint by WER and the last ones.

    The files ``best_checkpoint`` and ``last_checkpoint`` of the work directory name them. A new checkpoint is written,
    then recorded, then those are removed that it replaces, so that a training that is killed at any time leaves a whole
    one of each. The best score travels in every checkpoint. Paths are kept by name, so that a moved work directory
    still resumes.

    Args:
        interval: Epochs between checkpoints.
        max_keep_ckpts: How many of the last checkpoints stay.
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
        """Point a resumed run's checkpoints into this work directory, then set up."""
        for name in ('best_ckpt', 'last_ckpt'):
            path = runner.message_hub.runtime_info.get(name)
            if path is not None:
                runner.message_hub.update_info(name, str(Path(runner.work_dir) / Path(path).name))
        self.last_ckpt = runner.message_hub.runtime_info.get('last_ckpt')
        super().before_train(runner)
        self.file_backend = _RemovesLater(self.file_backend, runner)
        remove_outdated(runner)

    def after_val_epoch(self, runner, metrics: dict) -> None:
        """Keep the checkpoint if it is the best."""
        runner.message_hub.update_info(VALIDATED, runner.iter)
        super().after_val_epoch(runner, metrics)

    def _save_best_checkpoint(self, runner, metrics: dict) -> None:
        super()._save_best_checkpoint(runner, metrics)
        self._record_best(runner)
        remove_outdated(runner)

    def _record_best(self, runner) -> None:
        best = runner.message_hub.runtime_info.get('best_ckpt')
        if best is not None and is_main_process():
            write_atomically(Path(runner.work_dir) / BEST_RECORD, Path(best).name)

    def _save_checkpoint_with_step(self, runner, step: int, meta: dict) -> None:
        # mmengine's removes the oldest before it writes the newest, and overwrites the record in place.
        self._record_best(runner)  # it was written, and this checkpoint will name it
        if self.max_keep_ckpts > 0 and step not in self.keep_ckpt_ids:
            if len(self.keep_ckpt_ids) == self.max_keep_ckpts:
                self.file_backend.remove(self.filename_tmpl.format(self.keep_ckpt_ids.popleft()))
            self.keep_ckpt_ids.append(step)
            runner.message_hub.update_info('keep_ckpt_ids', list(self.keep_ckpt_ids))
        name = self.filename_tmpl.format(step)
        self.last_ckpt = self.file_backend.join_path(self.out_dir, name)
        runner.message_hub.update_info('last_ckpt', self.last_ckpt)
        runner.save_checkpoint(
            self.out_dir,
            name,
            self.file_client_args,
            save_optimizer=self.save_optimizer,
            save_param_scheduler=self.save_param_scheduler,
            meta=meta,
            by_epoch=self.by_epoch,
            backend_args=self.backend_args,
            **self.args,
        )
        if is_main_process():
            write_atomically(Path(runner.work_dir) / LAST_RECORD, name)
        remove_outdated(runner)


def remove_outdated(runner) -> None:
    """Remove the checkpoints that others have replaced, unless a record still names them."""
    folder, outdated = Path(runner.work_dir), runner.message_hub.runtime_info.get(OUTDATED, ())
    records = [folder / record for record in (LAST_RECORD, BEST_RECORD)]
    recorded = [Path(record.read_text(encoding='utf-8').strip()).name for record in records if record.is_file()]
    if is_main_process():
        for name in set(outdated) - set(recorded):
            (folder / name).unlink(missing_ok=True)
    runner.message_hub.update_info(OUTDATED, [name for name in outdated if name in recorded])


class _RemovesLater:
    """A file backend that leaves what it is to remove to :func:`remove_outdated`."""

    def __init__(self, backend: Any, runner: Any) -> None:
        self._backend, self._hub = backend, runner.message_hub

    def remove(self, path: str) -> None:
        self._hub.update_info(OUTDATED, [*self._hub.runtime_info.get(OUTDATED, ()), Path(path).name])

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)
