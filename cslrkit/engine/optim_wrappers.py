"""Optimizer wrappers that skip a non-finite loss on all ranks together, with and without AMP."""

import contextlib
from typing import Iterator, List, Optional

import torch
from mmengine import dist
from mmengine.optim import OptimWrapper
from torch import nn

from cslrkit.errors import ConfigError
from cslrkit.registry import OPTIM_WRAPPERS

_GRADIENTS = 'gradients'
AMP_DTYPES = ('auto', 'float16', 'bfloat16')


@OPTIM_WRAPPERS.register_module()
class GuardedOptimWrapper(OptimWrapper):
    """Full-precision wrapper; a step whose loss is not finite on any rank is left out everywhere.

    The published code skips such a batch too (kaistmm/SlowFastSign 37d1b6c, ``seq_scripts.py``), on
    its one device. The forward pass of that batch has changed the running statistics of batch norms, an overflow in
    float16 to NaN for good: they are put back. ``skipped`` says whether the last call left its batch out;
    ``NonFiniteLossHook`` counts these.

    Args:
        optimizer: Torch optimizer.
        accumulative_counts: Batches whose gradients are summed for one update.
        clip_grad: Arguments of ``torch.nn.utils.clip_grad_norm_`` (``type='value'`` clips values).
    """

    def __init__(
        self,
        optimizer: torch.optim.Optimizer,
        accumulative_counts: int = 1,
        clip_grad: Optional[dict] = None,
    ) -> None:
        super().__init__(optimizer, accumulative_counts=accumulative_counts, clip_grad=clip_grad)
        self.skipped = False
        self._buffers = BufferCopy()

    @contextlib.contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Keep the model's buffers as they are before the batch."""
        self._buffers.save(model)
        with super().optim_context(model):
            yield

    def update_params(
        self, loss: torch.Tensor, step_kwargs: Optional[dict] = None, zero_kwargs: Optional[dict] = None
    ) -> None:
        """Backpropagate ``loss`` and update when due, or leave a non-finite loss out."""
        self.skipped = not finite_on_all_ranks(loss)
        if not self.skipped:
            super().update_params(loss, step_kwargs, zero_kwargs)
            return
        self._buffers.restore()
        self._inner_count += 1
        if self.should_update() and self._has_gradients():
            # Earlier batches of this accumulation were sound: their gradients still count.
            self.step(**(step_kwargs or {}))
            self.zero_grad(**(zero_kwargs or {}))

    def state_dict(self) -> dict:
        """State of the optimizer; within an accumulation with the gradients of this process."""
        state = super().state_dict()
        if not self.should_update():
            state[_GRADIENTS] = [parameter.grad for parameter in self._parameters()]
        return state

    def load_state_dict(self, state_dict: dict) -> None:
        """Restore what ``state_dict`` returned."""
        state_dict = dict(state_dict)
        for parameter, gradient in zip(self._parameters(), state_dict.pop(_GRADIENTS, ())):
            parameter.grad = None if gradient is None else gradient.to(parameter.device)
        super().load_state_dict(state_dict)

    def _has_gradients(self) -> bool:
        return any(parameter.grad is not None for parameter in self._parameters())

    def _parameters(self) -> List[torch.Tensor]:
        return [parameter for group in self.optimizer.param_groups for parameter in group['params']]


@OPTIM_WRAPPERS.register_module()
class GuardedAmpOptimWrapper(GuardedOptimWrapper):
    """Automatic mixed precision on any device, with the same guard.

    Args:
        optimizer: Torch optimizer.
        accumulative_counts: Batches whose gradients are summed for one update.
        clip_grad: As for ``GuardedOptimWrapper``; gradients are unscaled first.
        dtype: ``'float16'`` (with gradient scaling, as published), ``'bfloat16'``, or ``'auto'``:
            float16 on CUDA, bfloat16 elsewhere.
        init_scale: First factor of the gradient scaler for float16.

    Raises:
        ConfigError: For another ``dtype``.
    """

    def __init__(
        self,
        optimizer: torch.optim.Optimizer,
        accumulative_counts: int = 1,
        clip_grad: Optional[dict] = None,
        dtype: str = 'auto',
        init_scale: float = 65536.0,
    ) -> None:
        super().__init__(optimizer, accumulative_counts, clip_grad)
        if dtype not in AMP_DTYPES:
            raise ConfigError(f'optim_wrapper.dtype: got {dtype!r}, expected one of {AMP_DTYPES}.')
        self.device_type = optimizer.param_groups[0]['params'][0].device.type
        if dtype == 'auto':
            dtype = 'float16' if self.device_type == 'cuda' else 'bfloat16'
        self.dtype = getattr(torch, dtype)
        self.scaler = torch.amp.GradScaler(self.device_type, init_scale=init_scale, enabled=self.dtype is torch.float16)

    def backward(self, loss: torch.Tensor, **kwargs) -> None:
        """Backpropagate the scaled loss."""
        super().backward(self.scaler.scale(loss), **kwargs)

    def step(self, **kwargs) -> None:
        """Unscale, clip, update; an overflow in float16 leaves the update out and lowers the scale."""
        if self.clip_grad_kwargs:
            self.scaler.unscale_(self.optimizer)
            self._clip_grad()
        self.scaler.step(self.optimizer, **kwargs)
        self.scaler.update()

    def state_dict(self) -> dict:
        """State of the optimizer and of the gradient scaler."""
        return {**super().state_dict(), 'loss_scaler': self.scaler.state_dict()}

    def load_state_dict(self, state_dict: dict) -> None:
        """Restore what ``state_dict`` returned; a checkpoint trained without AMP has no scaler."""
        state_dict = dict(state_dict)
        scaler_state = state_dict.pop('loss_scaler', None)
        if scaler_state:
            self.scaler.load_state_dict(scaler_state)
        super().load_state_dict(state_dict)

    @contextlib.contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Autocast the forward pass; keep the context of gradient accumulation."""
        with super().optim_context(model), torch.autocast(self.device_type, dtype=self.dtype):
            yield


class BufferCopy:
    """The buffers of a model as they were, such as the running statistics of batch norms."""

    def __init__(self) -> None:
        self._buffers: List[torch.Tensor] = []
        self._copies: List[torch.Tensor] = []

    def save(self, model: nn.Module) -> None:
        """Copy all buffers, into the memory of the last copies."""
        buffers = list(model.buffers())
        if [*map(id, buffers)] != [*map(id, self._buffers)]:
            self._buffers, self._copies = buffers, [torch.empty_like(buffer) for buffer in buffers]
        _copy(self._buffers, self._copies)

    def restore(self) -> None:
        """Put the copies back."""
        _copy(self._copies, self._buffers)


def _copy(sources: List[torch.Tensor], targets: List[torch.Tensor]) -> None:
    for dtype in {source.dtype for source in sources}:  # one kernel for all tensors of a type
        ours, theirs = ([tensor for tensor in given if tensor.dtype is dtype] for given in (targets, sources))
        torch._foreach_copy_(ours, theirs)


def finite_on_all_ranks(loss: torch.Tensor) -> bool:
    """Whether ``loss`` is finite in every process; all must call it."""
    bad = (~torch.isfinite(loss.detach())).any().to(torch.float32)
    dist.all_reduce(bad, op='sum')  # does nothing in a single process
    return bad.item() == 0
