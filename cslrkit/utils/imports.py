"""Import a user's own modules, which register classes."""

import importlib
import os
import sys
from typing import Sequence

from cslrkit.errors import ConfigError


def import_modules(names: Sequence[str]) -> None:
    """Import the modules of ``--import`` from the current folder or from anywhere on the path.

    Args:
        names: Dotted names.

    Raises:
        ConfigError: If one cannot be imported.
    """
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())
    for name in names:
        try:
            importlib.import_module(name)
        except Exception as error:  # a module runs any code, so its faults are of any kind
            raise ConfigError(
                f'--import {name}: {type(error).__name__}: {error}. Name a module (my_package.my_module) that can be '
                f"imported from '{os.getcwd()}' or PYTHONPATH."
            ) from error
