"""Data parallelism on any device; on CPU mmengine cannot set it up by itself."""

import inspect
import os
from datetime import timedelta
from typing import Any, Optional, Tuple

import torch
from mmengine.device import get_device
from mmengine.model import convert_sync_batchnorm
from torch import nn
from torch.distributed.rendezvous import rendezvous
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.parallel import DistributedDataParallel

from cslrkit.errors import ConfigError
from cslrkit.registry import MODEL_WRAPPERS

TIME_LIMIT = 1800  # seconds, as torch's


def start_cpu_processes(launcher: str, time_limit: float) -> None:
    """Join the process group over gloo where there is no GPU; mmengine would ask for one.

    Args:
        launcher: ``'pytorch'`` joins; any other does nothing.
        time_limit: Seconds that a process waits for another, which may hang.

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
    # torchrun keeps its store when it starts the processes once more: without names of their own, they would read the
    # addresses of those that have ended.
    store, rank, world_size = next(rendezvous('env://', timeout=timedelta(seconds=time_limit)))
    store = torch.distributed.PrefixStore(f'start_{os.environ.get("TORCHELASTIC_RESTART_COUNT", 0)}', store)
    torch.distributed.init_process_group(
        'gloo', store=store, rank=rank, world_size=world_size, timeout=timedelta(seconds=time_limit)
    )


def synchronize_batch_norms(model: nn.Module, sync_bn: Optional[str], *, world_size: int) -> Tuple[nn.Module, str]:
    """Let batch norms use the statistics of all processes, where the device can; one process has all anyway.

    Args:
        model: Unwrapped model.
        sync_bn: ``'torch'``, ``'mmcv'`` (needs the full mmcv), or None for statistics of each process.
        world_size: Processes.

    Returns:
        The model, and a line for the user where nothing was done although it was asked for.

    Raises:
        ConfigError: For another ``sync_bn``.
    """
    if sync_bn not in (None, 'torch', 'mmcv'):
        raise ConfigError(f"got {sync_bn!r}, expected 'torch', 'mmcv' or None.", path='sync_bn')
    if sync_bn is None or world_size == 1 or not any(isinstance(module, _BatchNorm) for module in model.modules()):
        return model, ''
    if not torch.cuda.is_available():
        return (
            model,
            'batch norms are not synchronized, which needs GPUs: each process normalizes by its own clips',
        )
    return convert_sync_batchnorm(model, sync_bn), ''


def wrap_data_parallel(model: nn.Module, **options: Any) -> nn.Module:
    """Move ``model`` to this process's device and wrap it in mmengine's data-parallel class.

    Args:
        model: Unwrapped model.
        **options: Arguments of ``torch.nn.parallel.DistributedDataParallel``. ``broadcast_buffers``, false
            unless given, sends the first process's buffers to all before each step; ``SyncBuffersHook``
            averages them once an epoch.
    """
    # torch 2.14 renamed the argument, and warns of the old name.
    accepted = inspect.signature(DistributedDataParallel.__init__).parameters
    name = 'forward_sync_buffers' if 'forward_sync_buffers' in accepted else 'broadcast_buffers'
    options.setdefault(name, options.pop('broadcast_buffers', False))
    options.setdefault('type', 'MMDistributedDataParallel')
    options.setdefault('device_ids', [int(os.environ['LOCAL_RANK'])] if torch.cuda.is_available() else None)
    return MODEL_WRAPPERS.build(dict(options, module=model.to(get_device())))
