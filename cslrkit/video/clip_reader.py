"""What every reader of a corpus's clips offers."""

from abc import ABC, abstractmethod
from typing import Any

from cslrkit.video.clip import Clip

_BACKENDS = {'folders': 'ImageFolders', 'packed': 'PackedFrames'}  # 0.1.0's dict(backend=...) -> type


class ClipReader(ABC):
    """Finds the clips of a corpus; registered in CLIP_READERS.

    A dataset builds it from its argument ``frames``, e.g. ``dict(type='ImageFolders')``, whose other
    keys are arguments of the reader. A reader is copied to worker processes: it must be picklable,
    and whatever a process may not share (open files) it opens in the process that uses it.

    Args:
        frame_root: Folder above the folders of all samples, which need not exist for every reader.
        where: How messages name the dataset, e.g. ``'phoenix2014 train'``.
        data_root: The corpus's folder, for messages and relative paths.
    """

    def __init__(self, *, frame_root: str, where: str, data_root: str) -> None:
        self.frame_root = frame_root
        self.where = where
        self.data_root = data_root

    @abstractmethod
    def clip(self, folder_pattern: str, *, where: str) -> Clip:
        """Return the frames that match a pattern relative to ``frame_root``, sorted by name.

        Args:
            folder_pattern: What ``CSLRDataset.frame_pattern`` gives, e.g. ``'train/a/1/*.png'``.
            where: How messages name the sample.

        Raises:
            DataNotFoundError: If there is no such folder or file.
            DataError: If no frame matches.
        """

    @abstractmethod
    def check(self) -> None:
        """Check that the frames are there, as far as that is cheap; called when a dataset is built.

        Raises:
            DataNotFoundError: If they are not.
        """


def reader_config(frames: Any) -> Any:
    """Return a dataset's ``frames`` keyed by ``type``, which 0.1.0 keyed by ``backend``."""
    if not isinstance(frames, dict) or 'backend' not in frames:
        return frames
    rest = {key: value for key, value in frames.items() if key != 'backend'}
    return {'type': _BACKENDS.get(frames['backend'], frames['backend']), **rest}
