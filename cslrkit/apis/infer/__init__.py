"""Reading videos for a trained model, and writing what it saw in them."""

from cslrkit.apis.infer.frame_spec import FrameSpec, frame_spec
from cslrkit.apis.infer.frames import clip_pipeline, read_clip
from cslrkit.apis.infer.result_files import ResultFiles
from cslrkit.apis.infer.writers import FORMATS, check_formats, format_result, write_results
from cslrkit.structures import GlossSpan
from cslrkit.structures.result import InferenceResult
from cslrkit.video.captions import captioned_paths, write_captioned
from cslrkit.video.inputs import FailedInput, open_clips, open_each, raise_failed
from cslrkit.video.video_writer import VideoWriter

open_sources = open_clips  # its name in 0.1.0

__all__ = [
    'FORMATS',
    'FailedInput',
    'FrameSpec',
    'GlossSpan',
    'InferenceResult',
    'ResultFiles',
    'VideoWriter',
    'captioned_paths',
    'check_formats',
    'clip_pipeline',
    'format_result',
    'frame_spec',
    'open_clips',
    'open_each',
    'open_sources',
    'raise_failed',
    'read_clip',
    'write_captioned',
    'write_results',
]
