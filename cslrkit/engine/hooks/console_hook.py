"""Tells a person how a run is going: progress with ETA, WER tables, the best checkpoint."""

import time
from pathlib import Path
from typing import Dict, Optional

import torch
from mmengine.hooks import Hook

from cslrkit.engine.console import paint, supports_colour
from cslrkit.registry import HOOKS
from cslrkit.utils.messages import plural

SHOWN_LOSSES = 3


@HOOKS.register_module()
class ConsoleHook(Hook):
    """Write the lines that the console shows; the log file has these and mmengine's own.

    Args:
        interval: Seconds between progress lines.
    """

    priority = 'LOW'

    def __init__(self, interval: float = 10.0) -> None:
        self.interval = interval
        self._losses: Dict[str, float] = {}
        self._loss_count = 0

    def before_train(self, runner) -> None:
        """Say what is trained on what."""
        model, loop = runner.bare_model, runner.train_loop
        parameters = runner.num_parameters / 1e6
        device = next(model.parameters()).device
        runner.say(
            f'training {type(model).__name__} ({parameters:.1f} M parameters) on {device} x {runner.world_size}: '
            f'{plural(len(loop.dataloader.dataset), "sample")}, {plural(loop.max_epochs, "epoch")}, output in '
            f'{runner.work_dir}'
        )
        describe = getattr(loop.dataloader.sampler, 'describe', None)
        if describe is not None:
            runner.say(describe())
        self._start = time.monotonic()
        self._first_iter = runner.iter
        self._last = self._start
        self._best = runner.message_hub.runtime_info.get('best_score')

    def before_train_epoch(self, runner) -> None:
        """Start the means of the epoch's losses anew."""
        self._losses, self._loss_count = {}, 0

    def after_train_iter(
        self, runner, batch_idx: int, data_batch: Optional[dict] = None, outputs: Optional[dict] = None
    ) -> None:
        """Add up the losses; now and then write a line with the time that is left."""
        values = {name: float(torch.as_tensor(value).detach()) for name, value in (outputs or {}).items()}
        if all(abs(value) < float('inf') for value in values.values()):  # NaN and infinity fail this
            self._loss_count += 1
            for name, value in values.items():
                self._losses[name] = self._losses.get(name, 0.0) + value
        last = batch_idx + 1 == len(runner.train_dataloader)
        if last or time.monotonic() - self._last >= self.interval:
            self._last = time.monotonic()
            runner.say(self._progress_line(runner, batch_idx))

    def _progress_line(self, runner, batch_idx: int) -> str:
        loop = runner.train_loop
        done = runner.iter + 1 - self._first_iter
        seconds = (time.monotonic() - self._start) / done
        left = seconds * (loop.max_iters - runner.iter - 1)
        means = {name: total / max(self._loss_count, 1) for name, total in self._losses.items()}
        total = means.pop('loss', float('nan'))
        # The first losses of the config; the log file and TensorBoard have all of them.
        parts = ' '.join(f'{name} {value:.2f}' for name, value in list(means.items())[:SHOWN_LOSSES])
        width = len(str(len(loop.dataloader)))
        rate = runner.optim_wrapper.get_lr()
        rate = next(iter(rate.values()))[0]
        line = (
            f'epoch {runner.epoch + 1:>{len(str(loop.max_epochs))}}/{loop.max_epochs} '
            f'[{batch_idx + 1:>{width}}/{len(loop.dataloader)}]  loss {total:.3f}  ({parts})  lr {rate:.2e}  '
            f'{seconds:.2f} s/batch  eta {clock(left)}'
        )
        if torch.cuda.is_available():
            line += f'  {torch.cuda.max_memory_allocated() / 2**30:.1f} GiB'
        return line

    def before_val(self, runner) -> None:
        """Start timing the evaluation."""
        self._eval_start = self._last = time.monotonic()

    before_test = before_val

    def _after_iter(self, runner, batch_idx: int, data_batch=None, outputs=None, mode: str = 'val') -> None:
        """Now and then write a line with the time that an evaluation still takes."""
        now = time.monotonic()
        if now - self._last >= self.interval:
            self._last = now
            dataloader = runner.val_dataloader if mode == 'val' else runner.test_dataloader
            left = (now - self._eval_start) / (batch_idx + 1) * (len(dataloader) - batch_idx - 1)
            runner.say(f'evaluating {batch_idx + 1}/{len(dataloader)}  eta {clock(left)}')

    def after_val_epoch(self, runner, metrics: Optional[Dict[str, float]] = None) -> None:
        """Write the dev WER of the epoch and whether it is the best."""
        metrics = metrics or {}
        if 'wer' not in metrics:
            return
        split = getattr(runner.val_dataloader.dataset, 'split', 'dev')
        text = f'epoch {runner.epoch}  {split} {wer_words(metrics)}'
        if self._best is None or metrics['wer'] < self._best:
            self._best = metrics['wer']
            text = paint(text + '  (best so far)', '32', enabled=supports_colour(runner.logger.handlers[0].stream))
        runner.say(text)

    def after_train(self, runner) -> None:
        """Say how long it took and where the best checkpoint is."""
        best = runner.message_hub.runtime_info.get('best_ckpt')
        where = f'; best dev WER {self._best:.2f} % in {Path(best)}' if best and self._best is not None else ''
        runner.say(f'trained for {clock(time.monotonic() - self._start)}{where}')


def clock(seconds: float) -> str:
    """Seconds as h:mm:ss."""
    minutes, second = divmod(max(round(seconds), 0), 60)
    return f'{minutes // 60}:{minutes % 60:02d}:{second:02d}'


def wer_words(metrics: Dict[str, float]) -> str:
    """A metrics dict in words: WER with its parts, all in percent."""
    text = f'WER {metrics["wer"]:.2f} % (sub {metrics["sub"]:.2f} del {metrics["del"]:.2f} ins {metrics["ins"]:.2f})'
    if 'wer_conv' in metrics:
        text += f'  conv WER {metrics["wer_conv"]:.2f} %'
    return text
