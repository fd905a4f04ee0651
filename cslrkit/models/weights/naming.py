"""Which parameter of a recognizer each name of a file means."""

from typing import Dict, Iterable, List

from cslrkit.models.published_names import published_names
from cslrkit.models.weights.caffe2_names import parameter_name

BACKBONE = 'backbone.'
_WRAPPED = 'backbone.net.'  # the ResNet keeps torchvision's network in `net`; CorrNet is one by itself


def own_names_of(file_format: str, names: Iterable[str], own_names: List[str]) -> Dict[str, str]:
    """Map names of a file to names of a recognizer, whether it has a parameter of that name or not.

    Args:
        file_format: A key of ``FORMATS``.
        names: Names in the file.
        own_names: Names of the recognizer's state dict, or of its backbone's with ``backbone.`` before
            each.

    Returns:
        The recognizer's name for those of ``names`` that can mean a part of one.

    Raises:
        CheckpointError: For SlowFastSign's names, if that code has no model like this one.
    """
    if file_format == 'slowfastsign':
        published = dict(published_names(own_names))
        return {name: published[name] for name in names if name in published}
    if file_format == 'caffe2':
        return {name: BACKBONE + parameter_name(name) for name in names}
    prefix = '' if file_format == 'cslrkit' else BACKBONE
    if file_format == 'torchvision' and any(name.startswith(_WRAPPED) for name in own_names):
        prefix = _WRAPPED
    return {name: prefix + name for name in names}
