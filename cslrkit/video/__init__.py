"""Where a dataset's frames come from."""

from cslrkit.video.clip_reader import ClipFrames, FrameSource
from cslrkit.video.image_folders import FileFrames, FolderSource
from cslrkit.video.packed_frames import PackedFrames, PackedSource

__all__ = ['ClipFrames', 'FileFrames', 'FolderSource', 'FrameSource', 'PackedFrames', 'PackedSource']
