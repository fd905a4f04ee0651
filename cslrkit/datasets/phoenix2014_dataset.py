"""RWTH-PHOENIX-Weather 2014."""

from cslrkit.datasets.cslr_dataset import CSLRDataset
from cslrkit.registry import DATASETS


@DATASETS.register_module()
class Phoenix2014Dataset(CSLRDataset):
    """RWTH-PHOENIX-Weather 2014 (multi-signer): German weather forecasts, 25 frames per second.

    Frames: ``{data_root}/features/{frame_subdir}/{split}/{sample}/1/*.png``; ``data_root`` is the
    folder ``phoenix-2014-multisigner``. As distributed the frames are in ``fullFrame-210x260px``;
    the published preprocessing writes ``fullFrame-256x256px``, which is the default.

    Source: Koller et al., Continuous sign language recognition, CVIU 2015; layout of
    kaistmm/SlowFastSign 37d1b6c. Args: see :class:`CSLRDataset`.
    """

    corpus = 'phoenix2014'
    features_dir = 'features'
    default_frame_subdir = 'fullFrame-256x256px'
    default_frame_rate = 25.0
