"""Ends a training that was asked to stop, so that it goes on as if it never had."""

import os
import signal
from pathlib import Path
from typing import Dict, List, Optional

import torch
from mmengine import dist
from mmengine.hooks import Hook
from mmengine.optim import BaseOptimWrapper, OptimWrapper, OptimWrapperDict
from mmengine.runner import IterBasedTrainLoop
from torch.nn.parallel import DistributedDataParallel

from cslrkit.engine.hooks.sign_checkpoint_hook import LAST_RECORD, OUTDATED, VALIDATED, remove_outdated
from cslrkit.engine.train_loop import BATCHES_DONE
from cslrkit.errors import InterruptedTrainingError
from cslrkit.utils.files import write_atomically

_BUFFERS = 'buffers_of_ranks'


class InterruptionHook(Hook):
    """Saves and ends a training at the step after a signal; makes up on resume for a validation that was broken off.

    The runner notices signals in :attr:`received`. With several processes one signal is enough, and all save after the
    same step. A step is an update: with accumulation it may take some batches.
    """

    priority = 'LOWEST'  # a step is over when all other hooks had it

    def __init__(self) -> None:
        self.received: List[int] = []
        self._buffers: Optional[List[Dict[str, torch.Tensor]]] = None
        self._shared_batches = 0  # of a validation, which all processes have

    def before_train(self, runner) -> None:
        """Validate if the checkpoint that training goes on from was to be validated and was not."""
        loop, info = runner.train_loop, runner.message_hub.runtime_info
        if runner.val_loop is None or not loop.iter or info.get(VALIDATED) == loop.iter:
            return
        by_step = isinstance(loop, IterBasedTrainLoop)
        if info.get(BATCHES_DONE) and not by_step:
            return  # within an epoch
        done, end = (loop.iter, loop.max_iters) if by_step else (loop.epoch, loop.max_epochs)
        loop._decide_current_val_interval()
        if done >= loop.val_begin and (done % loop.val_interval == 0 or done == end):
            runner.say('resume: the validation that was broken off is made up first')
            runner.val_loop.run()

    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs: Optional[dict] = None) -> None:
        """Save and end if a signal was received and no gradient waits for further batches."""
        number = self._agreed()
        if number and not _gradients_wait(runner.optim_wrapper):
            self._leave(runner, number, runner.iter + 1, batches_done=batch_idx + 1)

    def before_val(self, runner) -> None:
        """Count the batches that all processes have: with a sampler that repeats no sample, some have one more."""
        self._shared_batches = _over_processes(len(runner.val_dataloader), 'min')

    def after_val_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        """Save and end if a signal was received; the validation is made up when training goes on."""
        number = self._agreed() if batch_idx < self._shared_batches else 0
        if number:
            self._leave(runner, number, runner.iter, batches_done=0)

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Give each process the buffers that it had."""
        of_ranks = checkpoint.get(_BUFFERS)
        if runner._resume and of_ranks is not None and len(of_ranks) == runner.world_size:
            state = checkpoint['state_dict']
            state.update({name: value for name, value in of_ranks[runner.rank].items() if name in state})

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Keep the buffers of all processes, which are averaged at the end of an epoch only."""
        if self._buffers is not None:
            checkpoint[_BUFFERS] = self._buffers

    def _agreed(self) -> int:
        """The signal that any process has received, or 0."""
        return _over_processes(self.received[-1] if self.received else 0, 'max')

    def _leave(self, runner, number: int, iteration: int, batches_done: int) -> None:
        name = f'step_{iteration}.pth'
        hub, folder = runner.message_hub, Path(runner.work_dir)
        hub.update_info(BATCHES_DONE, batches_done)
        hub.update_info(OUTDATED, [*hub.runtime_info.get(OUTDATED, ()), name])  # once there is a later one
        if isinstance(runner.model, DistributedDataParallel):
            buffers = {key: value.cpu() for key, value in runner.bare_model.named_buffers()}
            self._buffers = dist.all_gather_object(buffers)
        meta = dict(epoch=runner.epoch, iter=iteration)
        runner.save_checkpoint(runner.work_dir, name, meta=meta, by_epoch=False)
        if dist.is_main_process():
            write_atomically(folder / LAST_RECORD, name)
            remove_outdated(runner)
        dist.barrier()
        raise InterruptedTrainingError(
            f'stopped by {signal.Signals(number).name} after step {iteration}, which is saved in '
            f"'{os.path.join(runner.work_dir, name)}'. The same command with --resume goes on."
        )


def _gradients_wait(wrapper: BaseOptimWrapper) -> bool:
    """Whether an accumulation is not complete; strategies have wrappers of their own, which say nothing of it."""
    wrappers = wrapper.values() if isinstance(wrapper, OptimWrapperDict) else [wrapper]
    return any(isinstance(each, OptimWrapper) and not each.should_update() for each in wrappers)


def _over_processes(number: int, op: str) -> int:
    """The least (``'min'``) or greatest (``'max'``) of the numbers that the processes have."""
    value = torch.tensor(number)
    if dist.get_world_size() > 1:
        value = value.to(dist.get_comm_device())
        dist.all_reduce(value, op=op)
    return int(value)
