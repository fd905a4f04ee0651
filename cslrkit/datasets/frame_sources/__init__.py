"""Where a dataset's frames come from."""

from cslrkit.datasets.frame_sources.base import ClipFrames, FrameSource
from cslrkit.datasets.frame_sources.folders import FileFrames, FolderSource

__all__ = ['ClipFrames', 'FileFrames', 'FolderSource', 'FrameSource']
