"""A clip: frames with times, decoded when they are asked for."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Iterator, List, Optional, Sequence, Tuple

import cv2
import numpy as np

from cslrkit.errors import DataError
from cslrkit.structures.keypoint_layout import KeypointLayout


@dataclass(frozen=True)
class Frame:
    """A decoded frame of a clip.

    Args:
        image: RGB, uint8 (H, W, 3).
        index: Position in the clip.
        time: Seconds from the first frame; None if nothing says how fast frames follow.
        points: Keypoints found in the image, float32 (K, 3), where they are asked for beside it.
    """

    image: np.ndarray
    index: int
    time: Optional[float]
    points: Optional[np.ndarray] = None


class Clip(ABC):
    """The frames of one clip, none of them decoded yet.

    Picklable; whatever a process may not share (open files) is opened in the process that uses it. A child
    class defines ``__len__``, ``frame_size`` and ``decode``; it may replace ``read_into`` where it can crop before
    it has a whole frame, and ``frames`` where it can tell more of them.

    Args:
        source: Where the frames come from, a path or a description.
        where: How messages begin.
        name: Short name, for results; by default the source.
        frame_rate: Frames per second, if known.
    """

    num_frames: Optional[int] = None  # as far as known before the frames are counted or read
    layout: Optional[KeypointLayout] = None  # of a clip of keypoints: its images are points, float32 (K, 3)
    image_size: Optional[Tuple[int, int]] = None  # width and height of the pictures that these lie in

    def __init__(
        self, source: str, *, where: str, name: Optional[str] = None, frame_rate: Optional[float] = None
    ) -> None:
        self.source = source
        self.where = where
        self.name = source if name is None else name
        self.frame_rate = frame_rate
        self.notes: List[str] = []  # what looked wrong while reading, complete when all is read

    @abstractmethod
    def __len__(self) -> int:
        """Number of frames."""

    @abstractmethod
    def frame_size(self, index: int = 0) -> Tuple[int, int]:
        """Height and width of a frame in pixels, if possible without decoding it.

        Raises:
            DataError: If the frame cannot be read.
        """

    @abstractmethod
    def decode(self, indices: Sequence[int]) -> Iterator[np.ndarray]:
        """Yield frames as uint8 RGB (H, W, 3), perhaps read-only.

        Args:
            indices: Positions of frames, increasing and distinct.

        Raises:
            DataError: If a frame cannot be read; the message names it.
        """

    @property
    def paths(self) -> Optional[List[str]]:
        """Paths of the frames' image files, in order; None where they are not files of their own."""
        return None

    def frame_name(self, index: int) -> str:
        """How messages name a frame."""
        return f'frame {index}'

    def frames(self) -> Iterator[Frame]:
        """Yield all frames in order, one in memory at a time.

        Raises:
            DataError: If one cannot be read or has another size than the first, or there is none.
        """
        for index, image in self._of_one_size(range(len(self))):
            yield Frame(image, index, None if self.frame_rate is None else index / self.frame_rate)

    def frames_between(self, start: float, end: float) -> Iterator[Frame]:
        """Yield the frames that are shown from ``start`` to before ``end``, seconds from the first frame.

        Raises:
            DataError: If nothing says how fast frames follow, or one cannot be read or has another size than the first.
        """
        if self.frame_rate is None:
            raise DataError(f"{self.where}: '{self.source}': nothing says when a frame is shown. Give its frame rate.")
        shown = [index for index in range(len(self)) if is_between(index / self.frame_rate, start, end)]
        for index, image in self._of_one_size(shown):
            yield Frame(image, index, index / self.frame_rate)

    def _of_one_size(self, indices: Sequence[int]) -> Iterator[Tuple[int, np.ndarray]]:
        size = None
        for index, image in zip(indices, self.decode(indices)):
            size = image.shape[:2] if size is None else size
            self.check_size(index, image, size)
            yield index, image

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
                f"{self.where}: '{self.frame_name(index)}' is {frame.shape[1]}x{frame.shape[0]} pixels, the first "
                f'frame is {size[1]}x{size[0]}; all frames of a clip must have one size.'
            )


class ArrayClip(Clip):
    """An array of RGB frames.

    Args:
        array: uint8 (T, H, W, 3).
        name: Short name, for results.
        frame_rate: Frames per second, if known.

    Raises:
        DataError: For another shape or type, or no frame.
    """

    def __init__(self, array: np.ndarray, *, name: str = 'array', frame_rate: Optional[float] = None) -> None:
        if array.ndim != 4 or array.shape[3] != 3 or array.dtype != np.uint8 or 0 in array.shape:
            raise DataError(
                f'{name}: got an array of shape {array.shape} and type {array.dtype}, expected uint8 (T, H, W, 3), '
                'RGB, with at least a frame.'
            )
        super().__init__(name, where=name, frame_rate=frame_rate)
        self._array = array
        self.num_frames = len(array)

    def __len__(self) -> int:
        return len(self._array)

    def frame_size(self, index: int = 0) -> Tuple[int, int]:
        """Height and width."""
        return self._array.shape[1:3]

    def decode(self, indices: Sequence[int]) -> Iterator[np.ndarray]:
        """Yield frames of the array."""
        return (self._array[index] for index in indices)


def is_between(time: float, start: float, end: float) -> bool:
    """Whether a time is from ``start`` to before ``end``, seconds that may be rounded to milliseconds."""
    return start <= time + 0.0005 < end


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
