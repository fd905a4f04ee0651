"""Where a dataset's frames come from."""

from cslrkit.datasets.frame_sources.base import ClipFrames, FrameSource
from cslrkit.datasets.frame_sources.folders import FileFrames, FolderSource
from cslrkit.datasets.frame_sources.packed import PackedFrames, PackedSource

__all__ = ['ClipFrames', 'FileFrames', 'FolderSource', 'FrameSource', 'PackedFrames', 'PackedSource']
