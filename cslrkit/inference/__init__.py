"""Reading videos for a trained model, and writing what it saw in them."""

from cslrkit.inference.captions import VideoWriter, captioned_paths, write_captioned
from cslrkit.inference.clip import read_clip
from cslrkit.inference.preparation import FrameSpec, clip_pipeline, frame_spec
from cslrkit.inference.readers import Source, SourceFrame
from cslrkit.inference.result import Candidate, GlossSpan, InferenceResult
from cslrkit.inference.sources import open_sources
from cslrkit.inference.table import format_result
from cslrkit.inference.writers import FORMATS, check_formats, write_results

__all__ = [
    'FORMATS',
    'Candidate',
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
