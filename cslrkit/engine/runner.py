"""mmengine's Runner with safe checkpoints, data parallelism on any device and a readable console."""

import copy
from typing import Any, Dict, List, Optional

from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.optim.scheduler import ReduceOnPlateauParamScheduler
from mmengine.runner import Runner
from torch import nn

from cslrkit.engine.console import quiet_console
from cslrkit.engine.distributed import synchronize_batch_norms, wrap_data_parallel
from cslrkit.engine.learning_rate import scale_lr
from cslrkit.engine.new_schedule import follow_schedule, group_settings
from cslrkit.engine.run_mixin import RunMixin
from cslrkit.engine.train_loop import BATCHES_DONE
from cslrkit.registry import RUNNERS
from cslrkit.utils.messages import listed


@RUNNERS.register_module()
class CSLRRunner(RunMixin, Runner):
    """Drives training and testing from a config.

    What differs from mmengine's Runner: checkpoints hold plain values only, are read with
    ``weights_only``, carry the vocabulary, are replaced in one step and are checked against the
    model when they are loaded; data parallelism works on CPU; the learning rate can follow the whole batch,
    accumulation included; the console shows the run's own lines, while the log file keeps everything.
    Arguments are mmengine's.
    """

    def build_logger(self, *args, **kwargs):
        """Build mmengine's logger with a quiet console."""
        logger = super().build_logger(*args, **kwargs)
        quiet_console(logger)
        return logger

    def wrap_model(self, model_wrapper_cfg: Optional[Dict], model: nn.Module) -> nn.Module:
        """Move to the device; with several processes synchronize batch norms and wrap for data parallelism."""
        if not self.distributed or (model_wrapper_cfg or {}).get('type') not in (None, 'MMDistributedDataParallel'):
            return super().wrap_model(model_wrapper_cfg, model)
        model, message = synchronize_batch_norms(model, self.cfg.get('sync_bn'), world_size=self.world_size)
        if message and self._train_loop is not None:
            self.say(message)
        options = dict(model_wrapper_cfg or {})
        options.setdefault('find_unused_parameters', self.cfg.get('find_unused_parameters', False))
        return wrap_data_parallel(model, **options)

    def scale_lr(self, optim_wrapper: OptimWrapper, auto_scale_lr: Optional[Dict[str, Any]] = None) -> None:
        """Let learning rates follow the batch size where ``auto_scale_lr`` is enabled, and say so."""
        message = scale_lr(
            optim_wrapper,
            auto_scale_lr,
            batch_size=self.cfg.get('train_dataloader', {}).get('batch_size'),
            world_size=self.world_size,
            accumulation=getattr(optim_wrapper, '_accumulative_counts', 1),
        )
        if message:
            self.say(message)

    @property
    def follows_schedule(self) -> bool:
        """Not where a schedule depends on metrics, or there are several optimizers."""
        if not isinstance(self.optim_wrapper, OptimWrapper) or isinstance(self.optim_wrapper, OptimWrapperDict):
            return False
        return not any(isinstance(scheduler, ReduceOnPlateauParamScheduler) for scheduler in self._schedulers())

    def _schedulers(self) -> List[Any]:
        """Those of the only optimizer."""
        return self.param_schedulers if isinstance(self.param_schedulers, list) else []

    def resume(self, filename: str, *args: Any, **kwargs: Any) -> None:
        """Restore a training; see mmengine's Runner. Another schedule or learning rate of the config is followed."""
        self._resume = True  # what is read is checked for it
        schedulers = self._schedulers()
        own = copy.deepcopy([scheduler.state_dict() for scheduler in schedulers])
        settings = group_settings(self.optim_wrapper) if self.follows_schedule else []
        super().resume(filename, *args, **kwargs)
        if not (self._changed and self.follows_schedule):
            return
        for scheduler, state in zip(schedulers, own):
            scheduler.load_state_dict(state)
        done = dict(epochs=self.epoch, steps=self.iter, batches=self.message_hub.runtime_info.get(BATCHES_DONE, 0))
        follow_schedule(self.optim_wrapper, settings, schedulers, **done)
        rate = self.optim_wrapper.optimizer.param_groups[0]['lr']
        self.say(
            f"resume: {listed(self._changed)} of the config differ from the checkpoint's and are followed: the "
            f'learning rate is {rate:.3g}, as if the training had begun with them'
        )

    def save_checkpoint(self, *args, **kwargs) -> None:
        """Write a checkpoint from the first process; see :meth:`RunMixin.save_checkpoint`."""
        if self.rank == 0:
            super().save_checkpoint(*args, **kwargs)
