"""What drives training and testing: runner, optimizer wrappers, hooks, config checks."""

from cslrkit.engine import hooks, strategies
from cslrkit.engine.flexible_runner import CSLRFlexibleRunner
from cslrkit.engine.loops import ChunkedTestLoop, ChunkedValLoop
from cslrkit.engine.optim_wrappers import GuardedAmpOptimWrapper, GuardedOptimWrapper
from cslrkit.engine.runner import CSLRRunner

__all__ = [
    'CSLRFlexibleRunner',
    'CSLRRunner',
    'ChunkedTestLoop',
    'ChunkedValLoop',
    'GuardedAmpOptimWrapper',
    'GuardedOptimWrapper',
    'hooks',
    'strategies',
]
