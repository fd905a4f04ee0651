"""Reading videos for a trained model, and writing what it saw in them."""

from cslrkit.apis.infer.clip import read_clip
from cslrkit.apis.infer.preparation import FrameSpec, clip_pipeline, frame_spec
from cslrkit.apis.infer.writers import FORMATS, check_formats, format_result, write_results
from cslrkit.structures import GlossSpan
from cslrkit.structures.result import InferenceResult
from cslrkit.video.captions import VideoWriter, captioned_paths, write_captioned
from cslrkit.video.readers import Source, SourceFrame
from cslrkit.video.sources import open_sources

__all__ = [
    'FORMATS',
    'FrameSpec',
    'GlossSpan',
    'InferenceResult',
    'Source',
    'SourceFrame',
    'VideoWriter',
    'captioned_paths',
    'check_formats',
    'clip_pipeline',
    'format_result',
    'frame_spec',
    'open_sources',
    'read_clip',
    'write_captioned',
    'write_results',
]
