"""cslrkit: a toolkit for continuous sign language recognition (CSLR)."""

import sys

from cslrkit.utils.moved import MovedModules

__version__ = '0.1.0'

sys.meta_path.append(MovedModules())
