"""Loading published weights into a recognizer or a backbone."""

from pathlib import Path
from typing import Any, Dict, Optional, Tuple, Union

import torch
from torch import nn

from cslrkit.errors import CheckpointError
from cslrkit.models.weights.adapt import adapt
from cslrkit.models.weights.naming import BACKBONE, own_names_of
from cslrkit.models.weights.report import LoadReport
from cslrkit.models.weights.source import WeightsFile, read_weights

# Formats whose tensors the published loader changes to fit another network.
_ADAPTED_FORMATS = ('caffe2', 'pyslowfast')
# A counter that Caffe2 does not have and that no recipe here reads.
_COUNTER = 'num_batches_tracked'
_NOT_WEIGHTS = 'data_preprocessor.'


def load_pretrained(
    module: nn.Module,
    path: Union[str, Path],
    *,
    prefix: Optional[str] = None,
    strict: bool = False,
    map_location: Any = 'cpu',
) -> LoadReport:
    """Load a weights file into a recognizer or its backbone; the format is told from the content.

    Files of these formats load: a checkpoint of cslrkit (``.pth`` or ``.safetensors``); SlowFastSign's,
    VAC's and CorrNet's ``.pt``; PySlowFast's Caffe2 ``.pkl`` and ``.pyth`` (adapted as SlowFastSign adapts
    them); torchvision's ResNet. Nothing in a file is executed.

    Args:
        module: A :class:`CSLRRecognizer` or a backbone.
        path: A local file, or e.g. ``'torchvision://resnet18'``, which is downloaded once.
        prefix: Which part of a recognizer ``module`` is: of the file's tensors, by the names of a
            recognizer, those that begin with it are taken, without it. ``''`` for a module that has a
            ``backbone`` and ``'backbone.'`` for any other by default.
        strict: Whether it is an error that a tensor of the model keeps its values or that one of the
            file is not used.
        map_location: Where tensors are read to; the module's own stay where they are.

    Returns:
        What was loaded, adapted, left alone and not used.

    Raises:
        CheckpointError: If the file cannot be read, is of no known format or asks to import code; if
            nothing in it fits the module; with ``strict`` if anything does not.
    """
    return load_weights_file(module, read_weights(path, map_location=map_location), prefix=prefix, strict=strict)


def load_weights_file(
    module: nn.Module, weights: WeightsFile, *, prefix: Optional[str] = None, strict: bool = False
) -> LoadReport:
    """Load weights that were read already; see :func:`load_pretrained`.

    Raises:
        CheckpointError: As there; the module is as it was then.
    """
    if prefix is None:
        prefix = '' if hasattr(module, 'backbone') else BACKBONE
    own = module.state_dict()
    fitting, report = _fit(own, weights, prefix)
    if not report.loaded and not report.adapted:
        raise CheckpointError(
            f"checkpoint: none of the {len(weights.tensors)} tensors of '{weights.path}' ({weights.format}) fits "
            f'{type(module).__name__}. {_sentence(report)}'
        )
    if strict and not report.complete:
        raise CheckpointError(
            f"checkpoint: '{weights.path}' ({weights.format}) does not fit the model. {_sentence(report)} "
            'Check depth, fusion, streams and classifier of the config.'
        )
    module.load_state_dict({**own, **fitting})
    return report


def check_num_classes(module: nn.Module, weights: WeightsFile) -> None:
    """Check that a file's classifiers have the classes of the recognizer's vocabulary, if it has one.

    Raises:
        CheckpointError: Naming both numbers.
    """
    vocab = getattr(module, 'vocab', None)
    if vocab is None:
        return
    for name, own_name in own_names_of(weights.format, weights.tensors, list(module.state_dict())).items():
        if not own_name.startswith('head.classifiers.') or not name.endswith('.weight'):
            continue
        shape = tuple(weights.tensors[name].shape)
        # A linear layer has a bias and the classes first; a normalised one has neither.
        is_linear = f'{name[: -len("weight")]}bias' in weights.tensors
        found = shape[0 if is_linear else -1]
        if found != vocab.num_classes:
            raise CheckpointError(
                f"checkpoint: '{weights.path}' has {found} classes ({name} {shape}), but the vocabulary has "
                f'{vocab.num_classes} ({vocab} and the blank). Give the config or the gloss_dict.npy of the corpus '
                'that it was trained on.'
            )


def _fit(own: Dict[str, torch.Tensor], weights: WeightsFile, prefix: str) -> Tuple[Dict[str, torch.Tensor], LoadReport]:
    """Return the tensors to load by their names in ``own``, and the report."""
    report = LoadReport(weights.path, weights.format)
    names = own_names_of(weights.format, weights.tensors, [prefix + name for name in own])
    source_of: Dict[str, str] = {}
    for name, tensor in weights.tensors.items():
        full = names.get(name, '')
        target = full[len(prefix) :] if full.startswith(prefix) else None
        if target not in own:
            if not name.endswith(_COUNTER):
                report.unused.append(name)
            continue
        earlier = source_of.get(target)
        if earlier is not None and not torch.equal(weights.tensors[earlier], tensor):
            report.conflicts.append(
                f'{earlier} and {name} differ, but are one tensor in the model ({target}), which gets the second. '
                'Was it trained with another share_classifier?'
            )
        source_of[target] = name
    fitting = {}
    for target, value in own.items():
        if target in source_of:
            tensor = weights.tensors[source_of[target]]
            fitted, what = _fitted(tensor, value, file_format=weights.format)
            if fitted is None:
                report.left_alone[target] = what
                continue
            fitting[target] = fitted
            if what:
                report.adapted[target] = what
            else:
                report.loaded.append(target)
        elif not target.endswith(_COUNTER) and not (prefix + target).startswith(_NOT_WEIGHTS):
            report.left_alone[target] = 'not in the file'
    return fitting, report


def _fitted(source: torch.Tensor, target: torch.Tensor, *, file_format: str) -> Tuple[Optional[torch.Tensor], str]:
    if file_format in _ADAPTED_FORMATS:
        return adapt(source, target)
    if file_format == 'torchvision' and source.dim() == 4 and target.dim() == 5:
        source = source.unsqueeze(2)  # a kernel for images as one for clips, as CorrNet takes ImageNet's
    if source.shape == target.shape:
        return source, ''
    return None, f'{tuple(source.shape)} in the file, {tuple(target.shape)} in the model'


def _sentence(report: LoadReport) -> str:
    return '; '.join(report.details()) + '.'
