"""RWTH-PHOENIX-Weather 2014 T."""

from cslrkit.datasets.cslr_dataset import CSLRDataset
from cslrkit.registry import DATASETS


@DATASETS.register_module()
class Phoenix2014TDataset(CSLRDataset):
    """RWTH-PHOENIX-Weather 2014 T: with translations, 25 frames per second.

    Frames: ``{data_root}/features/{frame_subdir}/{split}/{sample}/*.png``. As distributed they are
    in ``fullFrame-210x260px``; the published preprocessing writes ``fullFrame-256x256px``, which
    is the default.

    Source: Camgoz et al., Neural sign language translation, CVPR 2018; layout of
    kaistmm/SlowFastSign 37d1b6c. Args: see :class:`CSLRDataset`.
    """

    corpus = 'phoenix2014-T'
    features_dir = 'features'
    default_frame_subdir = 'fullFrame-256x256px'
    default_frame_rate = 25.0
