"""Reading a weights file and telling its format from what it holds."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Mapping, Tuple, Union

import numpy as np
import torch

from cslrkit.errors import CheckpointError
from cslrkit.models.weights.torchvision_files import local_file
from cslrkit.utils.tensor_files import read_tensor_file

# Format -> what a person knows it as, and a beginning of a name that only it has.
FORMATS: Dict[str, Tuple[str, str]] = {
    'cslrkit': ('a checkpoint of cslrkit', 'backbone.'),
    'slowfastsign': ("SlowFastSign's, VAC's or CorrNet's .pt", 'conv2d.'),
    'pyslowfast': ("PySlowFast's .pyth", 's1.pathway0_stem.'),
    'caffe2': ("PySlowFast's Caffe2 .pkl", 'conv1_'),
    'torchvision': ("torchvision's ResNet", 'layer1.0.'),
}
# Formats whose names are those of a backbone alone.
BACKBONE_FORMATS = ('pyslowfast', 'caffe2', 'torchvision')

# Entry of a file's dict that holds the weights.
_WRAPPERS = ('state_dict', 'model_state_dict', 'model_state', 'blobs')


@dataclass(frozen=True)
class WeightsFile:
    """Weights as a file holds them.

    Args:
        path: The file.
        format: A key of ``FORMATS``.
        tensors: Names in the file and their tensors; ``module.`` of data parallelism is dropped.
        content: All that the file holds, such as the ``meta`` of a checkpoint of cslrkit.
    """

    path: str
    format: str
    tensors: Dict[str, torch.Tensor]
    content: Dict[str, Any]


def read_weights(path: Union[str, Path], *, map_location: Any = 'cpu') -> WeightsFile:
    """Read a weights file of any format in ``FORMATS`` without executing anything in it.

    Args:
        path: A local file, or e.g. ``'torchvision://resnet18'``, which is downloaded once.
        map_location: Where tensors go, as for ``torch.load``.

    Raises:
        CheckpointError: If the file cannot be read, asks to import code, or holds no weights of a
            known format.
    """
    path = local_file(path)
    content = read_tensor_file(path, map_location=map_location)
    if not isinstance(content, Mapping):
        raise CheckpointError(f"checkpoint: '{path}' holds a {type(content).__name__}, expected a dict of tensors.")
    wrapper = next((key for key in _WRAPPERS if isinstance(content.get(key), Mapping)), None)
    named = content if wrapper is None else content[wrapper]
    tensors = _tensors(named)
    meta = content.get('meta')
    is_own = isinstance(meta, Mapping) and 'cslrkit_version' in meta
    file_format = 'cslrkit' if is_own else _format_of(path, wrapper, tensors)
    return WeightsFile(str(path), file_format, tensors, dict(content))


def _tensors(named: Mapping[Any, Any]) -> Dict[str, torch.Tensor]:
    tensors = {}
    for name, value in named.items():
        if isinstance(value, np.ndarray) and value.dtype.kind in 'fiub':
            # Files may hold another byte order, which torch does not have.
            value = torch.from_numpy(value.astype(value.dtype.newbyteorder('='), copy=True))
        if isinstance(name, str) and isinstance(value, torch.Tensor):
            # The published code drops '.module' anywhere: of a wrapped part, `conv2d.module.conv1`.
            name = name[len('module.') :] if name.startswith('module.') else name
            tensors[name.replace('.module.', '.')] = value
    return tensors


def _format_of(path: Union[str, Path], wrapper: Any, tensors: Mapping[str, torch.Tensor]) -> str:
    if wrapper == 'blobs':
        return 'caffe2'
    for name, (_, start) in FORMATS.items():
        if name != 'caffe2' and any(key.startswith(start) for key in tensors):
            return name
    if wrapper == 'state_dict':
        return 'cslrkit'  # of a model without a backbone of that name
    known = '; '.join(f'{title} ({start}...)' for title, start in FORMATS.values())
    found = ', '.join(list(tensors)[:4]) or 'no tensors'
    raise CheckpointError(f"checkpoint: '{path}' is of no known format. It holds: {found}. Known are: {known}.")
