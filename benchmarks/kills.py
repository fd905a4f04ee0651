"""Stops and kills a tiny training at random, lets it go on, and compares its end with that of one left alone."""

import argparse
import collections
import os
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path
from typing import Any, Dict, List, Optional

from cslrkit.corpora.synthsign import make_corpus
from cslrkit.engine.checkpoint_io import BEST_RECORD, LAST_RECORD, find_checkpoint, read_checkpoint
from cslrkit.engine.interruption import LOCK
from cslrkit.errors import CSLRKitError, InterruptedTrainingError

_HELPERS = Path(__file__).parents[1] / 'tests/helpers'
_WAYS = ('SIGTERM', 'SIGUSR1', 'SIGKILL', 'full disk', 'second training')
_FAILED, _REFUSED = 1, 2
_EXPECTED = {
    'SIGTERM': 75,
    'SIGUSR1': 75,
    'SIGKILL': -signal.SIGKILL,
    'full disk': _REFUSED,
    'second training': _REFUSED,
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark."""
    parser.add_argument('--epochs', type=int, metavar='N', help='of the training (default: 200; 20 if short)')
    parser.add_argument('--seed', type=int, default=0, help='of the times and ways of stopping')


def run(args: argparse.Namespace) -> None:
    """Train twice, print a line for each way of stopping and whether both trainings are equal to the bit.

    Raises:
        SystemExit: If anything was lost.
    """
    epochs = args.epochs or (20 if args.short else 200)
    sys.path.insert(0, str(_HELPERS))
    from stopped_training import differences, training_state, write_config

    draw = random.Random(args.seed)
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        make_corpus(root / 'corpus', preset='tiny', size=(112, 112), progress=False)
        config = write_config(root / 'config.py', root / 'corpus')
        options = dict(train_cfg__max_epochs=epochs, default_hooks__console__interval=10)
        start = time.monotonic()
        _end(_begin(config, root / 'whole', options))
        whole = time.monotonic() - start
        rows = _stop_until_done(config, root / 'stopped', options, draw=draw, longest=max(whole / 15, 1.0))
        unlike = differences(*(training_state(root / each / f'epoch_{epochs}.pth') for each in ('stopped', 'whole')))
    for way in _WAYS:
        print(f'{way:16}  tried {len(rows[way]):3}  survived {sum(rows[way]):3}')
    print(
        f'{epochs} epochs, {whole:.0f} s alone; places of the last checkpoint that differ: {len(unlike)} {unlike[:3]}'
    )
    if unlike or not all(ok for row in rows.values() for ok in row):
        raise SystemExit(1)


def _stop_until_done(
    config: Path, work_dir: Path, options: Dict[str, Any], *, draw: random.Random, longest: float
) -> Dict[str, List[bool]]:
    rows: Dict[str, List[bool]] = collections.defaultdict(list)
    while True:
        way = draw.choice(_WAYS)
        limit = draw.randrange(1000, 30_000) if way == 'full disk' else None
        child = _begin(config, work_dir, options, limit=limit)
        code = _wait_until_it_trains(work_dir, child)
        begun = code is None  # else the disk was too small even for that
        if begun:
            time.sleep(draw.uniform(0.05, longest))
        if begun and way == 'second training':
            code = _end(_begin(config, work_dir, options))
            os.kill(child, signal.SIGTERM)
            _end(child)
        elif begun:
            if way.startswith('SIG'):
                os.kill(child, getattr(signal, way))
            code = _end(child)
        if code == 0:
            return rows
        rows[way].append(code == _EXPECTED[way] and _is_whole(work_dir, killed=way == 'SIGKILL'))
        if not rows[way][-1]:
            print(f'{way}: exit {code}, left {sorted(path.name for path in work_dir.iterdir())}')
            print((work_dir.parent / 'log').read_text(encoding='utf-8')[-3000:])


def _begin(config: Path, work_dir: Path, options: Dict[str, Any], *, limit: Any = None) -> int:
    """Start or resume the training in a fork of this process; with ``limit`` no file can have more bytes."""
    child = os.fork()
    if child:
        return child
    log = os.open(work_dir.parent / 'log', os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    from stopped_training import train

    code = 0
    try:
        if limit:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        train(config, work_dir, resume=True, **options)
    except InterruptedTrainingError as error:
        code = error.exit_code
    except CSLRKitError as error:
        code = _REFUSED
        print(error)
    except BaseException:
        code = _FAILED
        traceback.print_exc()
    finally:
        os._exit(code)


def _wait_until_it_trains(work_dir: Path, child: int) -> Optional[int]:
    """Wait for the beginning of a training, or for its end, whose exit code is returned."""
    lock = work_dir / LOCK
    while not (lock.is_file() and f'process {child} ' in lock.read_text(encoding='utf-8')):
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return _exit_code(status)
        time.sleep(0.01)
    return None


def _end(child: int) -> int:
    return _exit_code(os.waitpid(child, 0)[1])


def _exit_code(status: int) -> int:
    return -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def _is_whole(work_dir: Path, *, killed: bool) -> bool:
    """Whether the checkpoints that are recorded can be read, and nothing half-written is left but by a kill."""
    with warnings.catch_warnings():
        warnings.simplefilter('error')  # a record that names nothing whole
        for record in (LAST_RECORD, BEST_RECORD):
            if (work_dir / record).is_file():
                read_checkpoint(find_checkpoint(work_dir, record=record))
    return killed or not [*work_dir.glob('*.tmp'), *work_dir.glob('.*.part-*')]
