"""What passes between the parts: vocabulary, gloss spans, hypothesis, data sample, geometry."""

from cslrkit.structures.gloss_span import GlossSpan, merge_neighbors
from cslrkit.structures.gloss_vocab import GlossVocab
from cslrkit.structures.hypothesis import Hypothesis, NBestEntry
from cslrkit.structures.sign_data_sample import SignDataSample
from cslrkit.structures.stream_spec import StreamSpec, stream_specs
from cslrkit.structures.temporal_spec import TemporalSpec

__all__ = [
    'GlossSpan',
    'GlossVocab',
    'Hypothesis',
    'NBestEntry',
    'SignDataSample',
    'StreamSpec',
    'TemporalSpec',
    'merge_neighbors',
    'stream_specs',
]
