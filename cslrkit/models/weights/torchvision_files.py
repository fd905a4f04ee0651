"""torchvision's ImageNet weights by name, downloaded once."""

import os
from pathlib import Path
from typing import Union
from urllib.parse import urlparse

import torch
import torchvision

from cslrkit.errors import CheckpointError
from cslrkit.registry import nearest

PREFIX = 'torchvision://'
_VERSION = 'IMAGENET1K_V1'  # the weights that the published networks start from


def local_file(path: Union[str, Path]) -> Union[str, Path]:
    """Return ``path``, or for ``'torchvision://resnet18'`` and the like the file of those weights.

    It is kept where torch keeps its own downloads, ``$TORCH_HOME/hub/checkpoints``, and is downloaded if it is not
    there. mmengine spells these names alike.

    Args:
        path: A local file, or ``torchvision://`` and the name of a model.

    Raises:
        CheckpointError: For a model that torchvision does not have, or a download that fails.
    """
    if not str(path).startswith(PREFIX):
        return path
    url = _url(str(path))
    target = Path(torch.hub.get_dir(), 'checkpoints', os.path.basename(urlparse(url).path))
    if not target.is_file():
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            # The end of the file's name begins its SHA-256, which a broken download does not have.
            torch.hub.download_url_to_file(url, str(target), hash_prefix=target.stem.rsplit('-', 1)[-1])
        except (OSError, RuntimeError) as error:
            raise CheckpointError(
                f"checkpoint: '{path}' cannot be downloaded: {error}. Without a network, put {url} into "
                f"'{target.parent}', or give the path of a file."
            ) from error
    return target


def _url(path: str) -> str:
    name = path[len(PREFIX) :]
    known = torchvision.models.list_models(module=torchvision.models)
    versions = torchvision.models.get_model_weights(name).__members__ if name in known else {}
    if _VERSION not in versions:
        raise CheckpointError(
            f"checkpoint: '{path}': torchvision has no ImageNet weights of {name!r}.{nearest(name, known)}"
        )
    return versions[_VERSION].url
