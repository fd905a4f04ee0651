"""Reading videos for a trained model, and writing what it saw in them."""

from cslrkit.inference.clip import read_clip
from cslrkit.inference.preparation import FrameSpec, clip_pipeline, frame_spec
from cslrkit.inference.readers import Source, SourceFrame
from cslrkit.inference.result import Candidate, GlossSpan, InferenceResult
from cslrkit.inference.sources import open_sources

__all__ = [
    'Candidate',
    'FrameSpec',
    'GlossSpan',
    'InferenceResult',
    'Source',
    'SourceFrame',
    'clip_pipeline',
    'frame_spec',
    'open_sources',
    'read_clip',
]
