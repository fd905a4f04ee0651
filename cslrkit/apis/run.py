"""Training and testing a config: what ``tools/train.py`` and ``tools/test.py`` run."""

import copy
import os
from pathlib import Path
from typing import Any, Dict, Optional, Union

from mmengine.config import Config
from mmengine.registry import DefaultScope

from cslrkit.engine.checkpoint_io import find_checkpoint
from cslrkit.engine.config import as_list, loaders_of, select_split, vocab_file
from cslrkit.engine.config_check import check_complete
from cslrkit.engine.distributed import start_cpu_processes
from cslrkit.engine.flexible_runner import CSLRFlexibleRunner
from cslrkit.engine.inference_options import inference_options
from cslrkit.engine.runner import CSLRRunner
from cslrkit.engine.scaling import runner_class, set_scaling
from cslrkit.errors import ConfigError
from cslrkit.models.speed import prepare_for_inference
from cslrkit.registry import DATASETS
from cslrkit.utils.dataset_configs import datasets_in
from cslrkit.utils.files import ensure_writable_dir
from cslrkit.utils.process import prepare_process

LAUNCHERS = ('none', 'pytorch', 'slurm', 'mpi')


def training_config(
    config: Config,
    work_dir: Optional[Union[str, Path]] = None,
    *,
    resume: Union[bool, str] = False,
    amp: Optional[str] = None,
    seed: Optional[int] = None,
    launcher: str = 'none',
    strategy: Optional[str] = None,
    auto_scale_lr: bool = False,
) -> Config:
    """Return a copy of a config as :func:`train_model` runs it with the same arguments.

    Args:
        config: From ``cslrkit.engine.config.load_config``.
        work_dir: Where checkpoints and logs go; ``work_dirs/<config name>`` by default.
        resume: Go on from the last checkpoint of the work directory, or from the one given.
        amp: Mixed precision: ``'auto'``, ``'float16'`` or ``'bfloat16'``.
        seed: Seed of all generators.
        launcher: How the processes were started: ``'none'`` or ``'pytorch'`` (torchrun), ...
        strategy: How the state of training is spread over processes: ``'deepspeed_zero2'``,
            ``'deepspeed_zero3'`` or ``'fsdp'``; ``strategy`` of the config by default.
        auto_scale_lr: Whether learning rates are multiplied by the batch size of all processes over
            ``auto_scale_lr.base_batch_size``.
    """
    config = copy.deepcopy(config)
    config.work_dir = str(work_dir or config.get('work_dir') or os.path.join('work_dirs', Path(config.filename).stem))
    config.launcher = launcher
    if amp is not None and config.get('optim_wrapper') is not None:
        config.optim_wrapper.type = 'GuardedAmpOptimWrapper'
        config.optim_wrapper.dtype = amp
    if seed is not None:
        config.randomness = dict(config.get('randomness', {}), seed=seed)
    if resume:
        config.resume = True
        config.load_from = resume if isinstance(resume, str) else None
    _fill_output(config.get('val_evaluator'), config.work_dir)
    set_scaling(config, strategy=strategy, auto_scale_lr=auto_scale_lr)
    return config


def train_model(
    config: Config, work_dir: Optional[Union[str, Path]] = None, **options: Any
) -> Union[CSLRRunner, CSLRFlexibleRunner]:
    """Train a config.

    Args:
        config: From ``cslrkit.engine.config.load_config``.
        work_dir: Where checkpoints and logs go; ``work_dirs/<config name>`` by default.
        options: Others of :func:`training_config`.

    Returns:
        The runner after training.
    """
    check_complete(config, needed=('model', 'train_dataloader', 'train_cfg', 'optim_wrapper'))
    config = training_config(config, work_dir, **options)
    ensure_writable_dir(config.work_dir, what='work dir', option='--work-dir')
    runner = _build_runner(config)
    runner.train()
    return runner


def evaluate_model(
    config: Config,
    checkpoint: Union[str, Path],
    *,
    split: str = 'test',
    work_dir: Optional[Union[str, Path]] = None,
    fold_bn: Optional[bool] = None,
    amp: Optional[str] = None,
    compile: Optional[bool] = None,
    launcher: str = 'none',
) -> Dict[str, float]:
    """Score a checkpoint on a split.

    Args:
        config: From ``cslrkit.engine.config.load_config``.
        checkpoint: A checkpoint of cslrkit, or a work directory, whose best checkpoint is taken.
        split: ``'train'`` (test transforms on the training sentences), ``'dev'`` or ``'test'``.
        work_dir: Where hypotheses, scores and the log go; beside the checkpoint by default.
        fold_bn: Whether batch norms are folded into convolutions; ``inference.fold_bn`` of the config by
            default, and without that not, for folding changes logits by floating-point noise.
        amp: Precision of the backbone, ``'bfloat16'`` or ``'float16'``; ``inference.dtype`` by default.
        compile: Whether the backbone is compiled; ``inference.compile`` by default.
        launcher: As for ``train_model``.

    Returns:
        WER and its parts in percent, counts, and the auxiliary figures.
    """
    checkpoint = find_checkpoint(checkpoint)
    check_complete(config, needed=('model', 'test_dataloader', 'test_cfg', 'test_evaluator'))
    config = select_split(config, split)
    config.work_dir = str(
        ensure_writable_dir(work_dir or Path(checkpoint).absolute().parent, what='output', option='--work-dir')
    )
    config.load_from = str(checkpoint)
    config.resume = False
    _fill_output(config.test_evaluator, config.work_dir)
    config.launcher = launcher
    options = inference_options(config, fold_bn=fold_bn, dtype=amp, compile=compile)
    runner = _build_runner(config)
    if any(options.values()):
        runner.load_or_resume()
        runner.model = prepare_for_inference(runner.bare_model, **options)
    return runner.test()


def _fill_output(evaluators, work_dir: str) -> None:
    for evaluator in as_list(evaluators):
        if evaluator.get('out_dir') is None:
            evaluator['out_dir'] = work_dir


def _build_runner(config: Config) -> Union[CSLRRunner, CSLRFlexibleRunner]:
    if config.launcher not in LAUNCHERS:
        raise ConfigError(f'launcher: got {config.launcher!r}, expected one of {", ".join(LAUNCHERS)}.')
    prepare_process()
    if config.launcher != 'none':
        start_cpu_processes(config.launcher)
    _require_annotations(config)
    return runner_class(config).from_cfg(config)


def _require_annotations(config: Config) -> None:
    """Let a dataset without annotations say where it looked, before the model asks for its vocabulary."""
    with DefaultScope.overwrite_default_scope('cslrkit'):
        for loader in loaders_of(config):
            for dataset in datasets_in(loader.dataset):
                if not os.path.isfile(vocab_file(dataset)):
                    DATASETS.build(dataset)
