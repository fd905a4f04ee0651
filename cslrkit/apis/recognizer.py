"""A trained recognizer from a checkpoint alone."""

import os
from pathlib import Path
from typing import Any, Mapping, Optional, Tuple, Union

import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from torch import nn

from cslrkit.engine.checkpoint_io import check_vocab, find_checkpoint
from cslrkit.engine.config import load_config
from cslrkit.engine.stored_config import stored_config, with_stored_parts
from cslrkit.errors import CheckpointError, ConfigError
from cslrkit.models.recognizers import CSLRRecognizer
from cslrkit.models.speed import prepare_for_cpu
from cslrkit.models.weights import check_num_classes, load_pretrained, read_weights
from cslrkit.registry import MODELS


def init_recognizer(
    checkpoint: Union[str, Path],
    config: Optional[Union[str, Path, Config]] = None,
    *,
    device: Optional[Union[str, torch.device]] = None,
) -> Tuple[nn.Module, Config]:
    """Build a recognizer and load its weights, ready to predict.

    Args:
        checkpoint: A checkpoint of cslrkit, or a work directory, whose best checkpoint is taken. With
            ``config``, also a file of SlowFastSign or VAC.
        config: A config file, or what ``load_config`` gives; by default the one that the checkpoint
            carries, of which nothing is executed (see :func:`~cslrkit.engine.stored_config.stored_config`).
        device: E.g. ``'cuda:0'``; by default a GPU if there is one.

    Returns:
        The recognizer in evaluation mode, and its config. The vocabulary is the checkpoint's, so the
        corpus need not be there.

    Raises:
        CheckpointError: If the file cannot be read, does not fit the config, lacks config or vocabulary,
            or was trained on another vocabulary than the config's.
        ConfigError: If the config or the device cannot be used.
    """
    checkpoint = find_checkpoint(checkpoint)
    device = find_device(device)
    weights = read_weights(checkpoint)
    meta = weights.content.get('meta') if weights.format == 'cslrkit' else None
    meta = meta if isinstance(meta, Mapping) else {}
    if config is None:
        if weights.format != 'cslrkit':
            raise CheckpointError(
                f"checkpoint: '{checkpoint}' is of another project ({weights.format}) and carries no config. Give one "
                'with --config, or convert the file with tools/convert_checkpoint.py.'
            )
        config = stored_config(meta, where=str(checkpoint))
    else:
        config = config if isinstance(config, Config) else load_config(config)
    if config.get('model') is None:
        raise ConfigError(f"config '{config.filename}': it has no model.")
    config = with_stored_parts(config, meta)
    vocab = _choose_vocab(config, meta, checkpoint)
    with DefaultScope.overwrite_default_scope('cslrkit'):
        model = MODELS.build(dict(config.model, vocab=vocab))
    if not isinstance(model, CSLRRecognizer):
        raise ConfigError(
            f"got a {type(model).__name__} in config '{config.filename}', expected a CSLRRecognizer.", path='model.type'
        )
    if weights.format == 'cslrkit':
        check_vocab(checkpoint, meta, model.vocab)
    else:
        check_num_classes(model, weights)
    load_pretrained(model, weights, strict=True)
    model = model.to(device).eval()
    return prepare_for_cpu(model) if device.type == 'cpu' else model, config


def find_device(device: Optional[Union[str, torch.device]]) -> torch.device:
    """Return the device to run on: a GPU by default if there is one.

    Raises:
        ConfigError: If the name is none, or there is no such device.
    """
    if device is None:
        return torch.device('cuda' if torch.cuda.is_available() else 'cpu')
    try:
        found = torch.device(device)
        torch.zeros(1, device=found)
    except (RuntimeError, AssertionError, NotImplementedError, TypeError) as error:
        reason = (str(error).splitlines() or [''])[0]
        raise ConfigError(f"device: got {device!r}, which cannot be used ({reason}). Try 'cpu'.") from error
    return found


def _choose_vocab(config: Config, meta: Mapping[str, Any], checkpoint: Path) -> Any:
    """Return the checkpoint's vocabulary, unless the config's own is there to be compared."""
    own, stored = config.model.get('vocab'), meta.get('vocab')
    is_list = isinstance(stored, (list, tuple)) and all(isinstance(gloss, str) for gloss in stored)
    if stored is not None and not is_list:
        raise CheckpointError(f"checkpoint: '{checkpoint}' has a vocabulary that is no list of glosses. It is damaged.")
    if stored is not None and (own is None or (isinstance(own, str) and not os.path.isfile(own))):
        return list(stored)
    if own is None:
        raise CheckpointError(
            f"checkpoint: '{checkpoint}' carries no vocabulary, and the config names none. Convert it with the "
            'vocabulary that it was trained with (tools/convert_checkpoint.py --vocab).'
        )
    return own
