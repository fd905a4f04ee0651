"""What a strategy adds to mmengine's for cslrkit's checkpoints and options."""

import time
from pathlib import Path
from typing import Any, Callable, Dict, Mapping, Optional

import mmengine
import torch
from mmengine import dist
from torch import nn

from cslrkit.engine.learning_rate import scale_lr
from cslrkit.errors import ConfigError

_PLAIN_WRAPPERS = ('GuardedOptimWrapper', 'OptimWrapper')
_AMP_WRAPPERS = ('GuardedAmpOptimWrapper', 'AmpOptimWrapper')


class ShardingStrategyMixin:
    """Loads weights before the model is split, writes whole weights, scales rates; comes before mmengine's class.

    ``on_model_built`` is called with the whole model, and returns the one to wrap.
    """

    on_model_built: Optional[Callable[[nn.Module], nn.Module]] = None
    library = ''  # as checkpoints and messages name it
    resumes = False
    say: Callable[[str], None] = print

    def __init__(self, *, env_kwargs: Optional[dict] = None, **kwargs: Any) -> None:
        if (env_kwargs or {}).get('launcher', 'none') == 'none':
            raise ConfigError(
                f'{type(self).__name__} works with processes that a launcher started, of which there may be one: '
                '`bash tools/dist_train.sh CONFIG GPUS`.',
                path='strategy',
            )
        super().__init__(env_kwargs=env_kwargs, **kwargs)

    def _init_model_weights(self, model: nn.Module) -> nn.Module:
        if not self.resumes:  # else the files of initial weights are not needed
            model = super()._init_model_weights(model)
        return model if self.on_model_built is None else self.on_model_built(model)

    def scale_rates(self, accumulation: int) -> None:
        """Let learning rates follow the batch size where that is enabled, and say so."""
        message = scale_lr(
            self.optim_wrapper,
            self._auto_scale_lr,
            batch_size=self.dispatch_kwargs['train_micro_batch_size_per_gpu'],
            world_size=self.world_size,
            accumulation=accumulation,
        )
        if message:
            self.say(message)

    def whole_state_dict(self) -> Dict[str, torch.Tensor]:
        """Float32 weights and buffers under the plain model's names, on the first process; all must call it."""
        raise NotImplementedError

    def optimizer_state(self) -> Dict[str, Any]:
        """What of the optimizer goes into the checkpoint file; all processes must call it."""
        raise NotImplementedError

    def save_shards(self, path: Path) -> None:
        """Write each process's part of the state beside the checkpoint ``path``, where the strategy does."""

    def load_training_state(self, path: Path, checkpoint: Mapping[str, Any]) -> None:
        """Restore the optimizer of the checkpoint that was read from ``path``; weights are loaded already."""
        raise NotImplementedError

    def save_checkpoint(
        self,
        filename: str,
        *,
        save_optimizer: bool = True,
        save_param_scheduler: bool = True,
        extra_ckpt: Optional[dict] = None,
        callback: Optional[Callable] = None,
    ) -> None:
        """Gather the weights and write one file from the first process; all must call it."""
        checkpoint = dict(extra_ckpt or {}, state_dict=self.whole_state_dict())
        checkpoint['meta'] = dict(
            checkpoint.get('meta', {}),
            seed=self.seed,
            time=time.strftime('%Y%m%d_%H%M%S'),
            mmengine_version=mmengine.__version__,
        )
        if save_optimizer:
            checkpoint['optimizer'] = self.optimizer_state()
        if save_param_scheduler and hasattr(self, 'param_schedulers'):
            checkpoint['param_schedulers'] = self.scheduler_state_dict()
        if callback is not None:
            callback(checkpoint)
        if self.rank == 0:
            torch.save(checkpoint, filename)
        dist.barrier()


def split_optim_wrapper(optim_wrapper: Mapping[str, Any], *, strategy: str) -> Dict[str, Any]:
    """Read what a config's optimizer wrapper asks for, for a strategy that does it in a way of its own.

    Args:
        optim_wrapper: Config of one of cslrkit's or mmengine's wrappers.
        strategy: Name, for messages.

    Returns:
        ``accumulation``; ``max_norm`` or None; ``dtype``, ``'bfloat16'`` or None; and the ``rest`` of the config.

    Raises:
        ConfigError: For what the strategy cannot do.
    """
    rest = dict(optim_wrapper)
    kind = rest.pop('type', 'OptimWrapper')
    if kind not in _PLAIN_WRAPPERS + _AMP_WRAPPERS:
        raise ConfigError(
            f'got {kind!r}, but {strategy} replaces the wrapper, and knows what '
            f'{_PLAIN_WRAPPERS[0]} and {_AMP_WRAPPERS[0]} ask for.',
            path='optim_wrapper.type',
        )
    dtype = rest.pop('dtype', 'auto') if kind in _AMP_WRAPPERS else None
    if dtype not in (None, 'auto', 'bfloat16'):
        raise ConfigError(
            f'got {dtype!r}, but {strategy} trains in float32 or bfloat16: --amp bfloat16.', path='optim_wrapper.dtype'
        )
    rest.pop('init_scale', None)
    rest.pop('loss_scale', None)
    clip = dict(rest.pop('clip_grad', None) or {})
    max_norm = clip.pop('max_norm', None)
    others = {key: value for key, value in clip.items() if (key, value) not in (('type', 'norm'), ('norm_type', 2))}
    if others or (clip and max_norm is None):
        raise ConfigError(
            f'got {optim_wrapper["clip_grad"]}, but {strategy} clips by the 2-norm of all gradients: '
            'dict(max_norm=...).',
            path='optim_wrapper.clip_grad',
        )
    return dict(
        accumulation=rest.pop('accumulative_counts', 1),
        max_norm=max_norm,
        dtype='bfloat16' if dtype else None,
        rest=rest,
    )
