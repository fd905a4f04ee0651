import random
import re

import numpy as np
import pytest
import torch
from corpus_files import write_frames
from made_clips import clip
from PIL import Image

from cslrkit.datasets.transforms import (
    CenterCrop,
    LoadFrames,
    PackClassicalInputs,
    PackSignInputs,
    RandomCrop,
    RandomHorizontalFlip,
    RandomResize,
    RandomRotation,
    Resize,
    TemporalRescale,
)
from cslrkit.errors import ConfigError, DataError

# --- loading -------------------------------------------------------------------------------------


def paths_of(folder, count, **options):
    write_frames(folder, count, **options)
    return sorted(str(path) for path in folder.iterdir())


def test_load_gives_rgb(tmp_path):
    results = LoadFrames()(dict(frame_paths=paths_of(tmp_path, 3)))
    assert results['imgs'].shape == (3, 6, 8, 3)
    assert results['imgs'].dtype == np.uint8
    assert results['imgs'][:, 5, 7].tolist() == [[0, 100, 200], [1, 101, 201], [2, 102, 202]]
    assert results['frame_indices'].tolist() == [0, 1, 2]


@pytest.mark.parametrize('how', ['argument', 'sample'])
def test_interval_draws_its_offset_from_torch(tmp_path, how):
    paths = paths_of(tmp_path, 8)
    transform = LoadFrames(frame_interval=3) if how == 'argument' else LoadFrames()
    keys = dict(frame_paths=paths) if how == 'argument' else dict(frame_paths=paths, frame_interval=3)
    for seed in range(5):
        torch.manual_seed(seed)
        offset = int(torch.randint(0, 3, [1]))
        following = torch.rand(1)
        torch.manual_seed(seed)
        results = transform(dict(keys))
        assert torch.equal(torch.rand(1), following)
        assert results['frame_indices'].tolist() == list(range(8))[offset::3]
        assert results['imgs'][:, 0, 0, 0].tolist() == list(range(8))[offset::3]


def test_interval_1_draws_too(tmp_path):
    paths = paths_of(tmp_path, 1)
    torch.manual_seed(0)
    torch.randint(0, 1, [1])
    following = torch.rand(1)
    torch.manual_seed(0)
    LoadFrames()(dict(frame_paths=paths))
    assert torch.equal(torch.rand(1), following)


def test_interval_that_leaves_nothing(tmp_path):
    paths = paths_of(tmp_path, 1)
    torch.manual_seed(0)
    with pytest.raises(DataError, match=r"sample 'a': 1 frame, of which frame_interval 100 from frame .* leaves none"):
        LoadFrames(frame_interval=100)(dict(frame_paths=paths, sample_id='a'))


def test_crop_top_and_resize(tmp_path):
    (path,) = paths_of(tmp_path, 1, size=(6, 8))
    image = np.asarray(Image.open(path)).copy()
    image[:2] = 255
    Image.fromarray(image).save(path)
    imgs = LoadFrames(crop_top=2, resize=(5, 7))(dict(frame_paths=[path]))['imgs']
    assert imgs.shape == (1, 5, 7, 3)
    assert np.all(imgs == [0, 100, 200])  # nothing of the rows that were cut
    with pytest.raises(DataError, match='has 6 rows, of which crop_top=6 leaves none'):
        LoadFrames(crop_top=6)(dict(frame_paths=[path]))


def test_frames_of_two_sizes(tmp_path):
    paths = paths_of(tmp_path / 'a', 1) + paths_of(tmp_path / 'b', 1, size=(6, 9))
    with pytest.raises(DataError, match=r'is 9x6 pixels, .* is 8x6; all frames of a clip must have one size'):
        LoadFrames()(dict(frame_paths=paths))


# --- time ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ('num_frames', 'draw', 'interval', 'length'),
    [
        (100, 0.5, 1, 100),
        (100, 0.0, 1, 80),
        (100, 0.3, 1, 92),  # int(100 * 0.92) is a multiple of 4
        (100, 0.33, 1, 96),  # int(93.2) = 93, raised to 96
        (40, 0.99, 1, 48),  # int(47.84) = 47, raised to 48: above 40, so with repetition
        (10, 0.5, 1, 32),
        (300, 0.5, 1, 232),  # at most 230, raised to 232
        (300, 0.5, 2, 116),  # at most 115
        (300, 0.5, 3, 80),  # at most ceil(76.7) = 77
        (300, 0.5, 4, 60),  # at most ceil(57.5) = 58
        (300, 0.5, 10, 24),  # at most 23, which wins over at least 32
    ],
)
def test_temporal_rescale_length(monkeypatch, num_frames, draw, interval, length):
    monkeypatch.setattr(np.random, 'random', lambda: draw)
    imgs = np.arange(num_frames).reshape(-1, 1, 1, 1)
    results = TemporalRescale(0.2)(dict(imgs=imgs, frame_indices=np.arange(num_frames), frame_interval=interval))
    kept = results['frame_indices'].tolist()
    assert len(kept) == length
    assert kept == sorted(kept)
    assert len(set(kept)) == length or length > num_frames
    assert results['imgs'].ravel().tolist() == kept


@pytest.mark.parametrize('num_frames', [20, 60, 250])
def test_temporal_rescale_draws_numpy_then_random(num_frames):
    np.random.seed(4)
    random.seed(4)
    length = int(num_frames * (0.8 + (1.2 - 0.8) * np.random.random()))
    length = -(-min(max(length, 32), 230) // 4) * 4
    if length <= num_frames:
        kept = sorted(random.sample(range(num_frames), length))
    else:
        kept = sorted(random.choices(range(num_frames), k=length))
    following = random.random(), np.random.random()
    np.random.seed(4)
    random.seed(4)
    imgs = np.zeros((num_frames, 1, 1, 1), np.uint8)
    results = TemporalRescale(0.2)(dict(imgs=imgs, frame_indices=np.arange(num_frames)))
    assert (random.random(), np.random.random()) == following
    assert results['frame_indices'].tolist() == kept


def test_frame_indices_stay_those_of_the_source(tmp_path):
    paths = paths_of(tmp_path, 70)
    results = LoadFrames(frame_interval=2)(dict(frame_paths=paths))
    results = TemporalRescale(0.2)(results)
    assert results['imgs'][:, 0, 0, 0].tolist() == results['frame_indices'].tolist()  # red is the frame's number


def test_temporal_rescale_takes_its_own_interval():
    imgs = np.zeros((300, 1, 1, 1), np.uint8)
    results = TemporalRescale(0.0, frame_interval=4)(dict(imgs=imgs, frame_indices=np.arange(300), frame_interval=1))
    assert len(results['imgs']) == 60


# --- packing -------------------------------------------------------------------------------------


def sample_dict():
    return dict(
        imgs=clip()[:, :, ::-1],
        frame_indices=np.array([3, 5]),
        sample_id='a',
        signer='S01',
        glosses=('X', 'Y'),
        gloss_ids=[2],
        original_info='a|X Y',
        frame_rate=25.0,
    )


def test_pack_sign_inputs():
    packed = PackSignInputs()(sample_dict())
    inputs, sample = packed['inputs'], packed['data_samples']
    assert inputs.dtype == torch.uint8
    assert inputs.shape == (2, 3, 8, 10)
    assert inputs.permute(0, 2, 3, 1).is_contiguous()
    assert np.array_equal(inputs.permute(0, 2, 3, 1).numpy(), clip()[:, :, ::-1])
    assert (sample.sample_id, sample.signer, sample.glosses, sample.original_info) == ('a', 'S01', ('X', 'Y'), 'a|X Y')
    assert (sample.gloss_ids.tolist(), sample.frame_indices, sample.frame_rate) == ([2], (3, 5), 25.0)


def test_pack_needs_no_annotation():
    packed = PackSignInputs()(dict(imgs=clip(), frame_indices=[0, 1], sample_id='mine'))
    assert packed['data_samples'].gloss_ids.tolist() == []


def test_pack_classical_inputs():
    video, labels, info = PackClassicalInputs()(sample_dict())
    expected = (torch.from_numpy(clip()[:, :, ::-1].copy()).permute(0, 3, 1, 2).float() / 255.0 - 0.45) / 0.225
    assert torch.equal(video, expected)
    assert (labels.tolist(), labels.dtype, info) == ([2], torch.int64, 'a|X Y')


# --- arguments -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ('make', 'message'),
    [
        (lambda: LoadFrames(frame_interval=0), 'LoadFrames: frame_interval: got 0'),
        (lambda: LoadFrames(crop_top=-1), 'LoadFrames: crop_top: got -1'),
        (lambda: LoadFrames(resize=(256,)), 'LoadFrames: resize: got (256,)'),
        (lambda: RandomCrop(0), 'RandomCrop: size: got 0'),
        (lambda: RandomCrop(2.5), 'RandomCrop: size: got 2.5'),
        (lambda: CenterCrop('224'), "CenterCrop: size: got '224'"),
        (lambda: RandomHorizontalFlip(2), 'RandomHorizontalFlip: prob: got 2'),
        (lambda: Resize(0), 'Resize: scale: got 0'),
        (lambda: RandomResize(1.0), 'RandomResize: rate: got 1.0'),
        (lambda: RandomResize(0.1, 'box'), "RandomResize: interp: got 'box'"),
        (lambda: RandomRotation(-3), 'RandomRotation: degrees: got -3'),
        (lambda: TemporalRescale(1.5), 'TemporalRescale: temp_scaling: got 1.5'),
        (lambda: TemporalRescale(min_len=9, max_len=8), 'TemporalRescale: got min_len 9 and max_len 8'),
    ],
)
def test_wrong_transform_arguments(make, message):
    with pytest.raises(ConfigError, match=re.escape(message)):
        make()
