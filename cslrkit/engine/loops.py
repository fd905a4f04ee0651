"""Validation and test loops that decode many clips at a time, and the check that evaluators fit the model."""

from typing import Any, Callable, Dict, List, Optional, Sequence, Union

import torch
from mmengine.evaluator import Evaluator
from mmengine.model import is_model_wrapper
from mmengine.runner import TestLoop, ValLoop
from mmengine.runner.amp import autocast
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader

from cslrkit.engine.complete import as_list
from cslrkit.errors import ConfigError
from cslrkit.evaluation.metrics.wer_metric import ROLES, WERMetric, scored_outputs
from cslrkit.models.recognizers import CSLRRecognizer, EncodedBatch
from cslrkit.registry import LOOPS, METRICS
from cslrkit.utils.config_path import config_path


class _Chunked:
    """Lets batches of log-probabilities gather and decodes them together; comes before an mmengine loop."""

    _stage = ''

    def __init__(
        self,
        runner: Any,
        dataloader: Union[DataLoader, Dict],
        *,
        evaluator: Union[Evaluator, Dict, List],
        fp16: bool = False,
        decode_chunk: int = 64,
    ) -> None:
        if decode_chunk < 1:
            raise ConfigError(
                f'{type(self).__name__}: got {decode_chunk}, expected 1, 2, ... clips.', path='decode_chunk'
            )
        super().__init__(runner, dataloader, evaluator, fp16)
        self.decode_chunk = decode_chunk
        self._waiting: List[EncodedBatch] = []
        # What changes a batch before it is decoded, such as late fusion.
        self.fusion: Optional[Callable[[EncodedBatch], EncodedBatch]] = None

    @torch.no_grad()
    def run_iter(self, idx: int, data_batch: Sequence[dict]) -> None:
        """Run the network on a batch, and decode the chunk if it is full or this is the last batch."""
        model = self.runner.model.module if is_model_wrapper(self.runner.model) else self.runner.model
        # FSDP and ZeRO gather their weights when the wrapped model is called.
        is_whole = self.runner.model is model or isinstance(self.runner.model, DistributedDataParallel)
        as_usual = is_whole and self._predicts_as_usual(model)
        if self.fusion is not None and not as_usual:
            raise ConfigError(f"fuse: got a {type(model).__name__} that predicts in its own way, expected cslrkit's.")
        if not as_usual or (self.decode_chunk == 1 and self.fusion is None):
            super().run_iter(idx, data_batch)
            return
        if idx == 0:
            self._waiting.clear()  # of a run that was broken off
        self.runner.call_hook(f'before_{self._stage}_iter', batch_idx=idx, data_batch=data_batch)
        with autocast(enabled=self.fp16):
            batch = model.encode(**model.data_preprocessor(data_batch, False))
        self._waiting.append(batch if self.fusion is None else self.fusion(batch))
        num_clips = sum(len(waiting.data_samples) for waiting in self._waiting)
        if num_clips >= self.decode_chunk or idx + 1 == len(self.dataloader):
            samples = model.add_hyps(self._waiting)
            self._waiting.clear()
            self.evaluator.process(data_samples=samples, data_batch=dict(data_samples=samples))
        self.runner.call_hook(
            f'after_{self._stage}_iter', batch_idx=idx, data_batch=data_batch, outputs=batch.data_samples
        )

    def _predicts_as_usual(self, model: nn.Module) -> bool:
        """Whether all that lies between a loop and ``encode`` is the recognizer's own, and nobody listens to it."""
        if not isinstance(model, CSLRRecognizer) or model._forward_hooks or model._forward_pre_hooks:
            return False
        passed = (f'{self._stage}_step', '_run_forward', 'forward', 'predict')
        return all(getattr(getattr(model, name), '__func__', None) is getattr(CSLRRecognizer, name) for name in passed)


@LOOPS.register_module()
class ChunkedValLoop(_Chunked, ValLoop):
    """mmengine's ``ValLoop``, which decodes many clips at a time.

    The hypotheses are those of the plain loop, whatever the size of a chunk. What differs is when
    they are there: hooks are called after each batch as ever, but its samples have no ``hyps`` before
    its chunk is full, and metrics are then given the samples alone, without the clips. For a hook or
    a metric that needs either, set ``decode_chunk=1``, or take mmengine's loop. A recognizer with a
    ``val_step``, ``test_step``, ``forward`` or ``predict`` of its own is called as by mmengine's loop.

    Args:
        runner: Drives the loop.
        dataloader: Loader, or its config.
        evaluator: Metrics, or their configs.
        fp16: As for mmengine's loop: run the network in half precision.
        decode_chunk: Clips to gather before they are decoded; 1 decodes each batch by itself. Until
            then their log-probabilities stay on the device: for 64 clips of 50 steps and 1296 classes
            17 MB for each output that is decoded.

    Raises:
        ConfigError: If ``decode_chunk`` is not positive.
    """

    _stage = 'val'


@LOOPS.register_module()
class ChunkedTestLoop(_Chunked, TestLoop):
    """mmengine's ``TestLoop``, which decodes many clips at a time; see :class:`ChunkedValLoop`."""

    _stage = 'test'


def check_evaluators(model: nn.Module, **evaluators: Any) -> None:
    """Check that evaluators score outputs that the model decodes, before anything is run.

    Args:
        model: A recognizer; what other models give is not known.
        **evaluators: By their place in the config: a metric, its config, an ``Evaluator``, or a list.

    Raises:
        ConfigError: If one asks for an output that is not decoded.
    """
    if not isinstance(model, CSLRRecognizer):
        return
    for place, given in evaluators.items():
        given = given.metrics if isinstance(given, Evaluator) else given
        for index, metric in enumerate(as_list(given)):
            is_config = isinstance(metric, dict)
            kind = metric['type'] if is_config else type(metric)
            if issubclass(METRICS.lookup(kind) if isinstance(kind, str) else kind, WERMetric):
                asked = metric if is_config else vars(metric)
                with config_path(f'{place}[{index}]' if isinstance(given, (list, tuple)) else place):
                    scored_outputs(model.decode_outputs, **{name: asked[name] for name in ROLES if name in asked})
