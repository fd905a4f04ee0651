"""Times a small network beside busy processes, with OpenMP's own way of waiting and with that of the tools."""

import argparse
import os
import subprocess
import sys
from contextlib import ExitStack
from typing import Any, Dict

import torch

from benchmarks.alternate import alternate, report
from cslrkit.registry import BACKBONES

_BUSY = (sys.executable, '-c', 'while True: pass')
_REQUIRED = 3.0  # beside a busy process for each core


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark: it has none of its own."""


def run(args: argparse.Namespace) -> None:
    """Time the network alone and beside as many busy processes as there are cores."""
    for busy in (0, os.cpu_count() or 1):
        compare(busy, rounds=args.rounds)


def compare(busy: int, *, rounds: int) -> Dict[str, Any]:
    """Time two processes in turn, the baseline without what the tools set.

    Args:
        busy: Processes beside them that only count.
        rounds: Timed runs of each.

    Returns:
        What the report says.
    """
    ours = dict(os.environ)  # this process is a tool
    plain = {name: value for name, value in ours.items() if name != 'GOMP_SPINCOUNT'}
    with ExitStack() as stack:
        baseline, candidate = (_started(stack, env) for env in (plain, ours))
        for _ in range(busy):
            stack.callback(subprocess.Popen(_BUSY).kill)
        measured = alternate(lambda: _pass(baseline), {'ours': lambda: _pass(candidate)}, rounds=rounds)['ours']
    row = f'a SlowFast of 18 layers beside {busy} busy processes'
    return report(measured, benchmark='busy', row=row, required=_REQUIRED if busy else None)


def _started(stack: ExitStack, env: Dict[str, str]) -> subprocess.Popen:
    command = (sys.executable, '-m', 'benchmarks.busy')
    process = subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    stack.callback(process.kill)
    return process


def _pass(process: subprocess.Popen) -> None:
    """Let a process run the network once."""
    print(file=process.stdin, flush=True)
    process.stdout.readline()


def _serve() -> None:
    """Run the network once for each line."""
    network = BACKBONES.build(dict(type='SlowFast', depth=18, layout='8x8', width=8)).eval()
    clip = torch.randn(2, 3, 60, 64, 64)
    with torch.no_grad():
        for _ in sys.stdin:
            network(clip)
            print(flush=True)


if __name__ == '__main__':
    _serve()
