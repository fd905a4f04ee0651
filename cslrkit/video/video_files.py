"""Frames in video files, one for each clip, of which only those that are kept become images."""

import os
import posixpath
from typing import List, Optional

from cslrkit.errors import ConfigError, DataNotFoundError
from cslrkit.registry import CLIP_READERS
from cslrkit.video.clip_reader import ClipReader
from cslrkit.video.video_clip import VideoClip


@CLIP_READERS.register_module()
class VideoFiles(ClipReader):
    """A video file for each clip, in the place of its folder of images.

    Where the annotation of a sample leads to ``train/NAME/1/*.png``, its video is ``train/NAME.mp4`` or, where videos
    lie side by side, ``NAME.mp4``; an annotation may also name the video itself. A file that is cut off or damaged is
    an error when a frame that needs the damaged part is read.

    Args:
        frame_root: See :class:`ClipReader`.
        where: See :class:`ClipReader`.
        data_root: See :class:`ClipReader`.
        path: Folder of the videos, relative to ``data_root`` unless absolute; None is the folder that frames would
            be in.
        suffix: End of the names of the files.

    Raises:
        ConfigError: For a suffix without a dot.
    """

    def __init__(
        self, *, frame_root: str, where: str, data_root: str, path: Optional[str] = None, suffix: str = '.mp4'
    ) -> None:
        super().__init__(frame_root=frame_root, where=where, data_root=data_root)
        if not suffix.startswith('.'):
            raise ConfigError(f"{where}: frames: got the suffix {suffix!r}, expected one such as '.mp4'.")
        self.path = frame_root if path is None else os.path.join(data_root, path)
        self.suffix = suffix

    def check(self) -> None:
        """Check that the folder of the videos exists."""
        if not os.path.isdir(self.path):
            raise DataNotFoundError(
                f"{self.where}: the folder of videos '{self.path}' does not exist. Set the path in "
                "frames=dict(type='VideoFiles', path=...), relative to data_root."
            )

    def clip(self, folder_pattern: str, *, where: str) -> VideoClip:
        """Return the video of the sample; each process looks through it once to count its frames.

        Raises:
            DataNotFoundError: If there is none.
            DataError: If it is no video.
        """
        places = self._places(folder_pattern)
        for place in places:
            if os.path.isfile(place):
                return VideoClip(place, where=where, threads=1)
        raise DataNotFoundError(
            f'{where}: no video {" or ".join(map(repr, places))}. Set path and suffix in '
            "frames=dict(type='VideoFiles', ...), or take images with type='ImageFolders'."
        )

    def _places(self, folder_pattern: str) -> List[str]:
        folder = posixpath.dirname(folder_pattern)
        if os.path.isfile(os.path.join(self.path, folder)):
            return [os.path.join(self.path, folder)]
        name = folder[:-2] if folder.endswith('/1') else folder
        names = dict.fromkeys([name + self.suffix, posixpath.basename(name) + self.suffix])
        return [os.path.join(self.path, name) for name in names]
