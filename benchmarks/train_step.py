"""Times a training step of SlowFastSign in contiguous float32 against cslrkit's, and weighs checkpointing."""

import argparse
import contextlib
import multiprocessing
from functools import partial
from pathlib import Path
from typing import Any, Callable, ContextManager, Dict, List, Sequence

import torch
from torch import nn

from benchmarks.alternate import alternate, report
from benchmarks.baseline import to_published
from benchmarks.limits import count_operations, matrix_product_rates
from cslrkit.models.losses import published_losses
from cslrkit.models.recognizers import CSLRRecognizer
from cslrkit.models.speed import prepare_for_cpu
from cslrkit.structures import SignDataSample

# Ratios that the rows must reach at depth 101 and 48 frames.
_REQUIRED = {'fp32': 1.3, 'bf16': 2.4}
ROWS = ('fp32', 'bf16', 'checkpointing', 'long')
_GLOSSES = [f'G{index:04d}' for index in range(1, 1296)]
# Steps of a timed run: the first after those of another network pays for memory that is laid out anew.
_STEPS = 2
_TARGET = [3]  # one gloss, which the shortest clip has steps for
_HAS_PEAK = Path('/proc/self/status').is_file()  # Linux


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark."""
    parser.add_argument(
        '--rows',
        nargs='+',
        choices=ROWS,
        help='what is measured (default: fp32, bf16 and, unless short, checkpointing)',
    )
    parser.add_argument('--depth', type=int, choices=(18, 50, 101), help='of the network (default: 101; 50 if short)')
    parser.add_argument(
        '--frames',
        type=int,
        metavar='T',
        help='length of a clip (default: 48, checkpointing 96, long 300; 32 if short)',
    )
    parser.add_argument(
        '--batch-size',
        type=int,
        metavar='N',
        help='clips at once (default: 2, as published; 1 if short or checkpointing)',
    )


def run(args: argparse.Namespace) -> None:
    """Time the rows that are asked for."""
    rows = args.rows or (('fp32', 'bf16') if args.short else ('fp32', 'bf16', 'checkpointing'))
    depth = args.depth or (50 if args.short else 101)
    timed = [row for row in rows if row in ('fp32', 'bf16')]
    if timed:
        shape = (args.batch_size or (1 if args.short else 2), args.frames or (32 if args.short else 48))
        compare_steps(timed, depth=depth, shape=shape, rounds=args.rounds)
    if 'checkpointing' in rows:
        shape = (args.batch_size or 1, args.frames or 96)
        weigh_checkpointing(depth=depth, shape=shape, rounds=args.rounds)
    if 'long' in rows:
        shape = (args.batch_size or 2, args.frames or 300)
        time_long_clips(depth=depth, shape=shape, rounds=1)


def compare_steps(rows: Sequence[str], *, depth: int, shape: Sequence[int], rounds: int) -> List[Dict[str, Any]]:
    """Time the rows in turn with the baseline, and report each.

    Args:
        rows: Names in ``ROWS`` besides checkpointing.
        depth: Of the network.
        shape: Clips in a batch and frames in a clip.
        rounds: Timed runs of each.

    Returns:
        What the reports say.
    """
    plain = to_published(make_recognizer(depth))
    baseline = make_step(plain, shape, contiguous=True)
    operations = count_operations(baseline)
    ours = make_recognizer(depth)
    candidates = {row: make_step(ours, shape, bf16=row == 'bf16') for row in rows}
    rates = matrix_product_rates()
    runs = {row: partial(_repeat, step) for row, step in candidates.items()}
    reports = []
    for row, measured in alternate(partial(_repeat, baseline), runs, rounds=rounds, warmup=1).items():
        rate = rates['bfloat16' if row == 'bf16' else 'float32']
        reports.append(
            report(
                measured,
                benchmark='train_step',
                row=f'training step, R{depth}, {shape[0]} x {shape[1]} frames, {row}',
                required=_REQUIRED.get(row) if (depth, shape[1]) == (101, 48) else None,
                limit_s=_STEPS * operations / rate,
                steps_in_a_run=_STEPS,
                gflop=round(operations / 1e9, 1),
                limit_gflops=round(rate / 1e9),
            )
        )
    return reports


def weigh_checkpointing(*, depth: int, shape: Sequence[int], rounds: int) -> Dict[str, Any]:
    """Report the time of a step with activation checkpointing and the memory that it saves.

    Args:
        depth: Of the network.
        shape: Clips in a batch and frames in a clip.
        rounds: Timed runs of each.
    """
    plain, saving = (make_recognizer(depth, with_cp=with_cp) for with_cp in (False, True))
    weights = [saved_bytes(model, make_step(model, shape, backward=False)) for model in (plain, saving)]
    peaks = [_in_a_process(_peak_bytes, depth, tuple(shape), with_cp) for with_cp in (False, True) if _HAS_PEAK]
    measured = alternate(make_step(plain, shape), {'checkpointing': make_step(saving, shape)}, rounds=rounds, warmup=1)
    slower = [1 / ratio for ratio in measured['checkpointing'].ratios]
    return report(
        measured['checkpointing'],
        benchmark='train_step',
        row=f'training step, R{depth}, {shape[0]} x {shape[1]} frames, checkpointing',
        required=1 / 1.35 if (depth, *shape) == (101, 1, 96) else None,
        step_time_ratio=round(sorted(slower)[len(slower) // 2], 3),
        activation_memory_ratio=round(weights[1] / weights[0], 3),
        activation_mb=[round(weight / 1e6) for weight in weights],
        peak_above_model_mb=[round(peak / 1e6) for peak in peaks],
    )


def time_long_clips(*, depth: int, shape: Sequence[int], rounds: int) -> Dict[str, Any]:
    """Report a step of long clips, which fit only with checkpointing: in float32 and in bfloat16.

    Args:
        depth: Of the network.
        shape: Clips in a batch and frames in a clip.
        rounds: Timed runs of each.
    """
    peaks = [_in_a_process(_peak_bytes, depth, tuple(shape), True, bf16) for bf16 in (False, True) if _HAS_PEAK]
    model = make_recognizer(depth, with_cp=True)
    measured = alternate(make_step(model, shape), {'bf16': make_step(model, shape, bf16=True)}, rounds=rounds, warmup=0)
    return report(
        measured['bf16'],
        benchmark='train_step',
        row=f'training step, R{depth}, {shape[0]} x {shape[1]} frames, checkpointing, bf16 against fp32',
        peak_above_model_mb=[round(peak / 1e6) for peak in peaks],
    )


def make_recognizer(
    depth: int, *, with_cp: bool = False, prepared: bool = True, width: int = 64, hidden_size: int = 1024
) -> CSLRRecognizer:
    """The published SlowFastSign of three streams, in training mode, ``prepared`` for a CPU."""
    torch.manual_seed(0)
    model = CSLRRecognizer(
        dict(type='SlowFast', depth=depth, layout='64x2', width=width, with_cp=with_cp),
        dict(type='MultiStreamTemporalConv', hidden_size=hidden_size),
        head=dict(type='BiLSTMHead'),
        losses=published_losses(dict(SeqCTC=1.0, ConvCTC=1.0, Dist=25.0, Slow=0.25, Fast=0.25)),
        decoder=dict(type='GreedyDecoder'),
        vocab=_GLOSSES,
    )
    return (prepare_for_cpu(model) if prepared else model).train()


def make_step(
    model: CSLRRecognizer, shape: Sequence[int], *, bf16: bool = False, contiguous: bool = False, backward: bool = True
) -> Callable[[], Any]:
    """A call that computes the loss of a batch and, with ``backward``, its gradients."""
    batch_size, num_frames = shape
    clips = torch.randn(batch_size, num_frames, 224, 224, 3).permute(0, 1, 4, 2, 3)
    if contiguous:
        clips = clips.transpose(1, 2).contiguous().transpose(1, 2)
    lens = torch.full((batch_size,), num_frames)
    samples = [SignDataSample.create(str(index), _TARGET) for index in range(batch_size)]

    def step() -> torch.Tensor:
        context: ContextManager = torch.autocast('cpu', torch.bfloat16) if bf16 else contextlib.nullcontext()
        with context:
            total, _ = model.parse_losses(model(clips, lens, samples, mode='loss'))
        if backward:
            total.backward()
            model.zero_grad(set_to_none=True)
        return total

    return step


def _repeat(step: Callable[[], Any]) -> None:
    for _ in range(_STEPS):
        step()


def saved_bytes(model: nn.Module, forward: Callable[[], Any]) -> int:
    """Bytes that a forward pass keeps for the backward pass, each storage once and without parameters.

    Args:
        model: Its parameters are left out.
        forward: What is run; its result is held until the bytes are counted.
    """
    own = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    storages: Dict[int, int] = {}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            storages[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        result = forward()
    total = sum(storages.values())
    del result
    return total


def _peak_bytes(depth: int, shape: Sequence[int], with_cp: bool, bf16: bool = False) -> int:
    step = make_step(make_recognizer(depth, with_cp=with_cp), shape, bf16=bf16)
    before = _resident_peak()
    step()
    return _resident_peak() - before


def _resident_peak() -> int:
    """Bytes that this process has held at most; not of its parent, which `getrusage` would give."""
    lines = Path('/proc/self/status').read_text(encoding='utf-8').splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith('VmHWM:'))


def _in_a_process(function: Callable[..., int], *arguments: Any) -> int:
    with multiprocessing.get_context('spawn').Pool(1) as pool:
        return pool.apply(function, arguments)
