"""Checks of a config: data, vocabulary, references, model, disk, checkpoint."""

import argparse
import os
import shutil
import warnings
from collections import deque
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence

from cslrkit.doctor.check import Checkup, FailedCheckError, Found, SkippedCheckError
from cslrkit.utils.messages import listed, plural

SPLITS = {'train': 'train_dataloader', 'dev': 'val_dataloader', 'test': 'test_dataloader'}
_EVALUATORS = {'dev': 'val_evaluator', 'test': 'test_evaluator'}
_GB = 2**30
_LEAST_FREE = _GB // 2  # logs and score files of a run
_STATES_PER_WEIGHT = 3  # a weight and Adam's two averages, four bytes each


def check_project(
    checkup: Checkup,
    path: str,
    *,
    options: Sequence[str] = (),
    work_dir: Optional[str] = None,
    checkpoint: Optional[str] = None,
) -> None:
    """Check a config file and everything that it names."""
    config = checkup.run('config', _config, path, options)
    if config is None:
        for name in ('data', 'vocabulary', 'model', 'work dir', 'checkpoint'):
            checkup.skip(name, 'needs a config that can be read')
        return
    datasets = {}
    for split, loader in SPLITS.items():
        if config.get(loader) is None:
            checkup.skip(f'{split} data', f'the config has no {loader}')
            continue
        dataset = checkup.run(f'{split} data', _dataset, config[loader].dataset)
        sample = checkup.run(f'{split} sample', _sample, dataset, needs={f'the {split} data': dataset})
        if sample is not None and config[loader].get('num_workers'):
            checkup.run(f'{split} workers', _shared_memory, config[loader], sample['inputs'])
        if dataset is not None:
            datasets[split] = dataset
    checkup.run('vocabulary', _vocabulary, config, datasets)
    for split, name in _EVALUATORS.items():
        if config.get(name) is not None:
            checkup.run(f'{split} references', _references, config[name], datasets.get(split))
    model = checkup.run('model', _model, config)
    checkup.run('initial weights', _initial_weights, config)
    work_dir = work_dir or config.get('work_dir') or os.path.join('work_dirs', Path(path).stem)
    checkup.run('work dir', check_work_dir, work_dir, config, model)
    if checkpoint is None:
        checkup.skip('checkpoint', 'none was given (--checkpoint)')
    else:
        checkup.run('checkpoint', check_checkpoint, checkpoint, model, needs={'the model': model})


def check_work_dir(path: str, config: Optional[Mapping[str, Any]] = None, model: Optional[Any] = None) -> Found:
    """Check that ``path`` could be written and has room for the checkpoints of a run; creates nothing."""
    place = Path(path).absolute()
    while not place.exists():
        place = place.parent
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        what = 'cannot be written' if place.is_dir() else 'is a file'
        raise FailedCheckError(
            f"'{place}' {what}, so '{path}' cannot be made", 'Choose another folder with --work-dir.'
        )
    free = shutil.disk_usage(place).free
    needed = _LEAST_FREE + _checkpoint_bytes(config, model)
    if free < needed:
        raise FailedCheckError(
            f"'{path}': {free / _GB:.1f} GB are free, a run needs about {needed / _GB:.1f} GB",
            'Free some space, choose another disk with --work-dir, or keep fewer checkpoints '
            '(default_hooks.checkpoint.max_keep_ckpts).',
        )
    return Found(f"'{path}': {free / _GB:.1f} GB free, a run needs about {needed / _GB:.1f} GB")


def _checkpoint_bytes(config: Optional[Mapping[str, Any]], model: Optional[Any]) -> int:
    if model is None or config is None:
        return 0
    hook = (config.get('default_hooks') or {}).get('checkpoint') or {}
    kept = hook.get('max_keep_ckpts', -1)
    epochs = (config.get('train_cfg') or {}).get('max_epochs', 1)
    # The best one and the one that is being written come on top.
    count = (kept if kept > 0 else epochs) + 2
    return count * _STATES_PER_WEIGHT * 4 * sum(parameter.numel() for parameter in model.parameters())


def _config(path: str, options: Sequence[str]) -> Found:
    from mmengine.config import DictAction

    from cslrkit.engine.config import load_config

    for option in options:
        if '=' not in option:
            raise FailedCheckError(f'--cfg-options {option}: expected KEY=VALUE', 'Write it without spaces around =.')
    parser = argparse.ArgumentParser()
    parser.add_argument('--options', nargs='+', action=DictAction)
    overrides = parser.parse_args(['--options', *options]).options if options else None
    config = load_config(path, overrides)
    return Found(f"'{path}': every type and argument is known", config)


def _dataset(settings: Mapping[str, Any]) -> Found:
    from cslrkit.registry import DATASETS

    dataset = DATASETS.build(settings)
    return Found(
        f'{plural(len(dataset), "sentence")}, frames in {getattr(dataset, "frame_root", settings.get("data_root"))}',
        dataset,
    )


def _sample(dataset: Any) -> Found:
    from cslrkit.datasets import CSLRDataset

    if isinstance(dataset, CSLRDataset):
        deque(dataset.clip(0).frames(), maxlen=0)  # those that frame_interval leaves out this time, too
    sample = dataset[0]
    annotation, said = sample['data_samples'], []
    for medium in media_of(sample['inputs']):
        frames, *shape = medium.shape
        if float(medium.float().std()) == 0:
            raise FailedCheckError(
                f"'{annotation.sample_id}': all pixels of {frames} frames are the same",
                'Look at its frames: were they extracted or copied in full?',
            )
        kind = f'{shape[2]}x{shape[1]}, {shape[0]} channels' if len(shape) == 3 else f'{shape[0]} points or channels'
        said.append(f'{plural(frames, "frame")} of {kind}')
    return Found(f"'{annotation.sample_id}': {'; '.join(said)}, {plural(len(annotation.glosses), 'gloss')}", sample)


def media_of(inputs: Any) -> List[Any]:
    """The tensors of a packed sample."""
    return list(inputs.values()) if isinstance(inputs, Mapping) else [inputs]


def _shared_memory(loader: Mapping[str, Any], inputs: Any) -> Found:
    """Workers hand clips over in shared memory, of which containers have little."""
    place = Path('/dev/shm')
    if not place.is_dir():
        raise SkippedCheckError('no /dev/shm on this system')
    batches = loader['num_workers'] * (loader.get('prefetch_factor') or 2)
    needed = (
        batches * loader.get('batch_size', 1) * sum(each.numel() * each.element_size() for each in media_of(inputs))
    )
    free = shutil.disk_usage(place).free
    figures = (
        f'{batches} batches ahead take about {needed / 2**20:.0f} MB of shared memory, {free / 2**20:.0f} MB are free'
    )
    if free < needed:
        raise FailedCheckError(
            figures,
            'Give the container more (`docker run --shm-size=8g`), or set num_workers=0 or fewer, or batch_size lower.',
        )
    return Found(figures)


def _vocabulary(config: Mapping[str, Any], datasets: Dict[str, Any]) -> Found:
    from cslrkit.corpora.prepare.summary import gloss_notes
    from cslrkit.structures import GlossVocab

    source = config.model.get('vocab')
    if source is None:
        raise SkippedCheckError('the config gives the model no vocabulary')
    vocab = GlossVocab.of(source)
    source = source if isinstance(source, str) else 'the config'
    for note in gloss_notes(vocab.glosses):
        warnings.warn(f'{note}.', stacklevel=2)
    for split, dataset in datasets.items():
        difference = vocab.difference(dataset.vocab)
        if difference:
            raise FailedCheckError(
                f"the model's vocabulary '{source}' is not that of the {split} data: {difference}",
                'Let every dataset and the model use one gloss_dict.npy (ann_dir, model.vocab).',
            )
    return Found(f'{plural(len(vocab), "gloss")} and the blank: {plural(vocab.num_classes, "class")}, from {source}')


def _references(evaluators: Any, dataset: Optional[Any]) -> Found:
    from cslrkit.engine.complete import as_list
    from cslrkit.evaluation import WERMetric
    from cslrkit.evaluation.functional import load_stm
    from cslrkit.registry import METRICS

    findings: List[str] = []
    for settings in as_list(evaluators):
        metric = METRICS.build(settings)
        if not isinstance(metric, WERMetric):
            findings.append(type(metric).__name__)
            continue
        finding = f"mode '{metric.mode}', normalizer '{metric.normalizer_name}'"
        if metric.stm is None:
            findings.append(f'{finding}, against the glosses of the dataset')
            continue
        ids = [entry.sample_id for entry in load_stm(metric.stm)]
        if dataset is not None:
            _compare_ids(ids, dataset.sample_ids, metric)
        findings.append(f"{finding}, against {plural(len(ids), 'sentence')} of '{metric.stm}'")
    return Found('; '.join(findings))


def _compare_ids(references: List[str], samples: List[str], metric: Any) -> None:
    lacking = sorted(set(samples) - set(references))
    extra = sorted(set(references) - set(samples))
    if lacking or (extra and metric.missing == 'error'):
        raise FailedCheckError(
            f"'{metric.stm}' has no sentence for {plural(len(lacking), 'sample')} ({listed(lacking, 3)}), and "
            f'{len(extra)} that '
            f'the dataset does not have ({listed(extra, 3)})',
            "Give the STM file of this split; where only the dataset's last entry is left out on purpose, set "
            "missing='empty'.",
        )


def _model(config: Mapping[str, Any]) -> Found:
    from cslrkit.registry import MODELS

    model = MODELS.build(config.model)
    count = sum(parameter.numel() for parameter in model.parameters())
    return Found(f'{type(model).__name__}, {count / 1e6:.1f} million weights', model)


def _initial_weights(config: Mapping[str, Any]) -> Found:
    from cslrkit.models.weights import read_weights

    named = [config['load_from']] if config.get('load_from') else []
    named += _pretrained(config.model)
    if not named:
        raise SkippedCheckError('the config names none (load_from, init_cfg)')
    return Found('; '.join(f"'{name}': {_origin(read_weights(name))}" for name in named))


def _pretrained(node: Any) -> List[str]:
    """Files that an ``init_cfg`` anywhere below ``node`` names."""
    if isinstance(node, (list, tuple)):
        return [name for item in node for name in _pretrained(item)]
    if not isinstance(node, dict):
        return []
    own = [node['checkpoint']] if node.get('type') == 'Pretrained' and isinstance(node.get('checkpoint'), str) else []
    return own + [name for item in node.values() for name in _pretrained(item)]


def check_checkpoint(path: str, model: Optional[Any] = None) -> Found:
    """Check that a checkpoint can be read and, if a model is given, loaded as testing would."""
    from cslrkit.engine.checkpoint_io import check_vocab, find_checkpoint
    from cslrkit.models.weights import check_num_classes, load_pretrained, read_weights

    weights = read_weights(find_checkpoint(path))
    if model is None:
        return Found(f"'{weights.path}': {_origin(weights)}; give its config, too, to compare it with the model")
    if weights.format == 'cslrkit':
        check_vocab(weights.path, weights.content.get('meta', {}), getattr(model, 'vocab', None))
    else:
        check_num_classes(model, weights)
    load_pretrained(model, weights, strict=True)
    return Found(f"'{weights.path}' fits the model and its vocabulary ({_origin(weights)})")


def _origin(weights: Any) -> str:
    from cslrkit.models.weights import FORMATS

    meta = weights.content.get('meta', {}) if weights.format == 'cslrkit' else {}
    facts = [FORMATS[weights.format][0]]
    facts += [f'epoch {meta["epoch"]}'] if 'epoch' in meta else []
    facts += [plural(len(meta['vocab']), 'gloss')] if meta.get('vocab') else []
    return ', '.join([*facts, plural(len(weights.tensors), 'tensor')])
