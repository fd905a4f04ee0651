"""Clips in: folders of images, video files, packs, arrays and cameras; captions out."""

from cslrkit.video.clip import ArrayClip, Clip, Frame
from cslrkit.video.clip_reader import ClipReader
from cslrkit.video.image_folders import ImageFolders
from cslrkit.video.images import ImageClip
from cslrkit.video.packed_frames import PackedFrames
from cslrkit.video.video_clip import VideoClip
from cslrkit.video.video_files import VideoFiles

__all__ = [
    'ArrayClip',
    'Clip',
    'ClipReader',
    'Frame',
    'ImageClip',
    'ImageFolders',
    'PackedFrames',
    'VideoClip',
    'VideoFiles',
]
