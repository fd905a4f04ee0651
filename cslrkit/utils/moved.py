"""Modules that 0.1.0 had under other names: importing one gives what is left of it, and says where that is."""

import importlib
import warnings
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Optional

MOVED = {
    'cslrkit.benchmark': 'benchmarks, in a checkout',
    'cslrkit.datasets.csl_daily_dataset': 'cslrkit.datasets',
    'cslrkit.datasets.csl_dataset': 'cslrkit.datasets',
    'cslrkit.datasets.frame_folders': 'cslrkit.video.image_folders',
    'cslrkit.datasets.frame_sources': 'cslrkit.video',
    'cslrkit.datasets.info_file': 'cslrkit.corpora.info_file',
    'cslrkit.datasets.packed': 'cslrkit.video.packed',
    'cslrkit.datasets.padding': 'cslrkit.structures.padding',
    'cslrkit.datasets.phoenix2014_dataset': 'cslrkit.datasets',
    'cslrkit.datasets.phoenix2014_t_dataset': 'cslrkit.datasets',
    'cslrkit.datasets.prepare': 'cslrkit.corpora.prepare',
    'cslrkit.decoders.beam_decoder': 'cslrkit.decoders',
    'cslrkit.decoders.inputs': 'cslrkit.decoders.common',
    'cslrkit.engine.hooks.sign_visualization_hook': 'cslrkit.visualization.sign_visualization_hook',
    'cslrkit.engine.inference_options': 'cslrkit.engine.complete',
    'cslrkit.engine.scaling': 'cslrkit.engine.complete',
    'cslrkit.evaluation.functional.sclite': 'benchmarks.parity.sclite, in a checkout',
    'cslrkit.evaluation.functional.table': 'cslrkit.evaluation.report',
    'cslrkit.inference': 'cslrkit.apis.infer',
    'cslrkit.inference.readers': 'cslrkit.video',
    'cslrkit.models.checks': 'cslrkit.utils.checks',
    'cslrkit.models.published_names': 'cslrkit.models.weights.names',
    'cslrkit.models.temporal_spec': 'cslrkit.structures',
    'cslrkit.testing.contracts': 'cslrkit.testing',
    'cslrkit.testing.parity': 'benchmarks.parity, in a checkout',
    'cslrkit.testing.synthetic': 'cslrkit.corpora.synthsign',
    'cslrkit.utils.components': 'cslrkit.doctor.components',
    'cslrkit.utils.doctor': 'cslrkit.doctor',
    'cslrkit.utils.threads': 'benchmarks.threads, in a checkout',
    'cslrkit.visualization.backends': 'cslrkit.visualization.sign_visualization_hook',
    'cslrkit.visualization.samples': 'cslrkit.visualization.browse',
}

# Classes and functions that have another name, too.
RENAMED = {
    'ArraySource': 'ArrayClip',
    'Candidate': 'NBestEntry',
    'ClipFrames': 'Clip',
    'FileFrames': 'ImageClip',
    'FolderSource': 'ImageFolders',
    'FrameSource': 'ClipReader',
    'ImagesSource': 'ImageClip',
    'PackedSource': 'PackedFrames',
    'Source': 'Clip',
    'SourceFrame': 'Frame',
    'VideoSource': 'VideoClip',
    'open_sources': 'open_clips',
}


class MovedModules(MetaPathFinder, Loader):
    """Asked last of all finders, so only for a module that is not there."""

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> Optional[ModuleSpec]:
        """Find a module that moved, or one that was inside it."""
        return ModuleSpec(fullname, self, is_package=True) if _home(fullname) else None

    def exec_module(self, module: ModuleType) -> None:
        """Fill the module with what is where it moved to.

        Raises:
            ModuleNotFoundError: If it is no part of the package any more.
        """
        home = _home(module.__name__)
        message = f'{module.__name__} of 0.1.0 is {home} now: import from there.'
        if ' ' in home:
            raise ModuleNotFoundError(message, name=module.__name__)
        there = importlib.import_module(home)
        names = {name: getattr(there, name) for name in {*vars(there), *getattr(there, '__all__', ())}}
        names.update({old: names[new] for old, new in RENAMED.items() if new in names})
        for name, value in names.items():
            if not name.startswith('_'):
                setattr(module, name, value)
        warnings.warn(message, FutureWarning, stacklevel=2)


def _home(name: str) -> str:
    """Where a module moved to, or the one that it was inside of; empty if none did."""
    while name not in MOVED and '.' in name:
        name = name.rpartition('.')[0]
    return MOVED.get(name, '')
