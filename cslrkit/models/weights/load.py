"""Loading published weights into a recognizer or a backbone."""

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple, Union

import torch
from torch import nn

from cslrkit.errors import CheckpointError
from cslrkit.models.weights.files import WeightsFile, read_weights
from cslrkit.models.weights.names import BACKBONE, own_names_of
from cslrkit.utils.messages import plural

# Formats whose tensors the published loader changes to fit another network.
_ADAPTED_FORMATS = ('caffe2', 'pyslowfast')
# A counter that Caffe2 does not have and that no recipe here reads.
_COUNTER = 'num_batches_tracked'
_NOT_WEIGHTS = 'data_preprocessor.'
# The weight of a layer with an output for each class.
_CLASSIFIER = re.compile(r'head\.(?:classifiers\..+|heads\.\w+\.gloss_output_layer)\.weight')
_SHOWN = 4  # names of a kind in an error or a summary


@dataclass
class LoadReport:
    """The outcome of loading a file into a model or a part of it.

    Args:
        path: The file.
        format: Its format, e.g. ``'slowfastsign'``.
        loaded: Names in the model that got a tensor as it is.
        adapted: Names in the model that got a tensor changed to fit, and how.
        left_alone: Names in the model that keep their values, and why.
        unused: Names in the file that nothing in the model corresponds to.
        conflicts: Tensors that differ in the file and are one in the model; the last one counts.
    """

    path: str
    format: str
    loaded: List[str] = field(default_factory=list)
    adapted: Dict[str, str] = field(default_factory=dict)
    left_alone: Dict[str, str] = field(default_factory=dict)
    unused: List[str] = field(default_factory=list)
    conflicts: List[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether every tensor of the model was loaded and every one of the file used."""
        return not self.left_alone and not self.unused

    def summary(self) -> str:
        """One line of counts."""
        return (
            f"'{self.path}' ({self.format}): {plural(len(self.loaded), 'tensor')} loaded as they are, "
            f'{len(self.adapted)} adapted, {len(self.left_alone)} of the model left alone, '
            f'{len(self.unused)} of the file not used'
        )

    def details(self, *, everything: bool = False) -> List[str]:
        """Lines with names and reasons, by default the first few of each kind."""
        groups = (
            ('conflict', self.conflicts),
            ('adapted', [f'{name}: {how}' for name, how in self.adapted.items()]),
            ('left alone', [f'{name}: {why}' for name, why in self.left_alone.items()]),
            ('not used', self.unused),
        )
        lines = []
        for title, entries in groups:
            shown = entries if everything else entries[:_SHOWN]
            lines += [f'{title}: {entry}' for entry in shown]
            if len(shown) < len(entries):
                lines.append(f'{title}: and {len(entries) - len(shown)} more')
        return lines

    def text(self, *, everything: bool = False) -> str:
        """The summary, and the details below it."""
        return '\n  '.join([self.summary(), *self.details(everything=everything)])


def load_pretrained(
    module: nn.Module,
    source: Union[str, Path, WeightsFile],
    *,
    prefix: Optional[str] = None,
    strict: bool = False,
    map_location: Any = 'cpu',
) -> LoadReport:
    """Load a weights file into a recognizer or its backbone; the format is told from the content.

    Files of these formats load: a checkpoint of cslrkit (``.pth`` or ``.safetensors``); SlowFastSign's,
    VAC's and CorrNet's ``.pt``; MSKA's ``.pth`` and CESMM's ``.pt``; PySlowFast's Caffe2 ``.pkl`` and ``.pyth``
    (adapted as SlowFastSign adapts them); torchvision's ResNet. Nothing in a file is executed.

    Args:
        module: A :class:`CSLRRecognizer` or a backbone.
        source: A local file, or e.g. ``'torchvision://resnet18'``, which is downloaded once, or what was read of one.
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
            nothing in it fits the module; with ``strict`` if anything does not. The module is as it was then.
    """
    weights = source if isinstance(source, WeightsFile) else read_weights(source, map_location=map_location)
    if prefix is None:
        prefix = '' if hasattr(module, 'backbone') else BACKBONE
    if getattr(getattr(module, 'backbone', None), 'weights_elsewhere', False):
        kept = {name: tensor for name, tensor in weights.tensors.items() if not name.startswith(BACKBONE)}
        weights = replace(weights, tensors=kept)
    own = module.state_dict()
    fitting, report = _fit(own, weights, prefix)
    if strict and not report.complete:
        raise CheckpointError(
            f"checkpoint: '{weights.path}' ({weights.format}) does not fit the model. {_sentence(report)} "
            'Check depth, fusion, streams and classifier of the config.'
        )
    if not report.loaded and not report.adapted:
        raise CheckpointError(
            f"checkpoint: none of the {len(weights.tensors)} tensors of '{weights.path}' ({weights.format}) fits "
            f'{type(module).__name__}. {_sentence(report)}'
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
        if not _CLASSIFIER.fullmatch(own_name):
            continue
        shape = tuple(weights.tensors[name].shape)
        # A linear layer has a bias and the classes first; a normalized one has neither.
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


def adapt(source: torch.Tensor, target: torch.Tensor) -> Tuple[Optional[torch.Tensor], str]:
    """Fit ``source`` to the shape of ``target``.

    The rules, in order: dimensions that the source lacks are added at its end with size 1; of a
    temporal kernel the first slice stays where the target has none; a batch-norm vector is repeated
    to a multiple of its length; input channels that the target lacks are cut, and those that it has
    in excess keep the target's values.

    Source: kaistmm/SlowFastSign 37d1b6c, ``slowfast_modules/checkpoint.py``. A tensor that still does
    not fit is left alone there, too, or is an error there.

    Args:
        source: What a file holds.
        target: The parameter or buffer, whose values count where the source has none.

    Returns:
        The tensor and what was done to it (empty if nothing), or None and why it does not fit.
    """
    steps = []
    fitted = source
    if source.dim() < target.dim():
        fitted = fitted.reshape(source.shape + (1,) * (target.dim() - source.dim()))
    if fitted.dim() == 5 and target.dim() == 5 and fitted.shape[2] > 1 and target.shape[2] == 1:
        steps.append(f'first of {fitted.shape[2]} slices in time')
        fitted = fitted[:, :, :1]
    if fitted.dim() == target.dim() == 1 and 0 < len(fitted) < len(target) and len(target) % len(fitted) == 0:
        steps.append(f'repeated {len(target) // len(fitted)} times')
        fitted = fitted.repeat(len(target) // len(fitted))
    other_sizes = [tuple(tensor.shape[:1] + tensor.shape[2:]) for tensor in (fitted, target)]
    if fitted.dim() == target.dim() >= 2 and other_sizes[0] == other_sizes[1]:
        got, wanted = fitted.shape[1], target.shape[1]
        if got > wanted:
            steps.append(f'{wanted} of {got} input channels')
            fitted = fitted[:, :wanted]
        elif got < wanted:
            steps.append(f'{got} of the {wanted} input channels, the others keep their values')
            fitted = torch.cat([fitted.to(target), target[:, got:]], 1)
    if fitted.shape != target.shape:
        return None, f'{tuple(source.shape)} in the file, {tuple(target.shape)} in the model'
    return fitted, '; '.join(steps)
