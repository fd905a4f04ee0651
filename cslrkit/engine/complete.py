"""Completing a config: a copy with the options of a command line, and with what follows from the rest."""

import copy
import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Optional, Union

import torch
from mmengine.config import Config

from cslrkit.engine.checkpoint_io import LAST_RECORD, find_checkpoint
from cslrkit.engine.epochs import follow_epochs
from cslrkit.errors import ConfigError
from cslrkit.registry import DATA_SAMPLERS, DATASETS, MODELS, accepted_arguments
from cslrkit.utils.checks import one_of
from cslrkit.utils.dataset_configs import datasets_in
from cslrkit.utils.shipped import shipped_root

SPLIT_LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')
LAUNCHERS = ('none', 'pytorch', 'slurm', 'mpi')

# What only training needs.
_TRAINING_KEYS = (
    'curriculum',
    'train_dataloader',
    'train_cfg',
    'val_dataloader',
    'val_cfg',
    'val_evaluator',
    'optim_wrapper',
    'param_scheduler',
    'auto_scale_lr',
    'strategy',
)


@dataclass(frozen=True)
class TrainOptions:
    """What a command line says of a training; None leaves what the config says.

    Args:
        work_dir: Where checkpoints and logs go; ``work_dirs/<config name>`` if the config does not say either.
        resume: Go on from the last checkpoint of the work directory, or from the one given. A restart by torchrun goes
            on from the last one that it finds.
        amp: Mixed precision: ``'auto'``, ``'float16'`` or ``'bfloat16'``.
        seed: Seed of all generators.
        launcher: How the processes were started: ``'none'`` or ``'pytorch'`` (torchrun), ...
        strategy: How training is spread over processes: ``'deepspeed_zero2'``, ``'deepspeed_zero3'`` or ``'fsdp'``.
        auto_scale_lr: Whether learning rates are multiplied by the batch size of all processes over
            ``auto_scale_lr.base_batch_size``.
    """

    work_dir: Optional[Union[str, Path]] = None
    resume: Union[bool, str] = False
    amp: Optional[str] = None
    seed: Optional[int] = None
    launcher: str = 'none'
    strategy: Optional[str] = None
    auto_scale_lr: bool = False


@dataclass(frozen=True)
class EvalOptions:
    """What a command line says of a test; None leaves what the config says.

    Args:
        checkpoint: A checkpoint of cslrkit, or a work directory, whose best checkpoint is taken.
        split: ``'train'`` (test transforms on the training sentences), ``'dev'`` or ``'test'``.
        work_dir: Where hypotheses, scores and the log go; beside the checkpoint by default.
        fold_bn: Whether batch norms are folded into convolutions; not by default, for folding changes logits by
            floating-point noise.
        amp: Precision of the backbone, ``'bfloat16'`` or ``'float16'``.
        compile: Whether the backbone is compiled.
        launcher: As for training.
    """

    checkpoint: Union[str, Path]
    split: str = 'test'
    work_dir: Optional[Union[str, Path]] = None
    fold_bn: Optional[bool] = None
    amp: Optional[str] = None
    compile: Optional[bool] = None
    launcher: str = 'none'


def complete(config: Config, options: Union[TrainOptions, EvalOptions, None] = None) -> Config:
    """Return what is run: a copy of ``config`` with ``options``, and with what follows from the rest of it.

    ``corpus``, ``data_root``, ``ann_dir``, ``frames``, ``features`` and ``keypoints`` of the top level go to every
    dataset that sets none, the first train dataset's vocabulary file to the model, the model's vocabulary to datasets
    that are read together, the folder of annotations into an evaluator's ``stm`` where that says ``{ann_dir}``, and
    loaders get the seeding of workers and pinned memory where there is a GPU; a sampler that forms batches gets the
    loader's ``batch_size``. Classes are named by their paths. With options, evaluators write into the work directory.

    Args:
        config: From ``cslrkit.engine.config.load_config``; it stays as it is.
        options: Of a training or a test.

    Raises:
        ConfigError: If it lacks what the run needs, or for an option with another value.
        CheckpointError: If ``options`` name a work directory without a best checkpoint.
    """
    # Formatting its text, which goes into logs, takes seconds where dicts are nested.
    copied = Config(copy.deepcopy(config._cfg_dict), filename=config.filename, format_python_code=False)
    config = _name_classes(copied)
    config.setdefault('default_scope', 'cslrkit')
    _complete_data(config)
    if options is None:
        return config
    config.launcher = one_of('launcher', options.launcher, LAUNCHERS)
    if isinstance(options, TrainOptions):
        _require(config, 'model', 'train_dataloader', 'train_cfg', 'optim_wrapper')
        _complete_training(config, options)
        written = config.get('val_evaluator')
    else:
        _require(config, 'model', 'test_dataloader', 'test_cfg', 'test_evaluator')
        config = select_split(config, options.split)
        checkpoint = find_checkpoint(options.checkpoint)
        config.work_dir = str(Path(options.work_dir or checkpoint.absolute().parent))
        config.load_from, config.resume = str(checkpoint), False
        given = dict(fold_bn=options.fold_bn, dtype=options.amp, compile=options.compile)
        config.inference = inference_options(config, **given)
        written = config.test_evaluator
    for evaluator in as_list(written):
        if evaluator.get('out_dir') is None:
            evaluator['out_dir'] = config.work_dir
    return config


def inference_options(config: Any, **given: Any) -> Dict[str, Any]:
    """How a checkpoint is run when it is tested: arguments of ``cslrkit.models.speed.prepare_for_inference``.

    No option that changes a number, if only by floating-point noise, is on by itself.

    Args:
        config: A config; its key is ``inference``.
        **given: Options that win over the config's unless they are None.
    """
    given = {name: value for name, value in given.items() if value is not None}
    return {**dict(fold_bn=False, dtype=None, compile=False), **(config.get('inference') or {}), **given}


def select_split(config: Config, split: str) -> Config:
    """Return a copy of ``config`` that only tests, on ``split``, with test transforms.

    Args:
        config: A complete config with a test loader.
        split: ``'train'`` (the published train_eval protocol), ``'dev'`` or ``'test'``.
    """
    config = copy.deepcopy(config)
    for dataset in datasets_in(config.test_dataloader.dataset):
        dataset['split'] = split
    for evaluator in as_list(config.get('test_evaluator')):
        evaluator['split'] = split
    for name in _TRAINING_KEYS:
        config.pop(name, None)
    return config


def shipped_strategies() -> List[str]:
    """Names of the strategies that come with cslrkit, such as ``deepspeed_zero2``, sorted."""
    return sorted(path.stem for path in (shipped_root() / 'configs/_base_/strategies').glob('*.py'))


def as_list(value: Any) -> list:
    """``value`` as a list: itself, none for None, or one of it."""
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def loaders_of(config: Config) -> List[Dict[str, Any]]:
    """The configs of the loaders that a config has, training's first."""
    return [config[name] for name in SPLIT_LOADERS if config.get(name) is not None]


def vocab_file(dataset: Dict[str, Any]) -> str:
    """Path of ``gloss_dict.npy`` of a dataset config, the first one's of several."""
    dataset = datasets_in(dataset)[0]
    root, ann_dir = dataset.get('data_root', ''), dataset.get('ann_dir', 'preprocess')
    return os.path.join(root, ann_dir, 'gloss_dict.npy')


def _name_classes(config: Config) -> Config:
    """Name classes that the file imported by their paths, and leave out the imports."""

    def name_types(node: Any) -> None:
        if isinstance(node, dict):
            kind = node.get('type')
            if callable(kind):
                node['type'] = f'{kind.__module__}.{kind.__qualname__}'
            for value in node.values():
                name_types(value)
        elif isinstance(node, (list, tuple)):
            for value in node:
                name_types(value)

    for name in [name for name, value in config.items() if callable(value)]:
        config.pop(name)
    name_types(config._cfg_dict)
    return config


def _complete_data(config: Config) -> None:
    loaders = loaders_of(config)
    for loader in loaders:
        for dataset in datasets_in(loader.dataset):
            for key in ('data_root', 'ann_dir', 'frames', 'features', 'keypoints'):
                if config.get(key) is not None and key not in dataset:
                    dataset[key] = copy.deepcopy(config[key])
            if config.get('corpus') is not None and 'corpus' not in dataset and _takes(dataset, 'corpus'):
                dataset['corpus'] = _corpus_of_annotations(dataset, config['corpus'])
        loader.setdefault('pin_memory', torch.cuda.is_available())
        loader.setdefault('worker_init_fn', dict(type='cslrkit.seed_worker'))
        if _takes(loader.get('sampler') or {}, 'batch_size', registry=DATA_SAMPLERS):
            loader.sampler.setdefault('batch_size', loader.get('batch_size', 1))
    for name in ('val_evaluator', 'test_evaluator'):
        for evaluator in as_list(config.get(name)):
            if evaluator.get('stm') and '{ann_dir}' in evaluator.stm:
                dataset = config[name.replace('evaluator', 'dataloader')].dataset
                evaluator.stm = evaluator.stm.replace('{ann_dir}', os.path.dirname(vocab_file(dataset)))
    model = config.get('model')
    if model is not None and loaders and _takes(model, 'vocab', registry=MODELS):
        if model.get('vocab') is None:
            model['vocab'] = vocab_file(loaders[0].dataset)
        for loader in loaders:
            _share_vocab(loader.dataset, model['vocab'])


def _corpus_of_annotations(dataset: Dict[str, Any], corpus: Any) -> Any:
    """Return the config's corpus, or ``'custom'`` where annotations were prepared as that, as 0.1.0 did."""
    folder = Path(os.path.dirname(vocab_file(dataset)))
    prepared = {path.name.partition('-groundtruth-')[0] for path in folder.glob('*-groundtruth-*.stm')}
    if corpus == 'custom' or isinstance(corpus, dict) or prepared != {'custom'}:
        return copy.deepcopy(corpus)
    warnings.warn(
        f"'{folder}' was prepared as 'custom', so corpus = 'custom' is taken, not {corpus!r}. Set it in the config."
    )
    return 'custom'


def _share_vocab(dataset: Dict[str, Any], vocab: Any) -> None:
    """Let all datasets that are read together use one vocabulary; a gloss that it lacks is an error."""
    if dataset.get('datasets') is None:
        return
    for inner in datasets_in(dataset):
        if _takes(inner, 'vocab'):
            inner.setdefault('vocab', copy.deepcopy(vocab))
            inner.setdefault('on_unknown_gloss', 'error')
    if dataset.get('type') == 'ConcatDataset':  # otherwise mmengine refuses corpora and splits of different names
        dataset.setdefault('ignore_keys', ['corpus', 'split'])


def _takes(config: Dict[str, Any], argument: str, *, registry: Any = DATASETS) -> bool:
    """Whether the class of a dict has an argument."""
    kind = config.get('type')
    if isinstance(kind, str) and kind in registry:
        kind = registry.lookup(kind)
    return isinstance(kind, type) and argument in (accepted_arguments(kind) or ())


def _complete_training(config: Config, options: TrainOptions) -> None:
    work_dir = options.work_dir or config.get('work_dir') or Path('work_dirs', Path(config.filename).stem)
    config.work_dir = str(Path(work_dir))
    follow_epochs(config)
    if options.amp is not None:
        config.optim_wrapper.update(type='GuardedAmpOptimWrapper', dtype=options.amp)
    if options.seed is not None:
        config.randomness = dict(config.get('randomness', {}), seed=options.seed)
    restarted = int(os.environ.get('TORCHELASTIC_RESTART_COUNT', 0)) > 0  # by torchrun, with the same arguments
    if (restarted or options.resume is True) and Path(config.work_dir, LAST_RECORD).is_file():
        config.resume, config.load_from = True, None
    elif options.resume is True:
        config.resume = config.get('load_from') is None  # else the run has not begun, and begins as the config says
    elif options.resume:
        config.resume, config.load_from = True, str(options.resume)
    if options.strategy is not None:
        name = one_of('strategy', options.strategy, shipped_strategies())
        path = shipped_root() / 'configs/_base_/strategies' / f'{name}.py'
        config.strategy = Config.fromfile(path, lazy_import=False).strategy
    if options.auto_scale_lr:
        config.auto_scale_lr = dict(config.get('auto_scale_lr') or {}, enable=True)
    if config.get('strategy') is not None and config.get('model_wrapper_cfg') is not None:
        raise ConfigError('a strategy wraps the model by itself: give its options there.', path='model_wrapper_cfg')


def _require(config: Config, *needed: str) -> None:
    """Check that a config has what a run needs, and the parts of an evaluation all or none."""
    missing = [key for key in needed if config.get(key) is None]
    for split in ('val', 'test'):
        trio = [f'{split}_dataloader', f'{split}_cfg', f'{split}_evaluator']
        if any(config.get(key) is not None for key in trio):
            missing += [key for key in trio if config.get(key) is None and key not in missing]
    if missing:
        raise ConfigError(
            f"config '{config.filename}': it has no {', '.join(missing)}. A config names bases for model, dataset, "
            'schedule and runtime in _base_, see docs/concepts.md.'
        )
