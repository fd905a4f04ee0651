"""What a pipeline will do with each frame, decided before any is decoded."""

from dataclasses import dataclass, replace
from typing import Callable, Tuple

import numpy as np

from cslrkit.video.clip import Clip, copy_box

FrameOperation = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class View:
    """A box of a frame on a black canvas, mirrored left to right or not; all numbers are pixels.

    Crops, padding and flips of a view are views again, so any row of them costs one copy.

    Args:
        height: Of the canvas.
        width: Of the canvas.
        top: Edge of the box in the frame.
        left: Edge of the box in the frame, as it is before mirroring.
        rows: Height of the box.
        columns: Width of the box.
        above: Rows of the canvas above the box.
        before: Columns of the canvas left of the box.
        flip: Whether the box is mirrored.
    """

    height: int
    width: int
    top: int
    left: int
    rows: int
    columns: int
    above: int = 0
    before: int = 0
    flip: bool = False

    @classmethod
    def whole(cls, height: int, width: int) -> 'View':
        """The frame as it is."""
        return cls(height=height, width=width, top=0, left=0, rows=height, columns=width)

    @property
    def covers(self) -> bool:
        """Whether nothing of the canvas stays black."""
        return (self.rows, self.columns) == (self.height, self.width)

    def window(self, top: int, left: int, height: int, width: int) -> 'View':
        """Return what a window shows of the canvas; what is outside the canvas is black."""
        cut_top, rows, above = _overlap(self.above, self.rows, top, height)
        cut_left, columns, before = _overlap(self.before, self.columns, left, width)
        if self.flip:
            cut_left = self.columns - cut_left - columns
        return View(
            height=height,
            width=width,
            top=self.top + cut_top,
            left=self.left + cut_left,
            rows=rows,
            columns=columns,
            above=above,
            before=before,
            flip=self.flip,
        )

    def mirrored(self) -> 'View':
        """Return the canvas mirrored left to right."""
        return replace(self, before=self.width - self.before - self.columns, flip=not self.flip)

    def box_on(self, canvas: np.ndarray) -> np.ndarray:
        """The part of a canvas (H, W, C) that the box goes to."""
        return canvas[self.above : self.above + self.rows, self.before : self.before + self.columns]

    def __call__(self, frame: np.ndarray) -> np.ndarray:
        """Return the canvas for one frame, as a view of it where nothing is to be written."""
        if self.covers and not self.flip:
            return frame[self.top : self.top + self.rows, self.left : self.left + self.columns]
        canvas = np.zeros((self.height, self.width, *frame.shape[2:]), dtype=frame.dtype)
        copy_box(frame, self.box_on(canvas), box=(self.top, self.left), flip=self.flip)
        return canvas


@dataclass(frozen=True)
class ClipPlan:
    """Which frames a clip has, and what is done with each; nothing is decoded before :meth:`realize`.

    Args:
        frames: The source clip.
        indices: Positions of the clip's frames in it, int (T,); repeats are decoded once.
        size: Height and width that the source's frames must have.
        operations: Done with each frame in turn, before ``view``: views, and functions of an array
            (H, W, 3).
        view: The last step.
    """

    frames: Clip
    indices: np.ndarray
    size: Tuple[int, int]
    operations: Tuple[FrameOperation, ...]
    view: View

    @classmethod
    def of(cls, frames: Clip, indices: np.ndarray) -> 'ClipPlan':
        """Plan to read frames as they are; the first one tells the size of all."""
        size = frames.frame_size(int(indices[0]))
        return cls(frames, indices, size, (), View.whole(*size))

    @property
    def shape(self) -> Tuple[int, int, int, int]:
        """Shape of the clip that :meth:`realize` returns: (T, H, W, 3)."""
        return (len(self.indices), self.view.height, self.view.width, 3)

    def __len__(self) -> int:
        return len(self.indices)

    def select(self, kept: np.ndarray) -> 'ClipPlan':
        """Plan a clip of the frames at the positions ``kept`` of this one."""
        return replace(self, indices=self.indices[kept])

    def window(self, top: int, left: int, height: int, width: int) -> 'ClipPlan':
        """Plan to cut a window out of each frame, black where it is outside."""
        return replace(self, view=self.view.window(top, left, height, width))

    def mirrored(self) -> 'ClipPlan':
        """Plan to mirror each frame left to right."""
        return replace(self, view=self.view.mirrored())

    def mapped(self, operation: FrameOperation, height: int, width: int) -> 'ClipPlan':
        """Plan to apply a function that gives frames of the given size."""
        return replace(self, operations=(*self.operations, self.view, operation), view=View.whole(height, width))

    def realize(self) -> np.ndarray:
        """Decode each frame that is kept, once, and return the clip: uint8 (T, H, W, 3), RGB.

        Raises:
            DataError: If a frame that is kept cannot be read, or has another size than the first.
        """
        distinct, first, inverse = np.unique(self.indices, return_index=True, return_inverse=True)
        clip = (np.empty if self.view.covers else np.zeros)(self.shape, dtype=np.uint8)
        boxes = [self.view.box_on(clip[position]) for position in first]
        edge, flip = (self.view.top, self.view.left), self.view.flip
        if self.operations:
            for box, index, frame in zip(boxes, distinct, self.frames.decode(distinct.tolist())):
                self.frames.check_size(index, frame, self.size)
                for operation in self.operations:
                    frame = operation(frame)
                copy_box(frame, box, box=edge, flip=flip)
        else:
            self.frames.read_into(boxes, distinct.tolist(), size=self.size, box=edge, flip=flip)
        for position, source in enumerate(first[inverse.ravel()]):
            if position != source:
                clip[position] = clip[source]
        return clip


def _overlap(start: int, length: int, window: int, window_length: int) -> Tuple[int, int, int]:
    """Cut a stretch to a window: what is lost at its start, what is left, and where in the window that begins."""
    lost = max(0, window - start)
    begins = max(0, start - window)
    return lost, max(0, min(length - lost, window_length - begins)), begins
