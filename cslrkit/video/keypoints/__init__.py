"""Keypoints of clips: where they come from, in which formats, and a format of cslrkit's own."""

from cslrkit.video.keypoints.arrays import KeypointArrays
from cslrkit.video.keypoints.keypoints import Keypoints
from cslrkit.video.keypoints.openpose import OpenPoseFolders
from cslrkit.video.keypoints.pickles import KeypointPickle, UniSignPickles
from cslrkit.video.keypoints.pose_files import PoseFiles
from cslrkit.video.keypoints.reader import KeypointReader
from cslrkit.video.keypoints.store import StoredKeypoints, write_keypoints

__all__ = [
    'KeypointArrays',
    'KeypointPickle',
    'KeypointReader',
    'Keypoints',
    'OpenPoseFolders',
    'PoseFiles',
    'StoredKeypoints',
    'UniSignPickles',
    'write_keypoints',
]
