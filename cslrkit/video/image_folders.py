"""Frames as image files, a folder for each clip."""

import struct
from typing import Dict, Iterator, List, Optional, Sequence, Tuple

import cv2
import numpy as np

from cslrkit.errors import DataError
from cslrkit.registry import FRAME_SOURCES
from cslrkit.video.clip_reader import ClipFrames, FrameSource
from cslrkit.video.frame_folders import check_frame_root, list_frames, no_frames_error

PNG_START = b'\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR'
# OpenCV decodes to RGB by itself since 4.11, which saves a pass over each frame.
DECODES_RGB = getattr(cv2, 'IMREAD_COLOR_RGB', None)


@FRAME_SOURCES.register_module(name='folders')
class FolderSource(FrameSource):
    """Image files in a folder for each clip, as corpora are distributed. Args: see :class:`FrameSource`."""

    def clip(self, folder_pattern: str, *, where: str) -> 'FileFrames':
        """Return the image files that match the pattern."""
        paths = list_frames(self.frame_root, folder_pattern)
        if not paths:
            raise no_frames_error(self.frame_root, folder_pattern, where=where)
        return FileFrames(paths, where=where)

    def check(self) -> None:
        """Check that the folder above all samples exists."""
        check_frame_root(self.frame_root, where=self.where, data_root=self.data_root)


class FileFrames(ClipFrames):
    """Frames in image files of any format that OpenCV reads.

    Args:
        paths: The files, in order.
        where: How messages name the sample.
    """

    def __init__(self, paths: Sequence[str], *, where: str) -> None:
        super().__init__(where=where)
        self._paths = list(paths)
        # The frames that told their size, where no header did, until they are asked for.
        self._decoded: Dict[int, np.ndarray] = {}

    def __len__(self) -> int:
        return len(self._paths)

    @property
    def names(self) -> Sequence[str]:
        """Paths of the files."""
        return self._paths

    @property
    def paths(self) -> List[str]:
        """Paths of the files."""
        return self._paths

    def frame_size(self, index: int = 0) -> Tuple[int, int]:
        """Height and width from the header of a PNG file; other files are decoded, once."""
        if index not in self._decoded:
            size = _png_size(self._paths[index])
            if size is not None:
                return size
            self._decoded[index] = self._read(index)
        height, width = self._decoded[index].shape[:2]
        return height, width

    def decode(self, indices: Sequence[int]) -> Iterator[np.ndarray]:
        """Yield frames."""
        for index in indices:
            yield self._decoded.pop(index) if index in self._decoded else self._read(index)

    def _read(self, index: int) -> np.ndarray:
        path = self._paths[index]
        try:
            image = cv2.imread(path) if DECODES_RGB is None else cv2.imread(path, DECODES_RGB)
        except cv2.error:  # more pixels than OpenCV decodes
            image = None
        if image is None:
            raise DataError(f"{self.where}: '{path}' cannot be read as an image. Replace the file or prepare it again.")
        return cv2.cvtColor(image, cv2.COLOR_BGR2RGB) if DECODES_RGB is None else image


def _png_size(path: str) -> Optional[Tuple[int, int]]:
    """Return height and width from a PNG header, or None where decoding must tell them."""
    try:
        with open(path, 'rb') as file:
            content = file.read()
    except OSError:
        return None  # decoding names the file
    # A photo's orientation, which decoding applies, may swap the two.
    if not content.startswith(PNG_START) or len(content) < 24 or b'eXIf' in content:
        return None
    width, height = struct.unpack('>II', content[16:24])
    return height, width
