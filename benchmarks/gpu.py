"""Measures what docs/performance.md says of a GPU, against the published way on the same card; on a CPU, in small."""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Dict, List

from benchmarks import gpu_limits, gpu_rows
from benchmarks.gpu_machine import Machine

REPO = Path(__file__).parents[1]
ROWS = ('tests', 'parity', 'train', 'evaluate', 'preprocess', 'decode', 'read', 'longest', 'epoch')
ONLY_GPU = ('tests', 'longest')  # what a CPU cannot run in small


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark."""
    parser.add_argument('--rows', nargs='+', choices=ROWS, default=list(ROWS), help='what is done (default: all)')
    parser.add_argument('--device', help='(default: cuda if there is one, else cpu)')
    parser.add_argument('--out', default='gpu.json', metavar='JSON', help='all numbers (default: %(default)s)')


def run(args: argparse.Namespace) -> None:
    """Run the rows, print one table, write JSON."""
    machine = Machine.find(args.device, rounds=args.rounds)
    print(f'{machine.name}: R{machine.depth}, {machine.clips} x {machine.frames} frames', flush=True)
    rows: List[Dict[str, Any]] = []
    for name in args.rows:
        start = time.perf_counter()
        if name in ONLY_GPU and not machine.is_gpu:
            rows.append(dict(row=name, note=f'needs a GPU: {_WOULD[name]}'))
        elif name in _PROGRAMS:
            rows.append(_program(name, machine))
        else:
            rows.extend(_MEASURES[name](machine))
        print(f'{name}: {time.perf_counter() - start:.0f} s', flush=True)
        # What was measured is kept if a later row fails.
        Path(args.out).write_text(json.dumps(dict(machine=machine.facts(), rows=rows), indent=1), encoding='utf-8')
    print(_table(rows))
    print(f'written: {args.out}')


_MEASURES = dict(
    train=gpu_rows.measure_train,
    evaluate=gpu_rows.measure_evaluate,
    preprocess=gpu_rows.measure_preprocess,
    decode=gpu_rows.measure_decode,
    read=gpu_limits.measure_read,
    longest=gpu_limits.measure_longest,
    epoch=gpu_limits.measure_epoch,
)
_WOULD = dict(
    tests="runs the tests that are marked 'gpu' (pytest -m gpu)",
    longest='finds the longest clip whose training step fits into 12, 24 and 80 GB, with and without checkpointing',
)
_PROGRAMS = dict(
    tests=['-m', 'pytest', '-q', '-m', 'gpu', 'tests'],
    parity=['tools/check_parity.py', *(f'tests/data/{name}_public.json' for name in ('decode', 'wer', 'feeder'))],
)


def _program(name: str, machine: Machine) -> Dict[str, Any]:
    """Run a program of the project, without TF32, and report how it ended."""
    environment = {**os.environ, 'NVIDIA_TF32_OVERRIDE': '0', 'PYTHONPATH': str(REPO)}
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, *_PROGRAMS[name]], cwd=REPO, env=environment, capture_output=True, text=True, check=False
    )
    last = (done.stdout.strip() or done.stderr.strip()).splitlines()[-1:]
    return dict(
        row=name, passed=done.returncode == 0, seconds=round(time.perf_counter() - start, 1), note=' '.join(last)
    )


def _table(rows: List[Dict[str, Any]]) -> str:
    lines = [
        '',
        '| row | baseline s | ours s | ratio | memory, baseline / ours GB | note |',
        '|---|---|---|---|---|---|',
    ]
    for row in rows:
        gigabytes = [row.get(f'{side}_gb') for side in ('baseline', 'ours')]
        memory = ' / '.join('' if value is None else f'{value:.2f}' for value in gigabytes)
        cells = [row.get(key, '') for key in ('row', 'baseline_s', 'ours_s', 'ratio')]
        lines.append(f'| {" | ".join(map(str, [*cells, memory if any(gigabytes) else "", row.get("note", "")]))} |')
    return '\n'.join(lines)
