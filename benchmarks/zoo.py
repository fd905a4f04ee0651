"""Times the networks of the model zoo side by side, and gives their parameters, operations and peak memory."""

import argparse
import ctypes
import gc
import multiprocessing
from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import torch
from mmengine.dataset import pseudo_collate
from mmengine.registry import DefaultScope
from torch import nn

from benchmarks.alternate import alternate, report
from benchmarks.limits import count_operations
from cslrkit.engine.config import load_config
from cslrkit.models.speed import prepare_for_cpu, prepare_for_inference
from cslrkit.registry import MODELS
from cslrkit.structures import SignDataSample

BASELINE = 'vac'
# The config of each for PHOENIX 2014; SMKD's network is VAC's with one classifier.
CONFIGS = {
    'vac': 'vac/resnet18_phoenix2014.py',
    'corrnet': 'corrnet/resnet18_phoenix2014.py',
    'tlp': 'tlp/resnet18_phoenix2014.py',
    'sen': 'sen/resnet18_phoenix2014.py',
    'corrnet_plus': 'corrnet_plus/resnet18_phoenix2014.py',
    'signgraph': 'signgraph/resnet18_phoenix2014.py',
    'signdagc': 'signdagc/resnet34_phoenix2014.py',
    'slowfast': 'slowfast/phoenix2014.py',
    'm2etp': 'm2etp/r101_phoenix2014.py',
    'ustm': 'ustm/swin_b_phoenix2014.py',
    'mska': 'mska/phoenix2014.py',
    'cesmm': 'cesmm/phoenix2014.py',
}
OF_KEYPOINTS = ('mska', 'cesmm')
_GLOSSES = [f'G{index:04d}' for index in range(1, 1296)]  # as many as PHOENIX 2014 has


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark."""
    parser.add_argument('--networks', nargs='+', choices=CONFIGS, help='(default: all; vac and mska if short)')
    parser.add_argument('--frames', type=int, metavar='T', help='length of the clip (default: 100; 8 if short)')


def run(args: argparse.Namespace) -> None:
    """Count, then time all in turn."""
    names = args.networks or (['vac', 'mska'] if args.short else list(CONFIGS))
    frames = args.frames or (8 if args.short else 100)
    peaks = in_processes(peak_bytes, [(name, frames) for name in names])
    networks = {name: make_network(name) for name in names}
    runs = {name: partial(forward, network, make_batch(name, frames)) for name, network in networks.items()}
    baseline = runs.get(BASELINE) or partial(forward, make_network(BASELINE), make_batch(BASELINE, frames))
    baseline()
    # A single round is for networks that take minutes: their first call is little slower than others.
    results = alternate(baseline, runs, rounds=args.rounds, warmup=int(args.rounds > 1))
    for (name, measured), peak in zip(results.items(), peaks):
        report(
            measured,
            benchmark='zoo',
            row=f'{name}, evaluation of {frames} frames',
            ms_a_frame=round(1000 * measured.ours_s / frames, 2),
            peak_mb=None if peak is None else round(peak / 1e6),
            parameters_m=round(sum(parameter.numel() for parameter in networks[name].parameters()) / 1e6, 1),
            gflop_100_frames=round(count(networks[name], make_batch(name, 100)) / 1e9, 1),
        )


def in_processes(function: Callable[..., Any], tasks: Sequence[Tuple]) -> List[Any]:
    """Call a function for each task in a process of its own, one after the other."""
    context = multiprocessing.get_context('forkserver')
    context.set_forkserver_preload([__name__])
    with context.Pool(1, maxtasksperchild=1) as pool:
        return pool.starmap(function, tasks, chunksize=1)


def make_network(name: str) -> nn.Module:
    """A network as inference runs it, in float32, with random weights."""
    torch.manual_seed(0)
    config = load_config(CONFIGS[name])
    with DefaultScope.overwrite_default_scope('cslrkit'):
        model = MODELS.build(dict(config.model, vocab=_GLOSSES))
    return prepare_for_inference(prepare_for_cpu(model.eval()))


def make_batch(name: str, frames: int) -> Dict[str, Any]:
    """A clip for a network: frames of 224x224 pixels, or 133 points."""
    if name not in OF_KEYPOINTS:
        pixels = torch.randint(256, (frames, 224, 224, 3), dtype=torch.uint8).permute(0, 3, 1, 2)
        return pseudo_collate([dict(inputs=pixels, data_samples=SignDataSample.create(name, [1]))])
    points = torch.rand(frames, 133, 3) * torch.tensor((210.0, 260.0, 1.0))
    sample = SignDataSample.create(name, [1], image_size=(210, 260))
    return pseudo_collate([dict(inputs=points, data_samples=sample)])


@torch.no_grad()
def forward(model: nn.Module, batch: Dict[str, Any]) -> Any:
    """Go from a clip to log-probabilities."""
    data = model.data_preprocessor(batch)
    return model.log_probs(data['inputs'], data['frame_lens'])


@torch.no_grad()
def count(model: nn.Module, batch: Dict[str, Any]) -> int:
    """Floating-point operations of a clip; nothing is computed, and the network holds no weights afterwards."""
    data = model.data_preprocessor(batch)
    model.to('meta')
    return count_operations(lambda: model.log_probs(data['inputs'].to('meta'), data['frame_lens']))


def peak_bytes(name: str, frames: int) -> Optional[int]:
    """Bytes of memory that a clip takes at most beside the weights; None where that is not known."""
    model, batch = make_network(name), make_batch(name, frames)
    forget = Path('/proc/self/clear_refs')  # Linux
    if not forget.exists():
        return None
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # what was freed while the network was built would be taken again, unseen
    forget.write_text('5')  # the most memory that was held
    before = _memory('VmRSS')
    forward(model, batch)
    return _memory('VmHWM') - before


def _memory(field: str) -> int:
    lines = Path('/proc/self/status').read_text(encoding='utf-8').splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(f'{field}:'))
