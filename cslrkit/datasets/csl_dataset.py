"""The Chinese continuous corpus CSL (USTC)."""

import os

from cslrkit.datasets.cslr_dataset import CSLRDataset
from cslrkit.registry import DATASETS


@DATASETS.register_module()
class CSLDataset(CSLRDataset):
    """CSL, 100 Chinese sentences by 50 signers.

    Frames: ``{data_root}/features/{frame_subdir}/{folder}/*.jpg``; ``frame_subdir`` is
    ``fullFrame-256x256px`` by default. Annotations name the folder alone. The published feeder
    never read the last entry; ``drop_last_entry=True`` does the same.

    Source: Huang et al., Video-based sign language recognition without temporal segmentation,
    AAAI 2018; layout of kaistmm/SlowFastSign 37d1b6c. Args: see :class:`CSLRDataset`.
    """

    corpus = 'CSL'
    features_dir = 'features'
    default_frame_subdir = 'fullFrame-256x256px'

    def frame_pattern(self, folder: str) -> str:
        """All ``.jpg`` files of the folder."""
        return os.path.join(folder, '*.jpg')
