"""Weights files of every format: found by path or name, read, and told apart by what they hold."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Mapping, Tuple, Union

import numpy as np
import torch
import torchvision

from cslrkit.errors import CheckpointError
from cslrkit.models.weights.keypoint_names import learnt_name
from cslrkit.registry import nearest
from cslrkit.utils.tensor_files import read_tensor_file

# Format -> what a person knows it as, and a beginning of a name that only it has.
FORMATS: Dict[str, Tuple[str, str]] = {
    'cslrkit': ('a checkpoint of cslrkit', 'backbone.'),
    'slowfastsign': ("SlowFastSign's, VAC's or CorrNet's .pt", 'conv2d.'),
    'keypoints': ("MSKA's .pth or CESMM's .pt", 'visual_backbone_keypoint.'),
    'pyslowfast': ("PySlowFast's .pyth", 's1.pathway0_stem.'),
    'caffe2': ("PySlowFast's Caffe2 .pkl", 'conv1_'),
    'torchvision': ("torchvision's ResNet", 'layer1.0.'),
    'swin': ("torchvision's Swin", 'features.0.0.'),
}
# Formats whose names are those of a backbone alone.
BACKBONE_FORMATS = ('pyslowfast', 'caffe2', 'torchvision', 'swin')

# What USTM's code declares and never uses, in its files.
_UNUSED = ('conv2d.head.', 'prems_')
# Names of files that have one: what the published networks start from.
_TORCHVISION, _PYSLOWFAST = 'torchvision://', 'pyslowfast://'
_VERSION = 'IMAGENET1K_V1'
_PYSLOWFAST_FILES = {
    'SLOWFAST_64x2_R101_50_50': 'https://dl.fbaipublicfiles.com/pyslowfast/model_zoo/ava/pretrain/'
    'SLOWFAST_64x2_R101_50_50.pkl',  # Kinetics-600
}

# Entry of a file's dict that holds the weights.
_WRAPPERS = ('state_dict', 'model_state_dict', 'model_state', 'model', 'blobs')


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
        path: A local file, or a name; see :func:`local_file`.
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
    if file_format == 'keypoints':
        tensors = {learnt_name(name): tensor for name, tensor in tensors.items() if learnt_name(name)}
    elif file_format == 'slowfastsign':
        tensors = {name: tensor for name, tensor in tensors.items() if not name.startswith(_UNUSED)}
    return WeightsFile(str(path), file_format, tensors, dict(content))


def local_file(path: Union[str, Path]) -> Union[str, Path]:
    """Return ``path``, or the file of a name such as ``'torchvision://resnet18'``.

    Such a file is kept where torch keeps its own downloads, ``$TORCH_HOME/hub/checkpoints``, and is downloaded if it
    is not there. mmengine spells torchvision's names alike.

    Args:
        path: A local file, ``torchvision://`` and the name of a model, or
            ``pyslowfast://SLOWFAST_64x2_R101_50_50``.

    Raises:
        CheckpointError: For a name that there is not, or a download that fails.
    """
    name = str(path)
    if not name.startswith((_TORCHVISION, _PYSLOWFAST)):
        return path
    url = _url(name)
    target = Path(torch.hub.get_dir(), 'checkpoints', url.rsplit('/', 1)[-1])
    if not target.is_file():
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            # The end of a torchvision file's name begins its SHA-256, which a broken download does not have.
            prefix = target.stem.rsplit('-', 1)[-1] if name.startswith(_TORCHVISION) else None
            torch.hub.download_url_to_file(url, str(target), hash_prefix=prefix)
        except (OSError, RuntimeError) as error:
            raise CheckpointError(
                f"checkpoint: '{path}' cannot be downloaded: {error}. Without a network, put {url} into "
                f"'{target.parent}', or give the path of the file as init_cfg.checkpoint; init_cfg=None starts from "
                'random weights.'
            ) from error
    return target


def _url(name: str) -> str:
    kind, _, model = name.partition('://')
    if kind == 'pyslowfast':
        known, url = list(_PYSLOWFAST_FILES), _PYSLOWFAST_FILES.get(model)
    else:
        known = torchvision.models.list_models(module=torchvision.models)
        versions = torchvision.models.get_model_weights(model).__members__ if model in known else {}
        url = versions[_VERSION].url if _VERSION in versions else None
    if url is None:
        raise CheckpointError(f"checkpoint: '{name}': {kind} has no weights of {model!r}.{nearest(model, known)}")
    return url


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
        if name != 'caffe2' and any((learnt_name(key) or '').startswith(start) for key in tensors):
            return name
    if wrapper == 'state_dict':
        return 'cslrkit'  # of a model without a backbone of that name
    known = '; '.join(f'{title} ({start}...)' for title, start in FORMATS.values())
    found = ', '.join(list(tensors)[:4]) or 'no tensors'
    raise CheckpointError(f"checkpoint: '{path}' is of no known format. It holds: {found}. Known are: {known}.")
