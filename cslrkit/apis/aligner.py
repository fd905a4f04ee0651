"""Fitting the aligner of a trained recognizer, which says when its glosses are signed."""

import copy
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple, Union

import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from torch import nn

import cslrkit
from cslrkit.apis.checkpoints import origin_of
from cslrkit.apis.recognizer import init_recognizer
from cslrkit.datasets.seeded_dataset import build_loader
from cslrkit.decoders.segmental import fit_signs
from cslrkit.decoders.segmental.fit import Fitted
from cslrkit.engine.checkpoint_io import find_checkpoint
from cslrkit.engine.complete import select_split
from cslrkit.engine.stored_config import config_json
from cslrkit.errors import ConfigError
from cslrkit.models.aligners import SegmentalAligner
from cslrkit.models.weights import read_weights
from cslrkit.structures import stream_specs
from cslrkit.utils.files import ensure_writable_dir
from cslrkit.utils.progress import ProgressLine
from cslrkit.utils.tensor_files import write_tensor_file


@torch.no_grad()
def train_aligner(
    config: Config,
    checkpoint: Union[str, Path],
    out: Union[str, Path],
    *,
    split: str = 'train',
    device: Optional[str] = None,
    progress: bool = False,
    **settings: Any,
) -> Fitted:
    """Fit a :class:`~cslrkit.models.aligners.SegmentalAligner` and write a checkpoint that has it.

    The sentences are read once, with test transforms; of their annotations only the glosses are used, no times. The
    network stays as it is.

    Args:
        config: From ``cslrkit.engine.config.load_config``.
        checkpoint: A checkpoint of cslrkit, or a work directory, whose best checkpoint is taken.
        out: The checkpoint to write, ``.pth`` or ``.safetensors``.
        split: Which sentences.
        device: E.g. ``'cuda:0'``; by default a GPU if there is one.
        progress: Whether to show how far it is.
        **settings: ``dims``, ``states``, ``spread``, ``rounds`` and ``report`` of
            :func:`cslrkit.decoders.segmental.fit_signs`.

    Returns:
        What was learned.

    Raises:
        CheckpointError: If the checkpoint cannot be used.
        ConfigError: If the backbone sees no single frames.
        DataError: If no sentence has glosses and frames enough.
    """
    checkpoint = find_checkpoint(checkpoint)
    ensure_writable_dir(Path(out).parent, what='output', option='--out')
    model, config = init_recognizer(checkpoint, config, device=device)
    specs = stream_specs(model.backbone)
    seen = SegmentalAligner(specs, model.vocab.num_classes)
    clips = _clips(model, seen, select_split(config, split), progress=progress)
    fitted = fit_signs(clips, model.vocab.num_classes, **settings)
    num_states, dims = fitted.model.means.shape[1:]
    arguments: Dict[str, Any] = dict(
        dims=dims, states=num_states, longest_gap=fitted.model.longest_gap, spread=fitted.model.spread
    )
    aligner = SegmentalAligner(specs, model.vocab.num_classes, **arguments)
    aligner.load_fitted(fitted)
    write_fitted(checkpoint, out, model, config, aligner=(aligner, dict(type='SegmentalAligner', **arguments)))
    return fitted


def write_fitted(
    checkpoint: Path, out: Union[str, Path], model: nn.Module, config: Config, **parts: Tuple[nn.Module, Dict[str, Any]]
) -> None:
    """Write a checkpoint that has parts which were fitted after the model, each given with its config."""
    weights, config = read_weights(checkpoint), copy.deepcopy(config)
    tensors = dict(weights.tensors)
    for name, (part, settings) in parts.items():
        tensors = {key: value for key, value in tensors.items() if not key.startswith(f'{name}.')}
        tensors.update({f'{name}.{key}': value for key, value in part.state_dict().items()})
        config.model[name] = settings
    meta = origin_of(weights.content.get('meta') or {})
    meta.update(vocab=model.vocab.glosses, cfg=config_json(config), cslrkit_version=cslrkit.__version__)
    write_tensor_file(Path(out), tensors, meta)


def _clips(
    model: nn.Module, aligner: SegmentalAligner, config: Config, *, progress: bool
) -> List[Tuple[np.ndarray, List[int]]]:
    """Features that the aligner sees of each sentence's own frames, in half precision, and its glosses."""
    clips, left_pad = [], model.neck.temporal_spec.left_pad
    with DefaultScope.overwrite_default_scope('cslrkit'):
        loader = build_loader(config.test_dataloader, 0, training=False)
        line = ProgressLine('sentences read', len(loader.dataset), shown=progress)
        for data in loader:
            batch = model.data_preprocessor(data, False)
            found = model.frame_features(batch['inputs'], batch['frame_lens'])
            rows = aligner.gather(found, int(batch['frame_lens'].max())).transpose(1, 2).cpu()
            for features, sample in zip(rows, batch['data_samples']):
                own = features[left_pad : left_pad + len(sample.frame_indices)]
                if not len(own):
                    raise ConfigError(
                        'train_aligner: samples do not say which frames they have.', path='test_dataloader'
                    )
                clips.append((own.half().numpy(), sample.gloss_ids.tolist()))
            line.add(len(rows))
        line.close()
    return clips
