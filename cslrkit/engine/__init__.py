"""What drives training and testing: runner, optimizer wrappers, hooks, config checks."""

from cslrkit.engine import hooks
from cslrkit.engine.loops import ChunkedTestLoop, ChunkedValLoop
from cslrkit.engine.optim_wrappers import GuardedAmpOptimWrapper, GuardedOptimWrapper
from cslrkit.engine.runner import CSLRRunner

__all__ = ['CSLRRunner', 'ChunkedTestLoop', 'ChunkedValLoop', 'GuardedAmpOptimWrapper', 'GuardedOptimWrapper', 'hooks']
