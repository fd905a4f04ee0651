import numpy as np
import pytest
import torch

from cslrkit.errors import ConfigError, DataError
from cslrkit.models.keypoint_preprocessor import KeypointDataPreprocessor
from cslrkit.structures import SignDataSample, TemporalSpec


def packed(*lengths, points=2, size=(200, 100)):
    samples = [
        SignDataSample.create(str(length), [1], frame_indices=range(length), image_size=size) for length in lengths
    ]
    clips = [torch.arange(length * points * 3.0).reshape(length, points, 3) for length in lengths]
    return dict(inputs=clips, data_samples=samples)


def test_corners_of_the_picture_and_the_last_frame_as_padding():
    data = packed(1, 2)
    data['inputs'][0][0] = torch.tensor([[0.0, 0.0, 0.5], [200.0, 100.0, 1.0]])
    batch = KeypointDataPreprocessor(temporal_spec=TemporalSpec(('P4',)))(data)
    assert batch['inputs'].shape == (2, 3, 4, 2)
    assert batch['frame_lens'].tolist() == [4, 4]
    assert [sample.sample_id for sample in batch['data_samples']] == ['2', '1']
    # y grows upwards: the top left corner is (-1, 1)
    assert batch['inputs'][1, :, 0].T.tolist() == [[-1, 1, 0.5], [1, -1, 1.0]]
    assert (batch['inputs'][1] == batch['inputs'][1, :, :1]).all()
    assert (batch['inputs'][0, :, 2:] == batch['inputs'][0, :, 1:2]).all()


def test_only_training_moves_and_draws():
    preprocessor = KeypointDataPreprocessor(max_degrees=15, max_shift=0.1)
    np.random.seed(0)
    plain = preprocessor(packed(3, 5))['inputs']
    assert np.random.random() == np.random.RandomState(0).random()
    moved = []
    for seed in range(8):
        np.random.seed(seed)
        moved.append(preprocessor(packed(3, 5), True)['inputs'])
    assert all((batch[:, 2] == plain[:, 2]).all() for batch in moved)  # scores
    assert 4 <= sum(not torch.equal(batch, plain) for batch in moved) < 8


def test_a_turn_keeps_distances():
    preprocessor = KeypointDataPreprocessor(max_degrees=90)
    plain = preprocessor(packed(3))['inputs']
    for seed in range(4):
        np.random.seed(seed)
        moved = preprocessor(packed(3), True)['inputs']
        torch.testing.assert_close(moved[:, :2].norm(dim=1), plain[:, :2].norm(dim=1))


@pytest.mark.parametrize('argument', ['max_degrees', 'max_shift'])
def test_negative_numbers_are_errors(argument):
    with pytest.raises(ConfigError, match=f'{argument}: got -1'):
        KeypointDataPreprocessor(**{argument: -1})


def test_wrong_inputs_are_errors_that_say_what_to_do():
    preprocessor = KeypointDataPreprocessor()
    with pytest.raises(DataError, match='LoadKeypoints'):
        preprocessor(dict(packed(2), inputs=[torch.zeros(2, 3, 8, 8, dtype=torch.uint8)]))
    with pytest.raises(DataError, match='one layout'):
        preprocessor(dict(packed(2, 2), inputs=[torch.zeros(2, 5, 3), torch.zeros(2, 4, 3)]))
    with pytest.raises(DataError, match='size of the picture'):
        preprocessor(packed(2, size=None))
    with pytest.raises(DataError, match='pseudo_collate'):
        preprocessor(dict(packed(2, 3), inputs=[torch.zeros(2, 5, 3)]))
