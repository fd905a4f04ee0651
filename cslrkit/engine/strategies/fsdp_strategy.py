"""torch's fully sharded data parallelism."""

import contextlib
from pathlib import Path
from typing import Any, Dict, Iterator, Mapping, Optional

import torch
from mmengine._strategy import FSDPStrategy as MMFSDPStrategy
from torch import nn
from torch.distributed.fsdp import (
    FullOptimStateDictConfig,
    FullStateDictConfig,
    FullyShardedDataParallel,
    StateDictType,
)

from cslrkit.engine.optim_wrappers import GuardedOptimWrapper
from cslrkit.engine.strategies.base import ShardingStrategyMixin, split_optim_wrapper
from cslrkit.registry import OPTIM_WRAPPERS, STRATEGIES


@OPTIM_WRAPPERS.register_module()
class GuardedFSDPOptimWrapper(GuardedOptimWrapper):
    """Guarded wrapper that clips by the norm of the whole gradient, of which each process has a part.

    The strategy chooses this wrapper by itself.

    Args:
        optimizer: Torch optimizer.
        accumulative_counts: Batches whose gradients are summed for one update.
        max_norm: Norm to which gradients are clipped; None leaves them.
        dtype: ``'bfloat16'`` autocasts the forward pass; None does not.
    """

    def __init__(
        self,
        optimizer: torch.optim.Optimizer,
        accumulative_counts: int = 1,
        max_norm: Optional[float] = None,
        dtype: Optional[str] = None,
    ) -> None:
        super().__init__(optimizer, accumulative_counts, None if max_norm is None else dict(max_norm=max_norm))
        self.dtype = None if dtype is None else getattr(torch, dtype)
        self.model: Optional[FullyShardedDataParallel] = None  # the strategy sets it

    def _clip_grad(self) -> None:
        norm = self.model.clip_grad_norm_(**self.clip_grad_kwargs)
        self.message_hub.update_scalar('train/grad_norm', float(norm))

    @contextlib.contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Autocast the forward pass; keep the context of gradient accumulation."""
        device_type = 'cuda' if torch.cuda.is_available() else 'cpu'
        with super().optim_context(model), torch.autocast(device_type, self.dtype, enabled=self.dtype is not None):
            yield


@STRATEGIES.register_module()
class FSDPStrategy(ShardingStrategyMixin, MMFSDPStrategy):
    """Train with torch's ``FullyShardedDataParallel``.

    What differs from mmengine's class: a checkpoint is one file of whole float32 weights and the whole optimizer
    state, so training resumes with any number of processes; gradients are clipped by their whole norm; it works
    on CPU over gloo.

    Args:
        model_wrapper: Arguments of ``FullyShardedDataParallel``, e.g.
            ``dict(sharding_strategy='SHARD_GRAD_OP')``.
        **kwargs: What mmengine's FlexibleRunner hands over.
    """

    library = 'FSDP'

    def __init__(self, *, model_wrapper: Optional[dict] = None, **kwargs: Any) -> None:
        wrapper = dict(model_wrapper or {})
        # Optimizers are built for parameters by name.
        wrapper.setdefault('use_orig_params', True)
        if not torch.cuda.is_available():
            wrapper.setdefault('device_id', torch.device('cpu'))
        super().__init__(model_wrapper=wrapper, state_dict_cfg='full', **kwargs)

    def build_optim_wrapper(self, optim_wrapper: Any, model: Optional[nn.Module] = None) -> Any:
        """Build the optimizer over this process's parts, as ``optim_wrapper`` asks."""
        asked = split_optim_wrapper(optim_wrapper, strategy='FSDPStrategy')
        config = dict(
            asked['rest'],
            type='GuardedFSDPOptimWrapper',
            accumulative_counts=asked['accumulation'],
            max_norm=asked['max_norm'],
            dtype=asked['dtype'],
        )
        built = super().build_optim_wrapper(config, model)
        built.model = model
        return built

    def _scale_lr(self) -> None:
        self.scale_rates(self.optim_wrapper._accumulative_counts)

    def whole_state_dict(self) -> Dict[str, torch.Tensor]:
        """Gather the weights on the first process."""
        return self.model.state_dict()

    def optimizer_state(self) -> Dict[str, Any]:
        """Gather the optimizer's state on the first process, by names of parameters."""
        return dict(
            fsdp=True, optimizer=FullyShardedDataParallel.optim_state_dict(self.model, self.optim_wrapper.optimizer)
        )

    def load_training_state(self, path: Path, checkpoint: Mapping[str, Any]) -> None:
        """Restore this process's part of the optimizer."""
        optimizer = self.optim_wrapper.optimizer
        everywhere = FullStateDictConfig(rank0_only=False), FullOptimStateDictConfig(rank0_only=False)
        with FullyShardedDataParallel.state_dict_type(self.model, StateDictType.FULL_STATE_DICT, *everywhere):
            part = FullyShardedDataParallel.optim_state_dict_to_load(
                model=self.model, optim=optimizer, optim_state_dict=checkpoint['optimizer']['optimizer']
            )
        optimizer.load_state_dict(part)
        if self.optim_wrapper._accumulative_counts > 1:
            self.optim_wrapper.initialize_count_status(
                self.model, checkpoint['meta']['iter'], self.dispatch_kwargs['max_iters']
            )
