"""Strategies that spread a model's training state over processes: DeepSpeed and FSDP."""

from cslrkit.engine.strategies.deepspeed_strategy import DeepSpeedStrategy, GuardedDeepSpeedOptimWrapper
from cslrkit.engine.strategies.fsdp_strategy import FSDPStrategy, GuardedFSDPOptimWrapper

__all__ = ['DeepSpeedStrategy', 'FSDPStrategy', 'GuardedDeepSpeedOptimWrapper', 'GuardedFSDPOptimWrapper']
