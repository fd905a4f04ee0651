"""Validation and test loops that decode many clips at a time."""

from typing import Any, Dict, List, Sequence, Union

import torch
from mmengine.evaluator import Evaluator
from mmengine.model import is_model_wrapper
from mmengine.runner import TestLoop, ValLoop
from mmengine.runner.amp import autocast
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader

from cslrkit.errors import ConfigError
from cslrkit.models.recognizers.cslr_recognizer import CSLRRecognizer, EncodedBatch
from cslrkit.registry import LOOPS


class _Chunked:
    """Lets batches of logits gather and decodes them together; comes before an mmengine loop."""

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

    @torch.no_grad()
    def run_iter(self, idx: int, data_batch: Sequence[dict]) -> None:
        """Run the network on a batch, and decode the chunk if it is full or this is the last batch."""
        model = self.runner.model.module if is_model_wrapper(self.runner.model) else self.runner.model
        # A recognizer that predicts in a way of its own is left to it.
        is_known = isinstance(model, CSLRRecognizer) and type(model).predict is CSLRRecognizer.predict
        # FSDP and ZeRO gather their weights when the wrapped model is called.
        is_whole = self.runner.model is model or isinstance(self.runner.model, DistributedDataParallel)
        if self.decode_chunk == 1 or not is_known or not is_whole:
            super().run_iter(idx, data_batch)
            return
        if idx == 0:
            self._waiting.clear()  # of a run that was broken off
        self.runner.call_hook(f'before_{self._stage}_iter', batch_idx=idx, data_batch=data_batch)
        with autocast(enabled=self.fp16):
            batch = model.encode(**model.data_preprocessor(data_batch, False))
        self._waiting.append(batch)
        num_clips = sum(len(waiting.data_samples) for waiting in self._waiting)
        if num_clips >= self.decode_chunk or idx + 1 == len(self.dataloader):
            self._decode_waiting(model)
        self.runner.call_hook(
            f'after_{self._stage}_iter', batch_idx=idx, data_batch=data_batch, outputs=batch.data_samples
        )

    def _decode_waiting(self, model: CSLRRecognizer) -> None:
        samples = model.decode(self._waiting)
        self._waiting.clear()
        self.evaluator.process(data_samples=samples, data_batch=dict(data_samples=samples))


@LOOPS.register_module()
class ChunkedValLoop(_Chunked, ValLoop):
    """mmengine's ``ValLoop``, which decodes many clips at a time.

    The hypotheses are those of the plain loop, whatever the size of a chunk. What differs is when
    they are there: hooks are called after each batch as ever, but its samples have no ``hyps`` before
    its chunk is full, and metrics are then given the samples alone, without the clips. For a hook or
    a metric that needs either, set ``decode_chunk=1``, or take mmengine's loop.

    Args:
        runner: Drives the loop.
        dataloader: Loader, or its config.
        evaluator: Metrics, or their configs.
        fp16: As for mmengine's loop: run the network in half precision.
        decode_chunk: Clips to gather before they are decoded; 1 decodes each batch by itself. Until
            then their logits stay on the device: for 64 clips of 50 steps and 1296 classes 17 MB
            for each output that is decoded.

    Raises:
        ConfigError: If ``decode_chunk`` is not positive.
    """

    _stage = 'val'


@LOOPS.register_module()
class ChunkedTestLoop(_Chunked, TestLoop):
    """mmengine's ``TestLoop``, which decodes many clips at a time; see :class:`ChunkedValLoop`.

    Args:
        runner: Drives the loop.
        dataloader: Loader, or its config.
        evaluator: Metrics, or their configs.
        fp16: As for mmengine's loop: run the network in half precision.
        decode_chunk: Clips to gather before they are decoded; 1 decodes each batch by itself. Until
            then their logits stay on the device: for 64 clips of 50 steps and 1296 classes 17 MB
            for each output that is decoded.

    Raises:
        ConfigError: If ``decode_chunk`` is not positive.
    """

    _stage = 'test'
