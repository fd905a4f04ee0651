"""What cslrkit's runners share, whichever of mmengine's they extend."""

import contextlib
import os
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional

from mmengine.device import get_device
from mmengine.dist import is_main_process
from mmengine.model import is_model_wrapper
from mmengine.runner import FlexibleRunner
from torch import nn
from torch.utils.data import DataLoader

import cslrkit
from cslrkit.datasets.curriculum import Curriculum
from cslrkit.datasets.seeded_dataset import SeededDataset, build_loader, end_workers
from cslrkit.engine.checkpoint_io import (
    check_vocab,
    drop_functions,
    find_checkpoint,
    plain_message_hub,
    rebuild_message_hub,
    replace_file,
)
from cslrkit.engine.epochs import kept_settings
from cslrkit.engine.hooks.curriculum_hook import CurriculumHook
from cslrkit.engine.hooks.interruption_hook import InterruptionHook
from cslrkit.engine.hooks.sign_checkpoint_hook import LAST_RECORD
from cslrkit.engine.interruption import disk_errors, noticing_signals, one_training, remove_parts
from cslrkit.engine.loops import check_evaluators
from cslrkit.engine.stored_config import config_json
from cslrkit.engine.train_loop import BATCHES_DONE
from cslrkit.errors import CheckpointError, OutputError
from cslrkit.models.speed import prepare_for_cpu
from cslrkit.models.weights import WeightsFile, check_num_classes, load_pretrained, log_report, read_weights
from cslrkit.utils.messages import CONSOLE, listed, plural

# What mmengine registers unless it is told None; of other names it knows no None.
_MMENGINE_HOOKS = ('runtime_info', 'timer', 'sampler_seed', 'logger', 'param_scheduler', 'checkpoint')


class RunMixin:
    """Safe checkpoints with a vocabulary, seeded loaders and a readable console; comes before a runner."""

    _start: Optional[WeightsFile] = None  # what ``load_from`` holds, until it is loaded

    def __init__(self, *args, experiment_name: Optional[str] = None, **kwargs) -> None:
        self._interruption = InterruptionHook()
        self._changed: List[str] = []  # places of the config that decide the learning rate, unlike in the checkpoint
        # mmengine keys its loggers by name and second: two runners of one process must not share.
        unique = f'{experiment_name or "cslrkit"}_{uuid.uuid4().hex[:8]}'
        super().__init__(*args, experiment_name=unique, **kwargs)
        if isinstance(self.model, nn.Module):
            self.prepare_model(self.bare_model)

    def prepare_model(self, model: nn.Module) -> None:
        """Check, before anything is run, that evaluators score outputs that it decodes; convert it to run on a CPU."""
        check_evaluators(model, val_evaluator=self._val_evaluator, test_evaluator=self._test_evaluator)
        if get_device() == 'cpu':
            prepare_for_cpu(model)

    @property
    def bare_model(self) -> nn.Module:
        """The model without a distributed wrapper."""
        return self.model.module if is_model_wrapper(self.model) else self.model

    @property
    def num_parameters(self) -> int:
        """Parameters of the model."""
        return sum(parameter.numel() for parameter in self.bare_model.parameters())

    def say(self, message: str) -> None:
        """Write a line to the console and the log file."""
        self.logger.info(message, extra=CONSOLE)

    def build_train_loop(self, loop: Any) -> Any:
        """Build the training loop over samples that are seeded one by one, see ``SeededDataset``."""
        curriculum = Curriculum(**self.cfg.curriculum) if self.cfg.get('curriculum') else None
        if curriculum is not None:
            self.register_hook(CurriculumHook(curriculum))
        self.register_hook(self._interruption)
        self._train_dataloader = self._seeded_loader(self._train_dataloader, training=True, curriculum=curriculum)
        if isinstance(self._train_dataloader.dataset, SeededDataset):
            for name, value in self._train_dataloader.dataset.seen_input().items():
                self.cfg.setdefault(name, value)  # checkpoints carry it to inference
        return super().build_train_loop(loop)

    def build_val_loop(self, loop: Any) -> Any:
        """Build the validation loop over samples that are seeded one by one."""
        self._val_dataloader = self._seeded_loader(self._val_dataloader)
        return super().build_val_loop(loop)

    def build_test_loop(self, loop: Any) -> Any:
        """Build the test loop over samples that are seeded one by one."""
        self._test_dataloader = self._seeded_loader(self._test_dataloader)
        return super().build_test_loop(loop)

    def _seeded_loader(
        self, loader: Any, *, training: bool = False, curriculum: Optional[Curriculum] = None
    ) -> DataLoader:
        diff_rank_seed = self._randomness_cfg.get('diff_rank_seed', False)
        return build_loader(loader, self.seed, training=training, diff_rank_seed=diff_rank_seed, curriculum=curriculum)

    def test(self) -> Dict[str, float]:
        """Test, and end the workers that read for it."""
        try:
            return super().test()
        finally:
            self._end_workers()

    def _end_workers(self) -> None:
        for loader in (self._train_dataloader, self._val_dataloader, self._test_dataloader):
            if isinstance(loader, DataLoader):
                end_workers(loader)

    def register_default_hooks(self, hooks: Optional[Dict] = None) -> None:
        """Register the hooks by name; None removes one, of ours as of mmengine's."""
        hooks = hooks or {}
        super().register_default_hooks(
            {name: hook for name, hook in hooks.items() if hook is not None or name in _MMENGINE_HOOKS}
        )

    def dump_config(self) -> None:
        """Leave it to :meth:`train` to write the config: the work directory may belong to another training."""

    def train(self) -> nn.Module:
        """Train, alone in the work directory; a signal saves and ends it.

        Raises:
            OutputError: If another training has the work directory, or it cannot be written.
            InterruptedTrainingError: After SIGTERM or SIGUSR1.
        """
        with contextlib.ExitStack() as stack:
            stack.enter_context(disk_errors(self.work_dir))
            if is_main_process():
                stack.enter_context(one_training(self.work_dir))
                remove_parts(self.work_dir)
                super().dump_config()
                record = Path(self.work_dir) / LAST_RECORD
                if not self._resume and record.is_file():
                    self.say(
                        f'{self.work_dir} has checkpoints of an earlier training, which this one replaces one by one; '
                        f'the last was {record.read_text(encoding="utf-8").strip()}'
                    )
                    record.unlink()
            stack.enter_context(noticing_signals(self._interruption.received))
            stack.callback(self._end_workers)
            return super().train()

    @property
    def follows_schedule(self) -> bool:
        """Whether a training that is resumed takes another schedule or learning rate from its config."""
        return False

    @property
    def resumes(self) -> bool:
        """Whether training goes on from a checkpoint that there is."""
        return self._resume and (self._load_from is not None or (Path(self.work_dir) / LAST_RECORD).is_file())

    def _init_model_weights(self) -> None:
        # The files of initial weights are not needed where a checkpoint has all weights.
        if self.resumes:
            return
        if self._load_from is not None:
            self._start = read_weights(self._load_from)
            if load_pretrained(self.bare_model, self._start).complete:
                return
        super()._init_model_weights()

    def load_or_resume(self) -> None:
        """Load weights, or resume from ``load_from`` or from the last checkpoint of the work directory."""
        if self._has_loaded:
            return
        if self._resume:
            if not self.resumes:
                self.say(f'resume: {self.work_dir} has no checkpoint yet; starting from the beginning')
                return
            source = find_checkpoint(self._load_from or self.work_dir, record=LAST_RECORD)
            self.resume(str(source))
            batches = self.message_hub.runtime_info.get(BATCHES_DONE)
            self.say(
                f'resumed from {source} after epoch {self.epoch}'
                + (f' and {plural(batches, "batch")}' if batches else '')
            )
        elif self._load_from is not None:
            self.load_checkpoint(self._load_from)
            self.say(f'loaded {self._load_from}')

    def load_checkpoint(
        self,
        filename: str,
        map_location: Any = 'cpu',
        strict: Optional[bool] = None,
    ) -> Dict[str, Any]:
        """Read a checkpoint, check its vocabulary and load its weights; a ``module.`` prefix is dropped.

        Published weights of other projects load too, see
        :func:`cslrkit.models.weights.load_pretrained`; of their vocabulary only the size is known.

        Args:
            filename: Local path.
            map_location: As for ``torch.load``.
            strict: Whether every weight must fit; by default when testing or resuming, while
                ``load_from`` before training reports what does not.

        Raises:
            CheckpointError: For an unreadable file, another vocabulary or weights that do not fit.
        """
        if strict is None:
            strict = self._resume or self._train_loop is None
        start, self._start = self._start, None
        is_read = start is not None and filename == self._load_from
        weights = start if is_read else read_weights(filename, map_location=map_location)
        if self._resume:
            self.check_resumable(filename, weights.content)
            self._changed = kept_settings(weights.content.get('meta') or {}, self.cfg)
            if self._changed and not self.follows_schedule:
                self.say(
                    'warning: the learning rate and its schedule go on as in the checkpoint, so '
                    f'{listed(self._changed)} of the config is not used. Start a new run with load_from to change it.'
                )
        if weights.format != 'cslrkit':
            return self._load_foreign(weights, strict=strict)
        checkpoint = {'meta': {}, **weights.content, 'state_dict': weights.tensors}
        check_vocab(filename, checkpoint['meta'], getattr(self.bare_model, 'vocab', None))
        self.call_hook('after_load_checkpoint', checkpoint=checkpoint)
        weights = replace(weights, tensors=checkpoint['state_dict'])  # a hook may have changed them
        report = load_pretrained(self.bare_model, weights, strict=strict)
        if not report.complete:
            log_report(report, self.logger, 'loaded in part')
        if 'message_hub' in checkpoint:
            checkpoint['message_hub'] = rebuild_message_hub(checkpoint['message_hub'])
        self._has_loaded = True
        return checkpoint

    def check_resumable(self, filename: str, content: Mapping[str, Any]) -> None:
        """Check what was read from ``filename`` before a training goes on from it.

        Raises:
            CheckpointError: If it has no state of a training, or that of another strategy.
        """
        if 'message_hub' not in content:
            raise CheckpointError(
                f"resume: '{filename}' holds weights only, without the state of a training run. "
                'Start a new run from it with load_from.'
            )
        optimizer = content.get('optimizer') or {}
        own = self.strategy.library if isinstance(self, FlexibleRunner) else None
        used = next((library for library in ('DeepSpeed', 'FSDP') if library.lower() in optimizer), None)
        if used != own:
            kind, way = (f'with {used}', 'with its --strategy') if used else (f'without {own}', 'as it was started')
            raise CheckpointError(
                f"resume: '{filename}' is of a training {kind}. Resume it {way}, or begin a new training from its "
                'weights with load_from.'
            )

    def _load_foreign(self, weights: WeightsFile, *, strict: bool) -> Dict[str, Any]:
        check_num_classes(self.bare_model, weights)
        report = load_pretrained(self.bare_model, weights, strict=strict)
        log_report(report, self.logger, 'loaded')
        self._has_loaded = True
        return dict(meta={}, state_dict=self.bare_model.state_dict())

    def save_checkpoint(
        self, out_dir: str, filename: str, *args: Any, meta: Optional[dict] = None, **kwargs: Any
    ) -> None:
        """Write a checkpoint under a temporary name, then put it in place in one step; all processes call it."""
        meta = dict(meta or {}, cslrkit_version=cslrkit.__version__)
        vocab = getattr(self.bare_model, 'vocab', None)
        if vocab is not None:
            meta['vocab'] = vocab.glosses
        target = os.path.join(out_dir, filename)
        temporary = f'{target}.{os.getpid()}.tmp'
        try:
            super().save_checkpoint(out_dir, os.path.basename(temporary), *args, meta=meta, **kwargs)
            if self.rank == 0:
                replace_file(temporary, target)
        except OSError as error:
            raise OutputError(
                f"checkpoint: '{target}' cannot be written ({error.strerror or error}). Those before it are whole: "
                'make room (default_hooks.checkpoint.max_keep_ckpts=1 keeps one), then go on with --resume.'
            ) from error
        finally:
            Path(temporary).unlink(missing_ok=True)

    def call_hook(self, fn_name: str, **kwargs) -> None:
        """Call the hooks; make a checkpoint plain before it is written."""
        super().call_hook(fn_name, **kwargs)
        if fn_name == 'before_save_checkpoint':
            checkpoint = kwargs['checkpoint']
            checkpoint['meta']['cfg'] = config_json(self.cfg)
            checkpoint['message_hub'] = plain_message_hub(checkpoint['message_hub'])
            checkpoint['param_schedulers'] = drop_functions(checkpoint.get('param_schedulers', []))
