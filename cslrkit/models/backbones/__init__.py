"""Backbones: frames to features per frame.

Every module of this folder is imported, so a network is registered by its file alone; its class can be imported from
here, too.
"""

import importlib
import pkgutil

from cslrkit.registry import BACKBONES

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f'{__name__}.{_module.name}')

_CLASSES = {name: cls for name, cls in BACKBONES.module_dict.items() if cls.__module__.startswith(f'{__name__}.')}
__all__ = sorted(_CLASSES)
globals().update(_CLASSES)
