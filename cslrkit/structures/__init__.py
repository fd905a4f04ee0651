"""What passes between the parts: vocabulary, hypothesis, data sample, geometry."""

from cslrkit.structures.gloss_vocab import GlossVocab
from cslrkit.structures.hypothesis import Hypothesis, NBestEntry
from cslrkit.structures.sign_data_sample import SignDataSample
from cslrkit.structures.stream_spec import StreamSpec, stream_specs
from cslrkit.structures.temporal_spec import TemporalSpec

__all__ = ['GlossVocab', 'Hypothesis', 'NBestEntry', 'SignDataSample', 'StreamSpec', 'TemporalSpec', 'stream_specs']
