"""Training and testing a config: what ``tools/train.py`` and ``tools/test.py`` run."""

import os
from pathlib import Path
from typing import Any, Dict, Optional, Sequence, Union

from mmengine.config import Config
from mmengine.registry import DefaultScope

from cslrkit.apis.fusion import MeanFusion
from cslrkit.engine.checkpoint_io import find_checkpoint
from cslrkit.engine.complete import EvalOptions, TrainOptions, complete, inference_options, loaders_of, vocab_file
from cslrkit.engine.distributed import TIME_LIMIT, start_cpu_processes
from cslrkit.engine.flexible_runner import CSLRFlexibleRunner
from cslrkit.engine.interruption import disk_errors
from cslrkit.engine.runner import CSLRRunner
from cslrkit.engine.stored_config import with_stored_parts
from cslrkit.models.speed import prepare_for_inference
from cslrkit.models.weights import read_weights
from cslrkit.registry import DATASETS
from cslrkit.utils.dataset_configs import datasets_in
from cslrkit.utils.files import ensure_writable_dir
from cslrkit.utils.process import prepare_process


def train_model(
    config: Config, work_dir: Optional[Union[str, Path]] = None, **options: Any
) -> Union[CSLRRunner, CSLRFlexibleRunner]:
    """Train a config.

    Args:
        config: From ``cslrkit.engine.config.load_config``; it stays as it is.
        work_dir: Where checkpoints and logs go; ``work_dirs/<config name>`` by default.
        **options: Others of :class:`~cslrkit.engine.complete.TrainOptions`: ``resume``, ``amp``, ``seed``,
            ``launcher``, ``strategy``, ``auto_scale_lr``.

    Returns:
        The runner after training; ``cfg`` is what was run.
    """
    config = complete(config, TrainOptions(work_dir, **options))
    ensure_writable_dir(config.work_dir, what='work dir', option='--work-dir')
    with disk_errors(config.work_dir):
        runner = _build_runner(config)
    runner.train()
    return runner


def evaluate_model(
    config: Config, checkpoint: Union[str, Path], *, fuse_with: Sequence[Union[str, Path]] = (), **options: Any
) -> Dict[str, float]:
    """Score a checkpoint on a split.

    Args:
        config: From ``cslrkit.engine.config.load_config``; it stays as it is.
        checkpoint: A checkpoint of cslrkit, or a work directory, whose best checkpoint is taken.
        fuse_with: Checkpoints whose log-probabilities are averaged with its, see
            :class:`~cslrkit.apis.fusion.MeanFusion`; its decoder and evaluator are used.
        **options: Others of :class:`~cslrkit.engine.complete.EvalOptions`: ``split``, ``work_dir``, ``fold_bn``,
            ``amp``, ``compile``, ``launcher``.

    Returns:
        WER and its parts in percent, counts, and the auxiliary figures.
    """
    config = _with_aligner(complete(config, EvalOptions(checkpoint, **options)), find_checkpoint(checkpoint))
    ensure_writable_dir(config.work_dir, what='output', option='--work-dir')
    runner = _build_runner(config)
    inference = inference_options(config)
    if any(inference.values()):
        runner.load_or_resume()
        runner.model = prepare_for_inference(runner.bare_model, **inference)
    if fuse_with:
        runner.test_loop.fusion = MeanFusion(runner.bare_model, config, [find_checkpoint(path) for path in fuse_with])
    return runner.test()


def _with_aligner(config: Config, checkpoint: Path) -> Config:
    """Let a checkpoint that has an aligner keep it; one that cannot be read is told of when its weights are loaded."""
    weights = read_weights(checkpoint) if checkpoint.is_file() else None
    if weights is None or weights.format != 'cslrkit':
        return config
    return with_stored_parts(config, weights.content.get('meta') or {})


def _build_runner(config: Config) -> Union[CSLRRunner, CSLRFlexibleRunner]:
    prepare_process()
    if config.launcher != 'none':
        dist_cfg = config.setdefault('env_cfg', {}).setdefault('dist_cfg', dict(backend='nccl'))
        start_cpu_processes(config.launcher, dist_cfg.setdefault('timeout', TIME_LIMIT))
    _require_annotations(config)
    return (CSLRRunner if config.get('strategy') is None else CSLRFlexibleRunner).from_cfg(config)


def _require_annotations(config: Config) -> None:
    """Let a dataset without annotations say where it looked, before the model asks for its vocabulary."""
    with DefaultScope.overwrite_default_scope('cslrkit'):
        for loader in loaders_of(config):
            for dataset in datasets_in(loader.dataset):
                if not os.path.isfile(vocab_file(dataset)):
                    DATASETS.build(dataset)
