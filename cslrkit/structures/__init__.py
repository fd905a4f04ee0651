"""What passes between the parts: vocabulary, gloss spans, hypothesis, data sample, geometry."""

from cslrkit.structures.gloss_span import GlossSpan, merge_neighbors
from cslrkit.structures.gloss_vocab import GlossVocab
from cslrkit.structures.hypothesis import Hypothesis, NBestEntry
from cslrkit.structures.keypoint_layout import KeypointLayout, find_layout
from cslrkit.structures.sign_data_sample import SignDataSample
from cslrkit.structures.stream_spec import StreamSpec, stream_specs
from cslrkit.structures.temporal_spec import TemporalSpec

__all__ = [
    'GlossSpan',
    'GlossVocab',
    'Hypothesis',
    'KeypointLayout',
    'NBestEntry',
    'SignDataSample',
    'StreamSpec',
    'TemporalSpec',
    'find_layout',
    'merge_neighbors',
    'stream_specs',
]
