import pickle

import pytest
import torch
from torch.utils.data import DataLoader

from cslrkit.datasets import CSLRDataset, make_collate_fn
from cslrkit.errors import ConfigError, DataError
from cslrkit.structures.padding import longest_first, normalize_, pad_clips
from cslrkit.structures.temporal_spec import TemporalSpec

SPEC = TemporalSpec(('K3', 'P2'))  # left padding 1, stride 2


def numbered(length, dtype=torch.float32):
    """Frame i holds i + 1."""
    return torch.arange(1, length + 1).to(dtype).view(-1, 1, 1, 1).expand(-1, 3, 2, 4)


@pytest.mark.parametrize('dtype', [torch.uint8, torch.float32])
@pytest.mark.parametrize('channels_last', [False, True])
def test_copies_of_the_outer_frames(dtype, channels_last):
    batch, lengths = pad_clips([numbered(5, dtype), numbered(2, dtype)], SPEC, channels_last=channels_last)
    # 5 frames: ceil(5 / 2) * 2 + 2 * 1 = 8. 2 frames: 2 + 2 = 4, then filled up to 8.
    assert lengths.tolist() == [8, 4]
    assert batch[:, :, 0, 0, 0].tolist() == [[1, 1, 2, 3, 4, 5, 5, 5], [1, 1, 2, 2, 2, 2, 2, 2]]
    assert (batch == batch[:, :, :1, :1, :1]).all()
    assert batch.dtype == dtype
    assert (batch.permute(0, 1, 3, 4, 2) if channels_last else batch).is_contiguous()


def test_uint8_clips_to_a_float_batch():
    batch, _ = pad_clips([numbered(3, torch.uint8)], SPEC, dtype=torch.float32)
    assert batch.dtype == torch.float32


def test_a_clip_is_padded_alike_alone_and_in_a_batch():
    clips = [torch.rand(length, 3, 2, 2) for length in (7, 4, 1)]
    batch, lengths = pad_clips(clips, SPEC)
    for row, length, clip in zip(batch, lengths, clips):
        alone, alone_length = pad_clips([clip], SPEC)
        assert alone_length == length
        assert torch.equal(alone[0], row[:length])


def test_padding_repeats_what_was_written():
    clips = [numbered(3, torch.uint8), numbered(1, torch.uint8)]
    doubled, _ = pad_clips(
        clips, SPEC, dtype=torch.float32, channels_last=True, fill=lambda out, clip: out.copy_(clip).mul_(2)
    )
    plain, _ = pad_clips(clips, SPEC, dtype=torch.float32)
    assert torch.equal(doubled, 2 * plain)


@pytest.mark.parametrize('dtype', [torch.uint8, torch.float32, torch.float64, torch.bfloat16])
def test_memory_is_aligned(dtype):
    batch, _ = pad_clips([numbered(2, dtype)], SPEC)
    assert batch.data_ptr() % 64 == 0
    assert batch.shape == (1, 4, 3, 2, 4)


def test_longest_first_is_stable():
    assert longest_first([numbered(2), numbered(5), numbered(2), numbered(5)]) == [1, 3, 0, 2]


def test_normalize_by_channel():
    video = torch.full((1, 3, 1, 1), 51.0)  # 51 / 255 = 0.2
    got = normalize_(video, mean=[0.2, 0.1, 0.0], std=[1.0, 0.5, 0.1])
    assert got is video
    assert torch.allclose(video.flatten(), torch.tensor([0.0, 0.2, 2.0]), atol=1e-6)


@pytest.mark.parametrize(
    ('clips', 'message'),
    [
        ([], 'got no clips'),
        ([torch.zeros(3, 2, 2)], r'clip 0 has the shape \(3, 2, 2\)'),
        ([numbered(2), torch.zeros(0, 3, 2, 4)], r'clip 1 has the shape \(0, 3, 2, 4\)'),
        ([numbered(2), torch.zeros(1, 3, 2, 5)], 'clip 1 is 3x2x5, clip 0 is 3x2x4'),
    ],
)
def test_clips_that_make_no_batch(clips, message):
    with pytest.raises(DataError, match=message):
        pad_clips(clips, SPEC)


# --- the classical batch -------------------------------------------------------------------------


def test_classical_batch():
    collate = make_collate_fn(['K3', 'P2'])
    samples = [(numbered(2), [7], 'a'), (numbered(5), torch.tensor([1, 2]), 'b'), (numbered(2), [], 'c')]
    video, video_length, labels, label_length, info = collate(samples)
    assert video.shape == (3, 8, 3, 2, 4)
    assert video.is_contiguous()
    assert video_length.tolist() == [8, 4, 4]
    assert labels.tolist() == [1, 2, 7]
    assert label_length.tolist() == [2, 1, 0]
    assert info == ('b', 'a', 'c')
    assert video_length.dtype == labels.dtype == label_length.dtype == torch.int64


def test_no_labels_at_all_give_empty_tensors():
    _, _, labels, label_length, _ = make_collate_fn(['K3'])([(numbered(2), [], 'a'), (numbered(3), [], 'b')])
    assert labels.shape == (0,)
    assert labels.dtype == torch.int64
    assert label_length.tolist() == [0, 0]


def test_left_pad_rules():
    # P2 K5: exact 2 * 2 = 4 frames; the published recurrence stops at 0 * 2 + 2 = 2.
    samples = [(numbered(4), [1], 'a')]
    assert make_collate_fn(['P2', 'K5'])(samples)[1].tolist() == [12]
    assert make_collate_fn(['P2', 'K5'], left_pad_rule='slowfastsign')(samples)[1].tolist() == [8]
    spec = TemporalSpec(('P2', 'K5'), left_pad_rule='slowfastsign')
    assert make_collate_fn(spec)(samples)[1].tolist() == [8]


def test_collate_function_can_be_sent_to_workers():
    collate = pickle.loads(pickle.dumps(make_collate_fn(['K3'])))
    assert collate([(numbered(2), [1], 'a')])[1].tolist() == [4]


@pytest.mark.parametrize('spec', ['K5', ['K4'], ['Q2']])
def test_malformed_kernel_spec(spec):
    with pytest.raises(ConfigError, match='kernel spec'):
        make_collate_fn(spec)


def test_training_loop_without_mmengine(corpus):
    pipeline = [dict(type='LoadFrames'), dict(type='PackClassicalInputs')]
    dataset = CSLRDataset(str(corpus), 'train', pipeline=pipeline)
    loader = DataLoader(dataset, batch_size=2, collate_fn=make_collate_fn(['K5', 'P2', 'K5', 'P2']))
    ((video, video_length, labels, label_length, info),) = list(loader)
    assert video.shape == (2, 20, 3, 6, 8)  # ceil(5 / 4) * 4 + 2 * 6
    assert video_length.tolist() == [20, 16]
    assert (labels.tolist(), label_length.tolist(), info) == ([3, 1, 2], [1, 2], ('b|WIND', 'a|REGEN SONNE'))
