"""Times the evaluation forward of a SlowFast backbone in contiguous float32 against cslrkit's ways to run it."""

import argparse
import copy
import time
from typing import Any, Callable, Dict, List, Sequence

import torch
from torch import nn

from benchmarks.alternate import alternate, report
from benchmarks.baseline import to_published
from benchmarks.limits import count_operations, matrix_product_rates
from cslrkit.models.speed import prepare_for_inference
from cslrkit.registry import BACKBONES

# Arguments of prepare_for_inference, and the ratio that the row must reach at depth 101 and 64 frames.
ROWS: Dict[str, Dict[str, Any]] = {
    'fp32': dict(options=dict(), required=1.35),
    'compiled': dict(options=dict(compile=True), required=1.55),
    'bf16': dict(options=dict(dtype='bfloat16'), required=2.0),
    'compiled-bf16': dict(options=dict(dtype='bfloat16', compile=True), required=2.0),
}
_SHORT_ROWS = ('fp32', 'bf16')
_GROWTH_LENGTHS = (32, 64, 128, 300)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark."""
    parser.add_argument(
        '--rows',
        nargs='+',
        choices=(*ROWS, 'growth'),
        help='what is measured: ways to run, or how bf16 grows with the length of a clip (default: the ways to run)',
    )
    parser.add_argument('--depth', type=int, choices=(18, 50, 101), help='of the network (default: 101; 50 if short)')
    parser.add_argument('--frames', type=int, metavar='T', help='length of the clip (default: 64; 48 if short)')
    parser.add_argument('--batch-size', type=int, default=1, metavar='N', help='clips at once (default: 1)')


def run(args: argparse.Namespace) -> None:
    """Time the rows that are asked for."""
    rows = args.rows or (_SHORT_ROWS if args.short else tuple(ROWS))
    depth = args.depth or (50 if args.short else 101)
    frames = args.frames or (48 if args.short else 64)
    network = make_network(depth)
    measured = [row for row in rows if row != 'growth']
    if measured:
        compare_ways(network, measured, depth=depth, shape=(args.batch_size, frames), rounds=args.rounds)
    if 'growth' in rows:
        show_growth(network, args, depth=depth)


def compare_ways(
    network: nn.Module, rows: Sequence[str], *, depth: int, shape: Sequence[int], rounds: int
) -> List[Dict[str, Any]]:
    """Time the rows in turn with the baseline, and report each.

    Args:
        network: The backbone.
        rows: Names in ``ROWS``.
        depth: Of the network, for the report.
        shape: Clips in a batch and frames in a clip.
        rounds: Timed runs of each.

    Returns:
        What the reports say.
    """
    clip = make_clip(*shape)
    plain = to_published(copy.deepcopy(network))
    baseline = _runner(plain, clip.contiguous())
    operations = count_operations(baseline)
    candidates, notes = {}, {}
    for row in rows:
        prepared = prepare_for_inference(network, **ROWS[row]['options'])
        candidates[row] = _runner(prepared, clip)
        start = time.perf_counter()
        candidates[row]()
        notes[row] = dict(first_call_s=round(time.perf_counter() - start, 1))
    rates = matrix_product_rates()
    reports = []
    for row, measured in alternate(baseline, candidates, rounds=rounds, warmup=1).items():
        rate = rates[ROWS[row]['options'].get('dtype', 'float32')]
        reports.append(
            report(
                measured,
                benchmark='model',
                row=f'evaluation forward, R{depth}, {shape[0]} x {shape[1]} frames, {row}',
                required=ROWS[row]['required'] if (depth, *shape) == (101, 1, 64) else None,
                limit_s=operations / rate,
                gflop=round(operations / 1e9, 1),
                limit_gflops=round(rate / 1e9),
                **notes[row],
            )
        )
    return reports


def show_growth(network: nn.Module, args: argparse.Namespace, *, depth: int) -> None:
    """Report each length of a clip when it is done."""
    lengths = (args.frames,) if args.frames else _GROWTH_LENGTHS
    for frames in lengths:
        compare_ways(network, ['bf16'], depth=depth, shape=(args.batch_size, frames), rounds=args.rounds)


def make_network(depth: int) -> nn.Module:
    """A SlowFast with the statistics of no particular training; its speed is that of any."""
    torch.manual_seed(0)
    return BACKBONES.build(dict(type='SlowFast', depth=depth, layout='64x2')).eval()


def make_clip(batch_size: int, num_frames: int) -> torch.Tensor:
    """A batch (N, 3, T, 224, 224) as the data preprocessor gives it, channels innermost."""
    return torch.randn(batch_size, num_frames, 224, 224, 3).permute(0, 4, 1, 2, 3)


def _runner(network: nn.Module, clip: torch.Tensor) -> Callable[[], Any]:
    def run() -> Any:
        with torch.no_grad():
            return network(clip)

    return run
