"""mmengine's FlexibleRunner with what cslrkit's Runner has: for DeepSpeed and FSDP."""

import shutil
from pathlib import Path
from typing import Any, Dict, Optional, Tuple

from mmengine import dist
from mmengine.runner import FlexibleRunner
from torch import nn

from cslrkit.engine.console import quiet_console
from cslrkit.engine.distributed import synchronize_batch_norms
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
        self.strategy.resumes = self.resumes
        return super().train()

    @property
    def num_parameters(self) -> int:
        """Parameters of the whole model, of which each process may have a part."""
        return self._num_parameters

    def _load_whole_model(self, model: nn.Module) -> nn.Module:
        self.model = model
        self.prepare_model(model)
        self._num_parameters = super().num_parameters
        super().load_or_resume()
        model, message = synchronize_batch_norms(model, self.cfg.get('sync_bn'), world_size=self.world_size)
        if message:
            self.say(message)
        return model

    def load_or_resume(self) -> None:
        """Restore the rest of what was read before the model was split, once the trainer is there."""
        if self._resumed is None:
            return
        path, checkpoint = self._resumed
        self._resumed = None
        self.strategy.load_training_state(path, checkpoint)
        if hasattr(self.strategy, 'param_schedulers'):
            self.strategy.load_scheduler_state_dict(checkpoint['param_schedulers'])

    def resume(self, filename: str, *args: Any, **kwargs: Any) -> None:
        """Read a checkpoint's weights into the whole model and keep the state of its optimizer for later."""
        self._resume = True  # what is read is checked for it
        checkpoint = self.load_checkpoint(filename)
        self._resumed = Path(filename), checkpoint
        meta = checkpoint['meta']
        self.train_loop._epoch, self.train_loop._iter = meta['epoch'], meta['iter']
        self.message_hub.load_state_dict(checkpoint['message_hub'])
        if meta['seed'] != self.seed:
            self.strategy._randomness.update(seed=meta['seed'])
            self.strategy._set_randomness(**self.strategy._randomness)

    def save_checkpoint(
        self,
        out_dir: str,
        filename: str,
        *args: Any,
        save_optimizer: bool = True,
        meta: Optional[Dict[str, Any]] = None,
        **kwargs: Any,
    ) -> None:
        """Write a checkpoint, and the parts of the optimizer beside it; all processes call it."""
        if save_optimizer:
            self.strategy.save_shards(Path(out_dir, filename))
        self._meta = dict(meta or {})
        super().save_checkpoint(out_dir, filename, *args, save_optimizer=save_optimizer, meta=meta, **kwargs)
        if self.rank == 0:
            for folder in Path(out_dir).glob('*' + SHARDS_SUFFIX):
                if not folder.with_suffix('.pth').is_file():  # mmengine removed the checkpoint that it belongs to
                    shutil.rmtree(folder)
        dist.barrier()

    def call_hook(self, fn_name: str, **kwargs: Any) -> None:
        """Call the hooks; a checkpoint says the epoch that whoever saves it gave, as mmengine's Runner lets it."""
        if fn_name == 'before_save_checkpoint':
            # FlexibleRunner writes one more than the epochs done into a checkpoint that is saved after validation.
            kwargs['checkpoint']['meta'].update(self._meta)
        super().call_hook(fn_name, **kwargs)
