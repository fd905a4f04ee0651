"""One training epoch of the synthetic corpus, with the toolkit's shortcuts and without any."""

import argparse
import contextlib
import copy
import multiprocessing
import os
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, Dict, List, Optional

from mmengine.config import Config, ConfigDict
from mmengine.hooks import Hook

from benchmarks import baseline  # noqa: F401  registers the slow side's classes
from benchmarks.alternate import Measured, report
from cslrkit.apis.run import train_model
from cslrkit.corpora.packing import datasets_of_config, pack_dir_of
from cslrkit.corpora.synthsign import make_corpus
from cslrkit.engine.config import load_config
from cslrkit.registry import HOOKS
from cslrkit.video.packed import pack_frames

CONFIG = 'configs/slowfast/synthsign.py'
REQUIRED = 1.6
SHORT_BATCHES = 12

# What each side switches on, beside what every config has: clips planned before they are read, uint8
# until the device, channels-last memory.
EXACT = dict(packed=True, workers=0)
ALL = dict(packed=True, grouped=True, amp='bfloat16', workers=0)


@HOOKS.register_module()
class EpochClock(Hook):
    """Note the seconds of each training epoch, from before its loader starts to after its last step."""

    priority = 'VERY_HIGH'

    def __init__(self) -> None:
        self.seconds: List[float] = []

    def before_train_epoch(self, runner) -> None:
        """Start the clock."""
        self._start = time.perf_counter()

    def after_train_epoch(self, runner) -> None:
        """Stop the clock."""
        self.seconds.append(time.perf_counter() - self._start)


def measure(*, short: bool, rounds: int, data_root: Optional[str] = None) -> List[Dict[str, Any]]:
    """Train epochs in turn and report the rows.

    Args:
        short: Only a few batches of each epoch and the main row.
        rounds: Epochs of each side, after one that is left out.
        data_root: A synthetic corpus; None draws one.

    Returns:
        The records of the rows.
    """
    with tempfile.TemporaryDirectory() as scratch:
        if data_root is None:
            data_root = str(make_corpus(Path(scratch, 'synthsign'), progress=True).root)
        config = base_config(load_config(CONFIG, {'data_root': data_root}), short)
        pack = str(Path(scratch, 'pack'))
        dataset = datasets_of_config(config, ['train'])[0]
        pack_frames(dataset, pack_dir_of(dataset, pack))
        variants = dict(baseline=_baseline(config), all=_shortcuts(config, pack, **ALL))
        if not short:
            variants['exact'] = _shortcuts(config, pack, **EXACT)
        seconds = alternate_epochs(variants, rounds, Path(scratch, 'runs'))
    titles = dict(all='an epoch, every option on', exact='an epoch, only options that change no number')
    return [
        report(
            Measured(seconds['baseline'], seconds[name]),
            benchmark='end_to_end',
            row=title,
            required=REQUIRED if name == 'all' else None,
            batches=SHORT_BATCHES if short else None,
        )
        for name, title in titles.items()
        if name in seconds
    ]


def alternate_epochs(variants: Dict[str, Config], rounds: int, work_dir: Path) -> Dict[str, List[float]]:
    """Train one epoch of each variant in turn; only the epochs are timed, not what comes before.

    Each variant has a process of its own, as a user's run has: what oneDNN keeps of one does not crowd out another's.
    """
    seconds: Dict[str, List[float]] = {name: [] for name in variants}
    context = multiprocessing.get_context('spawn')
    with contextlib.ExitStack() as stack:
        processes = {}
        for name, config in variants.items():
            process = ProcessPoolExecutor(1, context, _prepare_process, (config.pop('environment', {}),))
            processes[name] = stack.enter_context(process)
        for _ in range(rounds + 1):
            for name, config in variants.items():
                seconds[name] += processes[name].submit(_train_epoch, config, work_dir / name).result()
    return {name: times[1:] for name, times in seconds.items()}


def _prepare_process(environment: Dict[str, str]) -> None:
    os.environ.update(environment)
    multiprocessing.set_start_method('fork', force=True)  # what mmengine sets, with a warning after 'spawn'


def _train_epoch(config: Config, work_dir: Path) -> List[float]:
    config.custom_hooks = [*config.get('custom_hooks', []), dict(type='EpochClock')]
    runner = train_model(config, work_dir, amp=config.pop('amp', None))
    return next(hook.seconds for hook in runner.hooks if isinstance(hook, EpochClock))


def base_config(config: Config, short: bool) -> Config:
    """Leave of a config what trains an epoch, or a few batches of one."""
    for key in ('val_dataloader', 'val_cfg', 'val_evaluator', 'param_scheduler'):
        config.pop(key, None)
    config.train_cfg.max_epochs = 1
    config.default_hooks.update(console=None, checkpoint=None)
    config.visualizer = dict(type='Visualizer')
    if short:
        config.train_dataloader.num_batch_per_epoch = SHORT_BATCHES
    return config


def _baseline(config: Config) -> Config:
    """Every frame read, floats from the worker on, contiguous memory, fp32, oneDNN's own settings."""
    config = copy.deepcopy(config)
    pipeline = config.train_dataloader.dataset.pipeline
    pipeline.insert(1, ConfigDict(type='DecodeEveryFrame'))
    pipeline[-1] = ConfigDict(type='PackFloatInputs')
    config.model.data_preprocessor = dict(type='FloatPreprocessor')
    config.optim_wrapper.optimizer.fused = False
    config.custom_hooks = [dict(type='PublishedNetworkHook')]
    config.environment = dict(ONEDNN_PRIMITIVE_CACHE_CAPACITY='1024')
    return config


def _shortcuts(
    config: Config,
    pack: str,
    *,
    packed: bool = False,
    grouped: bool = False,
    amp: Optional[str] = None,
    workers: int = 1,
) -> Config:
    config = copy.deepcopy(config)
    loader = config.train_dataloader
    if packed:
        loader.dataset.frames = dict(type='PackedFrames', path=pack)
    if grouped:
        loader.sampler = dict(type='LengthGroupedSampler', batch_size=loader.batch_size)
    loader.num_workers = workers
    config.amp = amp
    return config


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark."""
    parser.add_argument('--data-root', metavar='DIR', help='a corpus of tools/make_synthetic.py (default: draws one)')


def run(args: argparse.Namespace) -> None:
    """Train the epochs."""
    measure(short=args.short, rounds=args.rounds, data_root=args.data_root)
