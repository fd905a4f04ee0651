"""What every source of frames offers: clips whose frames are decoded when they are asked for."""

from abc import ABC, abstractmethod
from typing import Iterator, List, Optional, Sequence, Tuple

import cv2
import numpy as np

from cslrkit.errors import DataError


class FrameSource(ABC):
    """The frames of a corpus, clip by clip; registered in FRAME_SOURCES under the name of a backend.

    A dataset builds it from its argument ``frames``, e.g. ``dict(backend='folders')``, whose other
    keys are arguments of the source. A source is copied to worker processes: it must be picklable,
    and whatever a process may not share (open files) it opens in the process that uses it.

    Args:
        frame_root: Folder above the folders of all samples, which need not exist for every source.
        where: How messages name the dataset, e.g. ``'phoenix2014 train'``.
        data_root: The corpus's folder, for messages and relative paths.
    """

    def __init__(self, *, frame_root: str, where: str, data_root: str) -> None:
        self.frame_root = frame_root
        self.where = where
        self.data_root = data_root

    @abstractmethod
    def clip(self, folder_pattern: str, *, where: str) -> 'ClipFrames':
        """Return the frames that match a pattern relative to ``frame_root``, sorted by name.

        Args:
            folder_pattern: What ``CSLRDataset.frame_pattern`` gives, e.g. ``'train/a/1/*.png'``.
            where: How messages name the sample.

        Raises:
            DataNotFoundError: If there is no such folder.
            DataError: If no frame matches.
        """

    @abstractmethod
    def check(self) -> None:
        """Check that the source is there, as far as that is cheap; called when a dataset is built.

        Raises:
            DataNotFoundError: If it is not.
        """


class ClipFrames(ABC):
    """The frames of one clip, none of them decoded yet.

    Picklable, like its source. A child class defines ``__len__``, ``names``, ``frame_size`` and
    ``decode``; it may replace ``read_into`` where it can crop before it has a whole frame.

    Args:
        where: How messages name the sample.
    """

    def __init__(self, *, where: str) -> None:
        self.where = where

    @abstractmethod
    def __len__(self) -> int:
        """Number of frames."""

    @property
    @abstractmethod
    def names(self) -> Sequence[str]:
        """Names of the frames, in order, for messages."""

    @property
    def paths(self) -> Optional[List[str]]:
        """Paths of the frames' image files, in order; None where they are not files of their own."""
        return None

    @abstractmethod
    def frame_size(self, index: int = 0) -> Tuple[int, int]:
        """Height and width of a frame in pixels, if possible without decoding it.

        Raises:
            DataError: If the frame cannot be read.
        """

    @abstractmethod
    def decode(self, indices: Sequence[int]) -> Iterator[np.ndarray]:
        """Yield frames as uint8 RGB (H, W, 3); each may be overwritten when the next one is asked for.

        Args:
            indices: Positions of frames, increasing and distinct.

        Raises:
            DataError: If a frame cannot be read; the message names it.
        """

    def read_into(
        self,
        out: Sequence[np.ndarray],
        indices: Sequence[int],
        *,
        size: Tuple[int, int],
        box: Tuple[int, int] = (0, 0),
        flip: bool = False,
    ) -> None:
        """Decode frames, each once, and copy a box of each, mirrored or not, to where it is wanted.

        Args:
            out: Where to write, one uint8 (h, w, 3) array a frame: views, or one (n, h, w, 3) array.
            indices: Positions of frames, increasing and distinct, as many as ``out``.
            size: Height and width that every one of the frames must have.
            box: Top and left edge of the box in the frame; its height and width are those of ``out``.
            flip: Whether to mirror the box left to right.

        Raises:
            DataError: If a frame cannot be read or has another size.
        """
        for row, index, frame in zip(out, indices, self.decode(indices)):
            self.check_size(index, frame, size)
            copy_box(frame, row, box=box, flip=flip)

    def check_size(self, index: int, frame: np.ndarray, size: Tuple[int, int]) -> None:
        """Raise a :class:`DataError` unless the decoded frame ``index`` is of ``size`` (height, width)."""
        if frame.shape[:2] != tuple(size):
            raise DataError(
                f"{self.where}: '{self.names[index]}' is {frame.shape[1]}x{frame.shape[0]} pixels, the first frame "
                f'is {size[1]}x{size[0]}; all frames of a sample must have one size.'
            )


def copy_box(frame: np.ndarray, out: np.ndarray, *, box: Tuple[int, int], flip: bool) -> None:
    """Copy a box of a frame (H, W, C) into an array of the box's size, mirrored left to right or not.

    Args:
        frame: Where to copy from.
        out: Where to copy to; all of it is written.
        box: Top and left edge of the box in the frame.
        flip: Whether to mirror the box.
    """
    top, left = box
    cut = frame[top : top + out.shape[0], left : left + out.shape[1]]
    # NumPy walks backwards pixel by pixel, 20 times slower than OpenCV.
    if not flip:
        np.copyto(out, cut)
    elif out.size and cv2.flip(cut, 1, dst=out) is not out:
        np.copyto(out, cut[:, ::-1])
