import pickle

import pytest
import torch

from cslrkit.structures import GlossSpan, GlossVocab, Hypothesis, SignDataSample
from cslrkit.structures.temporal_spec import TemporalSpec


def test_sample_holds_reference_and_identity():
    sample = SignDataSample.create('clip', [2, 1], glosses=['B', 'X', 'A'], frame_indices=range(3), frame_rate=25.0)
    assert sample.gloss_ids.tolist() == [2, 1]
    assert sample.glosses == ('B', 'X', 'A')
    assert sample.frame_indices == (0, 1, 2)
    assert sample.hyps == {}
    assert pickle.loads(pickle.dumps(sample)).gloss_ids.tolist() == [2, 1]


def test_reference_must_be_int64():
    with pytest.raises(TypeError, match='expected an int64 tensor'):
        SignDataSample.create('clip', [1]).gloss_ids = torch.tensor([1.0])


def test_hypothesis_resolves_to_frames_of_the_source():
    vocab = GlossVocab.from_list(['A', 'B'])
    # Steps of 4 frames: B was seen in steps 1 to 2, A in step 4. The clip keeps every second frame.
    hypothesis = Hypothesis([GlossSpan(2, steps=(1, 2), peak=1), GlossSpan(1, steps=(4, 4), peak=4)], -1.5)
    spec = TemporalSpec(('K5', 'P2', 'K5', 'P2'))
    resolved = hypothesis.resolve(vocab, spec, frame_indices=range(0, 36, 2), frame_rate=25.0)
    assert resolved.glosses == ('B', 'A')
    assert resolved.frame_spans == ((8, 23), (32, 35))
    assert resolved.time_spans == [(8 / 25, 23 / 25), (32 / 25, 35 / 25)]


def test_no_frame_rate_no_seconds():
    hypothesis = Hypothesis([GlossSpan(1)], -1.5)
    resolved = hypothesis.resolve(GlossVocab.from_list('A'), TemporalSpec(('K3',)), frame_indices=range(5))
    assert resolved.time_spans is None
