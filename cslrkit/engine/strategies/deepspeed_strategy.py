"""DeepSpeed's ZeRO: optimizer state, gradients and weights spread over processes."""

import functools
import json
import logging
from pathlib import Path
from typing import Any, Dict, Mapping, Optional, Union

import torch
from mmengine._strategy import DeepSpeedStrategy as MMDeepSpeedStrategy
from mmengine._strategy.deepspeed import DeepSpeedOptimWrapper
from mmengine.registry import OPTIMIZERS
from torch import nn

from cslrkit.engine.optim_wrappers import BufferCopy, finite_on_all_ranks
from cslrkit.engine.strategies.base import ShardingStrategyMixin, split_optim_wrapper
from cslrkit.errors import CheckpointError, ConfigError
from cslrkit.registry import OPTIM_WRAPPERS, STRATEGIES

SHARDS_SUFFIX = '.deepspeed'

# What a config's optim_wrapper says, so that it is said once.
_ELSEWHERE = {
    'gradient_clipping': 'optim_wrapper.clip_grad',
    'gradient_accumulation_steps': 'optim_wrapper.accumulative_counts',
    'fp16': '--amp bfloat16',
    'bf16': '--amp bfloat16',
    'amp': '--amp bfloat16',
}


@OPTIM_WRAPPERS.register_module()
class GuardedDeepSpeedOptimWrapper(DeepSpeedOptimWrapper):
    """Lets DeepSpeed's engine update; a batch whose loss is not finite on any rank is left out everywhere.

    With accumulation the next sound batch takes its place. The strategy chooses this wrapper by itself.

    Args:
        optimizer: Torch optimizer, which the engine takes over.
    """

    def __init__(self, optimizer: torch.optim.Optimizer) -> None:
        super().__init__(optimizer)
        self.skipped = False
        self.buffers = BufferCopy()

    def update_params(self, loss: torch.Tensor) -> None:
        """Backpropagate ``loss`` and update when due, or leave a non-finite loss out."""
        self.skipped = not finite_on_all_ranks(loss)
        if not self.skipped:
            super().update_params(loss)
        else:
            self.buffers.restore()


@STRATEGIES.register_module()
class DeepSpeedStrategy(ShardingStrategyMixin, MMDeepSpeedStrategy):
    """Train with DeepSpeed's ZeRO stage 1, 2 or 3.

    What differs from mmengine's class: a checkpoint is one file of whole float32 weights as from any other
    training, which ``tools/test.py`` reads; a folder of the same name with the suffix ``.deepspeed`` beside it
    has the optimizer's parts for resuming, and is read with ``weights_only``. It works on CPU over gloo.
    Clipping, accumulation and bfloat16 (autocast over float32 weights) are those of ``optim_wrapper``.

    Args:
        zero_optimization: As in DeepSpeed's configuration, e.g. ``dict(stage=2)``.
        config: Further settings of DeepSpeed, a dict or the path of a JSON file.
        **kwargs: What mmengine's FlexibleRunner hands over.

    Raises:
        ConfigError: If deepspeed is not installed, or a setting stands here that belongs into ``optim_wrapper``.
    """

    library = 'DeepSpeed'

    def __init__(
        self, *, zero_optimization: Optional[dict] = None, config: Union[str, dict, None] = None, **kwargs: Any
    ) -> None:
        _require_deepspeed()
        # Its lines about itself are for its developers.
        logging.getLogger('DeepSpeed').setLevel(logging.WARNING)
        config = self._parse_config(config)
        for name, place in _ELSEWHERE.items():
            if name in config or name in kwargs:
                raise ConfigError(f'this is set by {place}, for every strategy alike.', path=f'strategy.{name}')
        _forget_optimizers()
        # It knows no fused optimizers of torch by name.
        config = dict({'zero_allow_untested_optimizer': True}, **config)
        super().__init__(zero_optimization=zero_optimization, config=config, **kwargs)
        # Plain dicts: it is written into checkpoints.
        self.config = json.loads(json.dumps(self.config))
        self._dtype: Optional[str] = None

    def _setup_distributed(self, launcher: Optional[str] = None, backend: str = 'nccl', **kwargs: Any) -> None:
        if torch.cuda.is_available():
            super()._setup_distributed(launcher, backend, **kwargs)

    def prepare(self, model: Any, **kwargs: Any) -> Any:
        """Build, load and wrap the model, and what trains it; arguments are mmengine's."""
        import deepspeed

        if not deepspeed.comm.is_initialized():  # on CPU the process group is there, DeepSpeed's view of it is not
            deepspeed.init_distributed(dist_backend=torch.distributed.get_backend(), auto_mpi_discovery=False)
        return super().prepare(model, **kwargs)

    def build_optim_wrapper(self, optim_wrapper: Any, model: Optional[nn.Module] = None) -> Any:
        """Build the optimizer, scale its rates, and set the engine up as ``optim_wrapper`` asks."""
        asked = split_optim_wrapper(optim_wrapper, strategy='DeepSpeedStrategy')
        self._dtype = asked['dtype']
        self.config['gradient_accumulation_steps'] = asked['accumulation']
        if asked['max_norm'] is not None:
            self.config['gradient_clipping'] = asked['max_norm']
        self.optim_wrapper = super().build_optim_wrapper(
            dict(asked['rest'], type='GuardedDeepSpeedOptimWrapper'), model
        )
        self.scale_rates(asked['accumulation'])
        return self.optim_wrapper

    def _wrap_model(self, model: nn.Module) -> nn.Module:
        if self._dtype is not None:
            _autocast_losses(model, getattr(torch, self._dtype))
        if hasattr(self, 'optim_wrapper'):  # of a run that trains
            buffers = self.optim_wrapper.buffers
            model.register_forward_pre_hook(lambda module, inputs: buffers.save(module) if module.training else None)
        wrapper = super()._wrap_model(model)
        _read_safely(wrapper.model)
        return wrapper

    def whole_state_dict(self) -> Dict[str, torch.Tensor]:
        """Gather float32 weights of all parts."""
        from deepspeed.utils import safe_get_full_fp32_param

        module, state = self.model.module, {}
        names = module.state_dict(keep_vars=True)
        for name, value in names.items():
            whole = safe_get_full_fp32_param(value) if isinstance(value, nn.Parameter) else None
            if whole is None:
                whole = value.detach()
            if self.rank == 0:
                state[name] = whole.detach().cpu().clone()
        return state

    def optimizer_state(self) -> Dict[str, Any]:
        """The optimizer is in the folder beside the checkpoint."""
        return dict(deepspeed=True, world_size=self.world_size)

    def save_shards(self, path: Path) -> None:
        """Write DeepSpeed's folder for the checkpoint ``path``."""
        self.model.save_checkpoint(str(path.parent), tag=path.stem + SHARDS_SUFFIX, client_state={}, save_latest=False)

    def load_training_state(self, path: Path, checkpoint: Mapping[str, Any]) -> None:
        """Restore the optimizer from DeepSpeed's folder beside ``path``."""
        state, folder = checkpoint['optimizer'], path.with_suffix(SHARDS_SUFFIX)
        if not folder.is_dir():
            raise CheckpointError(f"resume: '{path}' needs the folder '{folder.name}' beside it, which is not there.")
        if state['world_size'] != self.world_size:
            raise CheckpointError(
                f"resume: '{path}' is of a training with {state['world_size']} processes, and now there are "
                f'{self.world_size}. DeepSpeed resumes with the same number; with another, start from load_from.'
            )
        self.model.load_checkpoint(str(folder.parent), tag=folder.name)


def _require_deepspeed() -> None:
    try:
        import deepspeed  # noqa: F401
    except ImportError as error:
        raise ConfigError(
            f'it needs DeepSpeed, which cannot be imported ({error}). Install it: DS_BUILD_OPS=0 pip install '
            "'cslrkit[deepspeed]'.",
            path='strategy',
        ) from error


def _forget_optimizers() -> None:
    """Let mmengine register DeepSpeed's optimizers, which it does for each strategy and would do but once."""
    for name, optimizer in list(OPTIMIZERS.module_dict.items()):
        if optimizer.__module__.startswith('deepspeed.'):
            del OPTIMIZERS.module_dict[name]


def _autocast_losses(model: nn.Module, dtype: torch.dtype) -> None:
    """Autocast the forward pass of training inside the model: the engine switches off what is around it."""
    forward = model.forward
    device_type = 'cuda' if torch.cuda.is_available() else 'cpu'

    @functools.wraps(forward)
    def autocast_forward(*args: Any, **kwargs: Any) -> Any:
        with torch.autocast(device_type, dtype=dtype, enabled=kwargs.get('mode') == 'loss'):
            return forward(*args, **kwargs)

    model.forward = autocast_forward


def _read_safely(engine: Any) -> None:
    """Let the engine read checkpoints without executing anything in them."""
    from deepspeed.runtime.checkpoint_engine.torch_checkpoint_engine import TorchCheckpointEngine
    from deepspeed.runtime.fp16 import loss_scaler
    from deepspeed.runtime.zero.config import ZeroStageEnum
    from deepspeed.utils.tensor_fragment import fragment_address

    class SafeCheckpointEngine(TorchCheckpointEngine):
        def load(self, path: str, map_location: Any = None) -> Any:
            return torch.load(path, map_location=map_location, weights_only=True)

    # Records of numbers, which its files name.
    records = [loss_scaler.LossScaler, loss_scaler.DynamicLossScaler, ZeroStageEnum, fragment_address]
    torch.serialization.add_safe_globals(records)
    engine.checkpoint_engine = SafeCheckpointEngine(engine._config)
