"""Checkpoints from other projects' weights, and checkpoints to give away."""

import hashlib
import json
import os
import re
from pathlib import Path
from typing import Any, Dict, Mapping, Optional, Union

from mmengine.config import Config

import cslrkit
from cslrkit.engine.checkpoint_io import find_checkpoint, read_checkpoint
from cslrkit.engine.stored_config import config_json, config_values
from cslrkit.errors import CheckpointError, ConfigError
from cslrkit.models.weights import BACKBONE_FORMATS, LoadReport, check_num_classes, load_pretrained, read_weights
from cslrkit.registry import BACKBONES, MODELS
from cslrkit.structures import GlossVocab
from cslrkit.utils.checks import one_of
from cslrkit.utils.config_path import config_path
from cslrkit.utils.files import ensure_writable_dir
from cslrkit.utils.tensor_files import SUFFIXES, write_tensor_file

_HASH_LENGTH = 8  # as in the names of torchvision's and mmengine's files
# Settings of a run on one machine, which a published config does not carry.
_RUN_SETTINGS = {'work_dir', 'load_from', 'resume', 'launcher'}
_EVALUATORS = ('val_evaluator', 'test_evaluator')  # which write into the folder of a run


def convert_checkpoint(config: Config, source: Union[str, Path], target: Union[str, Path]) -> LoadReport:
    """Write another project's weights as a checkpoint of cslrkit.

    A file of a whole recognizer (SlowFastSign, VAC) must fit the config exactly, and gives a checkpoint
    to test or to train from. A file of a backbone (PySlowFast, torchvision) gives a checkpoint of the
    backbone's loaded tensors alone, for ``init_cfg`` or ``load_from``.

    Args:
        config: From ``cslrkit.engine.config.load_config``; its ``model.vocab`` is the vocabulary that the
            weights were trained with.
        source: A file of a format that ``cslrkit.models.weights.load_pretrained`` knows.
        target: ``.pth`` or ``.safetensors``.

    Returns:
        What was loaded, adapted, left alone and not used.

    Raises:
        CheckpointError: If the file cannot be read or does not fit, or if its number of classes is not
            the vocabulary's.
        DataNotFoundError: If there is no vocabulary.
    """
    weights = read_weights(source)
    if weights.format == 'cslrkit':
        raise CheckpointError(f"checkpoint: '{source}' is of cslrkit already; there is nothing to convert.")
    meta: Dict[str, Any] = dict(
        cfg=config_json(config),
        cslrkit_version=cslrkit.__version__,
        converted_from=dict(name=Path(source).name, format=weights.format, sha256=sha256_of(source)),
    )
    if weights.format in BACKBONE_FORMATS:
        with config_path('model.backbone'):
            backbone = BACKBONES.build(config.model['backbone'])
        report = load_pretrained(backbone, weights)
        values = backbone.state_dict()
        tensors = {f'backbone.{name}': values[name] for name in (*report.loaded, *report.adapted)}
    else:
        model = MODELS.build(config.model)
        check_num_classes(model, weights)
        report = load_pretrained(model, weights, strict=True)
        tensors = model.state_dict()
        meta['vocab'] = model.vocab.glosses
    target = Path(target)
    ensure_writable_dir(target.parent, what='output', option='OUT')
    write_tensor_file(target, tensors, meta)
    return report


def publish_checkpoint(
    source: Union[str, Path],
    out_dir: Union[str, Path],
    *,
    config: Optional[Config] = None,
    suffix: Optional[str] = None,
    name: Optional[str] = None,
) -> Path:
    """Write a checkpoint to give away: weights, config and vocabulary, named by its content.

    The state of the training run (optimizer, schedules, histories) stays behind, and so do the run's
    own settings and paths of the config; data roots become ``data/<corpus>``.

    Args:
        source: A checkpoint of cslrkit, or a work directory, whose best checkpoint is taken.
        out_dir: A folder; or the file itself, whose name ends in ``.pth`` or ``.safetensors``.
        config: The config, for a checkpoint that does not carry one.
        suffix: ``'.pth'`` or ``'.safetensors'``; by default that of a file in ``out_dir``, else ``'.pth'``.
        name: Beginning of the file's name in a folder; that of ``source`` by default.

    Returns:
        The file; in a folder ``<name>-<first 8 digits of its SHA-256><suffix>``.

    Raises:
        CheckpointError: If the file cannot be read, or has no config or vocabulary.
        ConfigError: For another suffix, or a ``suffix`` or ``name`` that a file in ``out_dir`` contradicts.
    """
    file = None if Path(out_dir).suffix not in SUFFIXES or Path(out_dir).is_dir() else Path(out_dir)
    suffix = suffix or (file.suffix if file else '.pth')
    one_of('suffix', suffix, SUFFIXES)
    if file and (suffix != file.suffix or name):
        raise ConfigError(
            f"publish_checkpoint: got the file '{out_dir}' and also the {'name' if name else 'format'} "
            f"'{name or suffix[1:]}', expected one of the two. Name a folder, or leave the other out."
        )
    source = find_checkpoint(source)
    checkpoint = read_checkpoint(source)
    state, meta = checkpoint['state_dict'], checkpoint.get('meta', {})
    if config is not None:
        meta = {**meta, 'cfg': config_json(config)}
    text = portable_config(config_values(meta, where=source))
    published: Dict[str, Any] = dict(cfg=text, cslrkit_version=cslrkit.__version__)
    if 'vocab' in meta:
        published['vocab'] = GlossVocab.from_list(meta['vocab']).glosses
    elif any(key.startswith('head.') for key in state):
        raise CheckpointError(
            f"checkpoint: '{source}' has a classifier but no vocabulary. Convert it with the vocabulary that it was "
            'trained with (tools/convert_checkpoint.py --vocab).'
        )
    published.update(origin_of(meta))
    folder = ensure_writable_dir(file.parent if file else out_dir, what='output', option='OUT')
    unnamed = folder / f'{name or source.stem}{suffix}.partial{suffix}'
    write_tensor_file(unnamed, state, published)
    target = file or folder / f'{name or source.stem}-{sha256_of(unnamed)[:_HASH_LENGTH]}{suffix}'
    return unnamed.replace(target)


def origin_of(meta: Mapping[str, Any]) -> Dict[str, Any]:
    """Return what the ``meta`` of a checkpoint says of where its weights come from, for one that is made of it."""
    return {key: meta[key] for key in ('epoch', 'iter', 'converted_from') if key in meta}


def portable_config(values: Mapping[str, Any]) -> str:
    """Return a config as JSON without a run's own settings; ``data/<corpus>`` stands for absolute data roots."""
    kept = {name: value for name, value in values.items() if name not in _RUN_SETTINGS}
    for name in _EVALUATORS:
        if name in kept:
            kept[name] = _without_out_dir(kept[name])
    text = json.dumps(kept)
    for root in sorted(set(re.findall(r'"data_root": "([^"]+)"', text)), key=len, reverse=True):
        if os.path.isabs(root):
            text = text.replace(root, f'data/{Path(root).name}')
    return text


def _without_out_dir(evaluator: Any) -> Any:
    if isinstance(evaluator, list):
        return [_without_out_dir(each) for each in evaluator]
    return {key: value for key, value in evaluator.items() if key != 'out_dir'} if evaluator else evaluator


def sha256_of(path: Union[str, Path]) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with Path(path).open('rb') as file:
        for block in iter(lambda: file.read(1 << 20), b''):
            digest.update(block)
    return digest.hexdigest()
