"""Activation checkpointing that leaves batch-norm statistics as they would be without it."""

import contextlib
from functools import partial
from typing import Iterator, Tuple

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint


def apply(module: nn.Module, x: torch.Tensor, *, with_cp: bool) -> torch.Tensor:
    """Apply ``module``, with ``with_cp`` so that training keeps only its input and the backward pass computes it again.

    Gradients are those of the plain call. Non-reentrant, so that it works where ``x`` needs no
    gradient itself.

    Args:
        module: What to apply.
        x: Its one input.
        with_cp: Whether a module in training mode is checkpointed.
    """
    if not (with_cp and module.training):
        return module(x)
    return checkpoint(module, x, use_reentrant=False, context_fn=partial(_contexts, module))


def _contexts(module: nn.Module) -> Tuple[contextlib.AbstractContextManager, contextlib.AbstractContextManager]:
    return contextlib.nullcontext(), _frozen_statistics(module)


@contextlib.contextmanager
def _frozen_statistics(module: nn.Module) -> Iterator[None]:
    """Let batch norms use the batch's statistics without counting it a second time.

    Momentum 0 keeps the running statistics to the bit. (``track_running_stats=False`` would save other
    tensors than the first pass did, which checkpointing refuses.)
    """
    norms = [m for m in module.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm) and m.track_running_stats]
    before = [(norm.momentum, norm.num_batches_tracked.clone()) for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    try:
        yield
    finally:
        for norm, (momentum, count) in zip(norms, before):
            norm.momentum = momentum
            norm.num_batches_tracked.copy_(count)
