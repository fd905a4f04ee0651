"""Data parallelism on CPU, which mmengine cannot set up by itself."""

import inspect
import os
import warnings

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from cslrkit.errors import ConfigError
from cslrkit.registry import MODEL_WRAPPERS


def start_cpu_processes(launcher: str) -> None:
    """Join the process group over gloo where there is no GPU; mmengine would ask for one.

    Args:
        launcher: ``'pytorch'`` joins; any other does nothing.

    Raises:
        ConfigError: If the process was not started by torchrun.
    """
    # mmengine sets these for each process and warns of it; torchrun sets the first.
    os.environ.setdefault('OMP_NUM_THREADS', '1')
    os.environ.setdefault('MKL_NUM_THREADS', os.environ['OMP_NUM_THREADS'])
    if launcher != 'pytorch' or torch.cuda.is_available() or torch.distributed.is_initialized():
        return
    if 'RANK' not in os.environ:
        raise ConfigError(
            "launcher: 'pytorch' needs the variables that torchrun sets. Start it as "
            '`torchrun --nproc_per_node=2 tools/train.py CONFIG --launcher pytorch`.'
        )
    torch.distributed.init_process_group('gloo')


def wrap_for_cpu(model: nn.Module, *, find_unused_parameters: bool) -> nn.Module:
    """Wrap ``model`` in mmengine's data-parallel class without device ids."""
    # torch 2.14 renamed the argument; buffers are averaged once an epoch by SyncBuffersHook.
    accepted = inspect.signature(DistributedDataParallel.__init__).parameters
    buffers = 'forward_sync_buffers' if 'forward_sync_buffers' in accepted else 'broadcast_buffers'
    # A 1 x 1 x 1 kernel has several right layouts, and torch tells of each that differs.
    warnings.filterwarnings('ignore', message='Grad strides do not match bucket view strides')
    wrapper = dict(
        type='MMDistributedDataParallel',
        module=model,
        device_ids=None,
        find_unused_parameters=find_unused_parameters,
        **{buffers: False},
    )
    return MODEL_WRAPPERS.build(wrapper)
