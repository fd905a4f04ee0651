"""CSL-Daily."""

from cslrkit.datasets.cslr_dataset import CSLRDataset
from cslrkit.registry import DATASETS


@DATASETS.register_module()
class CSLDailyDataset(CSLRDataset):
    """CSL-Daily: Chinese sentences of daily life.

    Frames: ``{data_root}/{frame_subdir}/{sample}/*.jpg``. ``frame_subdir`` is empty by default
    (``data_root`` holds the samples); in the published folders it is ``sentence/frames_256x256``.
    The published numbers need ``dict(type='LoadFrames', crop_top=40, resize=(256, 256))``. The
    published feeder never read the last entry; ``drop_last_entry=True`` does the same.

    Source: Zhou et al., Improving sign language translation with monolingual data by sign
    back-translation, CVPR 2021; layout of kaistmm/SlowFastSign 37d1b6c. Args: see
    :class:`CSLRDataset`.
    """

    corpus = 'CSL-Daily'
