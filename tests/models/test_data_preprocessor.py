import re

import pytest
import torch

from cslrkit.datasets import make_collate_fn
from cslrkit.errors import ConfigError, DataError
from cslrkit.models.data_preprocessor import SignDataPreprocessor
from cslrkit.models.recognizers.cslr_recognizer import check_alignable
from cslrkit.registry import MODELS
from cslrkit.structures import SignDataSample
from cslrkit.structures.temporal_spec import TemporalSpec

SPEC = TemporalSpec(('K5', 'P2', 'K5', 'P2'))


def batch_of(*lengths, seed=0):
    generator = torch.Generator().manual_seed(seed)
    clips = [torch.randint(0, 256, (length, 3, 4, 5), dtype=torch.uint8, generator=generator) for length in lengths]
    samples = [SignDataSample.create(f's{index}', [index + 1]) for index in range(len(lengths))]
    return dict(inputs=clips, data_samples=samples)


def test_equals_the_classical_batch():
    data = batch_of(3, 9, 9, 1)
    got = MODELS.build(dict(type='SignDataPreprocessor', temporal_spec=SPEC))(data)
    samples = [((clip / 255.0 - 0.45) / 0.225, [], '') for clip in data['inputs']]
    video, lengths, _, _, _ = make_collate_fn(SPEC)(samples)
    assert torch.equal(got['inputs'], video)
    assert torch.equal(got['frame_lens'], lengths)
    assert [sample.sample_id for sample in got['data_samples']] == ['s1', 's2', 's0', 's3']
    assert [sample.gloss_ids.tolist() for sample in got['data_samples']] == [[2], [3], [1], [4]]


def test_types_and_memory():
    got = SignDataPreprocessor(temporal_spec=SPEC)(batch_of(8, 4))
    assert got['inputs'].shape == (2, 20, 3, 4, 5)
    assert got['inputs'].dtype == torch.float32
    assert got['inputs'].permute(0, 1, 3, 4, 2).is_contiguous()
    # What a 3-D convolution reads is then in its channels-last layout.
    assert got['inputs'].transpose(1, 2).is_contiguous(memory_format=torch.channels_last_3d)
    assert got['frame_lens'].dtype == torch.int64
    assert got['frame_lens'].tolist() == [20, 16]


def test_a_batch_equals_its_samples_alone():
    data = batch_of(8, 5, 2)
    preprocessor = SignDataPreprocessor(temporal_spec=SPEC)
    together = preprocessor(data)
    for row, length, clip, sample in zip(
        together['inputs'], together['frame_lens'], data['inputs'], data['data_samples']
    ):
        alone = preprocessor(dict(inputs=[clip], data_samples=[sample]))
        assert torch.equal(alone['inputs'][0], row[:length])


def test_samples_stay_on_the_cpu():
    # The meta device stands for any other one: a number on it cannot be read at all.
    got = SignDataPreprocessor(temporal_spec=SPEC).to('meta')(batch_of(8, 4))
    assert got['inputs'].device.type == 'meta'
    check_alignable(got['data_samples'], got['frame_lens'], SPEC)


def test_inputs_are_left_alone():
    data = batch_of(4)
    before = data['inputs'][0].clone()
    SignDataPreprocessor(temporal_spec=SPEC)(data)
    assert torch.equal(data['inputs'][0], before)


def test_without_a_spec_only_to_the_longest():
    got = SignDataPreprocessor(mean=0.0, std=1.0)(batch_of(2, 5))
    assert got['inputs'].shape[:2] == (2, 5)
    assert got['frame_lens'].tolist() == [5, 2]


def test_statistics_by_channel():
    data = dict(inputs=[torch.full((1, 3, 1, 1), 51, dtype=torch.uint8)], data_samples=[SignDataSample.create('a', [])])
    got = SignDataPreprocessor(mean=[0.2, 0.1, 0.0], std=[1.0, 0.5, 0.1])(data)
    assert torch.allclose(got['inputs'].flatten(), torch.tensor([0.0, 0.2, 2.0]), atol=1e-6)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (dict(inputs=[torch.zeros(2, 3, 4, 4)]), 'clip 0 is torch.float32, expected a uint8 tensor'),
        (dict(inputs=[[1, 2]]), 'clip 0 is list'),
        (dict(data_samples=[]), 'got 1 clips with 0 data samples'),
        (dict(data_samples=SignDataSample.create('a', [])), 'got 1 clips with SignDataSample'),
    ],
)
def test_wrong_inputs(change, message):
    with pytest.raises(DataError, match=re.escape(message)):
        SignDataPreprocessor()({**batch_of(2), **change})


def test_wrong_preprocessor_arguments():
    with pytest.raises(ConfigError, match='std: got 0'):
        SignDataPreprocessor(std=0)
    with pytest.raises(ConfigError, match='temporal_spec: got'):
        SignDataPreprocessor(temporal_spec=['K5'])
