"""Pictures of what a recognizer does: heat maps, alignments, clips before and after augmentation, curves, reports."""

from cslrkit.visualization.cam import GlossCam, compute_cam
from cslrkit.visualization.cam_pictures import cam_grid, overlay, write_cam_video, write_cams
from cslrkit.visualization.sign_visualization_hook import SignVisualizationHook

__all__ = [
    'GlossCam',
    'SignVisualizationHook',
    'cam_grid',
    'compute_cam',
    'overlay',
    'write_cam_video',
    'write_cams',
]
