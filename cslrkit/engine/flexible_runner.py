"""mmengine's FlexibleRunner with what cslrkit's Runner has: for DeepSpeed and FSDP."""

import shutil
from pathlib import Path
from typing import Any, Dict, Optional, Tuple

from mmengine import dist
from mmengine.runner import FlexibleRunner
from torch import nn

from cslrkit.engine.console import quiet_console
from cslrkit.engine.run_mixin import RunMixin
from cslrkit.engine.strategies.base import ShardingStrategyMixin
from cslrkit.engine.strategies.deepspeed_strategy import SHARDS_SUFFIX
from cslrkit.errors import ConfigError
from cslrkit.registry import RUNNERS, STRATEGIES


@RUNNERS.register_module()
class CSLRFlexibleRunner(RunMixin, FlexibleRunner):
    """Trains with the ``strategy`` of a config: ``DeepSpeedStrategy`` or ``FSDPStrategy``.

    Checkpoints are those of :class:`~cslrkit.engine.runner.CSLRRunner`: whole float32 weights with vocabulary
    and config, tested and scored without the strategy. Arguments are mmengine's.
    """

    def build_strategy(self, strategy: Optional[Dict[str, Any]] = None, *args: Any, **kwargs: Any) -> Any:
        """Build a strategy of cslrkit; its console is quiet.

        Raises:
            ConfigError: For a strategy of another kind.
        """
        cls = STRATEGIES.lookup(strategy['type']) if isinstance(strategy['type'], str) else strategy['type']
        if not issubclass(cls, ShardingStrategyMixin):
            raise ConfigError(
                f"got {cls.__name__}, expected 'DeepSpeedStrategy' or 'FSDPStrategy'. Plain data parallelism needs no "
                'strategy, only --launcher.',
                path='strategy.type',
            )
        built = super().build_strategy(dict(strategy, type=cls), *args, **kwargs)
        quiet_console(built.logger)
        built.say = self.say
        return built

    def train(self) -> nn.Module:
        """Train; weights are loaded before the strategy splits the model."""
        self._resumed: Optional[Tuple[Path, Dict[str, Any]]] = None
        self.strategy.on_model_built = self._load_whole_model
        return super().train()

    def _load_whole_model(self, model: nn.Module) -> None:
        self.model = model
        super().load_or_resume()

    def load_or_resume(self) -> None:
        """Restore the rest of what was read before the model was split, once the trainer is there."""
        if self._resumed is None:
            return
        path, checkpoint = self._resumed
        self._resumed = None
        self.strategy.load_training_state(path, checkpoint)
        if hasattr(self.strategy, 'param_schedulers'):
            self.strategy.load_scheduler_state_dict(checkpoint['param_schedulers'])
        self.train_loop._epoch, self.train_loop._iter = checkpoint['meta']['epoch'], checkpoint['meta']['iter']
        self.message_hub.load_state_dict(checkpoint['message_hub'])

    def resume(self, filename: str, *args: Any, **kwargs: Any) -> None:
        """Read a checkpoint's weights into the whole model and keep its other state for later."""
        self._resumed = Path(filename), self.load_checkpoint(filename)

    def save_checkpoint(self, out_dir: str, filename: str, *args: Any, save_optimizer: bool = True, **kwargs: Any):
        """Write a checkpoint, and the parts of the optimizer beside it; all processes call it."""
        if save_optimizer:
            self.strategy.save_shards(Path(out_dir, filename))
        super().save_checkpoint(out_dir, filename, *args, save_optimizer=save_optimizer, **kwargs)
        if self.rank == 0:
            for folder in Path(out_dir).glob('*' + SHARDS_SUFFIX):
                if not folder.with_suffix('.pth').is_file():  # mmengine removed the checkpoint that it belongs to
                    shutil.rmtree(folder)
        dist.barrier()
