"""Modules that 0.1.0 had under other names: importing one says where it is."""

from importlib.abc import MetaPathFinder
from typing import Any

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


class MovedModules(MetaPathFinder):
    """Asked last of all finders, so only for a module that is not there."""

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> None:
        """Find nothing.

        Raises:
            ModuleNotFoundError: For a module that moved; it says where to.
        """
        if fullname in MOVED:
            raise ModuleNotFoundError(
                f'{fullname} of 0.1.0 is {MOVED[fullname]} now: import from there.', name=fullname
            )
