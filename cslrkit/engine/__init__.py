"""What drives training and testing: runner, optimizer wrappers, hooks, config checks."""

from cslrkit.engine import hooks
from cslrkit.engine.optim_wrappers import GuardedAmpOptimWrapper, GuardedOptimWrapper
from cslrkit.engine.runner import CSLRRunner

__all__ = ['CSLRRunner', 'GuardedAmpOptimWrapper', 'GuardedOptimWrapper', 'hooks']
