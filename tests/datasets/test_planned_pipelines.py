"""Pipelines that plan before they decode give what the same pipelines give when they decode at once."""

import copy
import pickle
import random

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from cslrkit.datasets.transforms import (
    CenterCrop,
    LoadFrames,
    PackSignInputs,
    RandomCrop,
    RandomHorizontalFlip,
    RandomResize,
    RandomRotation,
    Resize,
    TemporalRescale,
)
from cslrkit.datasets.transforms.sample import PlannedSample
from cslrkit.errors import DataError
from cslrkit.video import ImageClip


def noise(seed, height, width):
    return np.random.RandomState(seed).randint(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.fixture(scope='module')
def clips(tmp_path_factory):
    """Paths of clips of several lengths, sizes and formats, by size and length."""
    root, made = tmp_path_factory.mktemp('clips'), {}
    for number, (height, width, count, suffix) in enumerate(
        [(20, 26, 45, 'png'), (9, 31, 33, 'png'), (24, 24, 12, 'jpg'), (7, 8, 1, 'png')]
    ):
        folder = root / str(number)
        folder.mkdir()
        for index in range(count):
            Image.fromarray(noise(100 * number + index, height, width)).save(folder / f'{index:03d}.{suffix}')
        made[number] = sorted(str(path) for path in folder.iterdir())
    return made


def seed_all(seed):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def drawn_next():
    return random.random(), np.random.random(), torch.rand(1).item()


# --- the published way: read every frame, then work on arrays ------------------------------------


def read_all(paths, *, interval, crop_top, resize):
    kept = list(range(len(paths)))[int(torch.randint(0, interval, [1])) :: interval]
    frames = []
    for index in kept:
        image = cv2.imread(paths[index])[crop_top:]
        if resize:
            image = cv2.resize(image, resize[::-1])
        frames.append(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
    return np.stack(frames), np.array(kept)


def eager(clip, indices, step, argument):
    """One transform on an array, from the published description, with no code of cslrkit."""
    height, width = clip.shape[1:3]
    if step is RandomCrop:
        pads = []
        for axis, size in ((2, argument[1]), (1, argument[0])):
            lack = size - clip.shape[axis]
            first = 0 if lack > 0 else random.randint(0, -lack)
            clip = np.take(clip, range(first, min(first + size, clip.shape[axis])), axis)
            pads.append((lack // 2, lack - lack // 2) if lack > 0 else (0, 0))
        clip = np.pad(clip, ((0, 0), pads[1], pads[0], (0, 0)))
    elif step is CenterCrop:
        rows, columns = min(argument[0], height), min(argument[1], width)
        top, left = round((height - rows) / 2.0), round((width - columns) / 2.0)
        clip = clip[:, top : top + rows, left : left + columns]
    elif step is RandomHorizontalFlip:
        clip = clip[:, :, ::-1] if random.random() < argument else clip
    elif step is TemporalRescale:
        length = int(len(clip) * (0.8 + (1.2 - 0.8) * np.random.random()))
        length = -(-min(max(length, argument), 230) // 4) * 4
        draw = random.sample(range(len(clip)), length) if length <= len(clip) else None
        kept = np.sort(draw or random.choices(range(len(clip)), k=length))
        clip, indices = clip[kept], indices[kept]
    else:
        operation = draw_operation(step, argument, height, width)
        clip = np.stack([np.asarray(operation(Image.fromarray(np.ascontiguousarray(frame)))) for frame in clip])
    return clip, indices


def draw_operation(step, argument, height, width):
    if step is RandomRotation:
        angle = random.uniform(-argument, argument)
        return lambda image: image.rotate(angle, Image.Resampling.BILINEAR)
    if step is RandomResize:
        factor = random.uniform(1 - argument, 1 + argument)
        return lambda image: image.resize((int(width * factor), int(height * factor)), Image.Resampling.BILINEAR)
    size = (int(width * argument), int(height * argument)) if argument < 1 else (int(argument), int(argument))
    return lambda image: image if argument == 1 else image.resize(size)


# --- random pipelines ----------------------------------------------------------------------------


def random_pipeline(rng):
    load = dict(interval=rng.choice([1, 1, 2, 3]), crop_top=rng.choice([0, 0, 3]))
    load['resize'] = rng.choice([None, None, (15, 11)])
    choices = [
        lambda: (RandomCrop, (rng.randint(3, 26), rng.randint(3, 26))),
        lambda: (CenterCrop, (rng.randint(3, 26), rng.randint(3, 26))),
        lambda: (RandomHorizontalFlip, rng.choice([0.5, 1.0])),
        lambda: (TemporalRescale, rng.choice([1, 8, 32])),
        lambda: (Resize, rng.choice([1.0, 0.7, 13])),
        lambda: (RandomResize, 0.3),
        lambda: (RandomRotation, 20),
    ]
    weights = [4, 3, 4, 3, 2, 1, 1]
    return load, [choice() for choice in rng.choices(choices, weights, k=rng.randint(0, 6))]


def build(step, argument):
    return step(min_len=argument) if step is TemporalRescale else step(argument)


def touch(results):
    """A third party's transform that wants pixels."""
    assert results['imgs'].dtype == np.uint8
    results['imgs'] = 255 - results['imgs']
    return results


@pytest.mark.parametrize('seed', range(150))
def test_same_pixels_and_draws(clips, seed):
    rng = random.Random(seed)
    load, steps = random_pipeline(rng)
    paths = clips[rng.randrange(4)]
    touched_after = rng.choice([None, None, rng.randint(0, len(steps))])
    if len(paths) == 1:
        load['interval'] = 1

    seed_all(seed)
    clip, indices = read_all(paths, **load)
    for number, (step, argument) in enumerate(steps):
        clip = 255 - clip if number == touched_after else clip
        clip, indices = eager(clip, indices, step, argument)
    clip = 255 - clip if touched_after == len(steps) else clip
    expected_draws = drawn_next()

    transforms = [LoadFrames(frame_interval=load['interval'], crop_top=load['crop_top'], resize=load['resize'])]
    transforms += [build(*step) for step in steps]
    if touched_after is not None:
        transforms.insert(1 + touched_after, touch)
    for kind in (PlannedSample, dict):
        seed_all(seed)
        results = kind(frame_paths=paths, sample_id='a')
        for transform in [*transforms, PackSignInputs()]:
            results = transform(results)
        assert drawn_next() == expected_draws
        assert np.array_equal(results['inputs'].permute(0, 2, 3, 1).numpy(), clip)
        assert list(results['data_samples'].frame_indices) == indices.tolist()


# --- what is read, and when ----------------------------------------------------------------------


class Counted(ImageClip):
    """Remembers which frames were decoded."""

    def __init__(self, paths):
        super().__init__(paths, where="sample 'a'")
        self.read = []

    def decode(self, indices):
        self.read.extend(indices)
        return super().decode(indices)


def planned(paths, *transforms):
    results = PlannedSample(frames=Counted(paths), sample_id='a')
    for transform in (LoadFrames(), *transforms):
        results = transform(results)
    return results


@pytest.mark.parametrize('clip', [0, 1, 2])  # with TemporalRescale: longer than the clip, of its length, shorter
def test_each_kept_frame_is_decoded_once(clips, clip):
    seed_all(clip)
    results = planned(clips[clip], TemporalRescale(), RandomCrop(8), RandomHorizontalFlip(), Resize(0.5), Resize(9))
    frames = results['frames']
    assert frames.read == []
    assert results['imgs'].shape[1:] == (9, 9, 3)
    assert frames.read == sorted(set(results['frame_indices'].tolist()))
    assert results['imgs'] is results['imgs']
    assert frames.read == sorted(set(results['frame_indices'].tolist()))


def test_a_crop_at_the_corner_is_not_lost_before_an_operation(clips):
    # 20 x 26 pixels: round(1 / 2) = 0, so the box begins at the corner.
    results = planned(clips[0][:1], CenterCrop((19, 25)), RandomRotation((90, 90)))
    turned = Image.fromarray(noise(0, 20, 26)[:19, :25]).rotate(90, Image.Resampling.BILINEAR)
    assert np.array_equal(results['imgs'][0], np.asarray(turned))


def test_a_frame_that_is_dropped_may_be_damaged(clips, tmp_path):
    paths = list(clips[0])
    seed_all(0)
    kept = planned(paths, TemporalRescale(min_len=1))['frame_indices'].tolist()
    dropped = min(set(range(1, 45)) - set(kept))
    for damaged, fails in ((dropped, False), (kept[3], True)):
        broken = [*paths[:damaged], str(tmp_path / 'none.png'), *paths[damaged + 1 :]]
        seed_all(0)
        results = planned(broken, TemporalRescale(min_len=1))
        if fails:
            with pytest.raises(DataError, match=r"sample 'a': '.*none.png' cannot be read as an image"):
                results['imgs']
        else:
            assert len(results['imgs']) == len(kept)


def test_a_frame_of_another_size_is_an_error_if_it_is_read(clips):
    mixed = clips[0][:3] + clips[1][:1]
    with pytest.raises(DataError, match=r'is 31x9 pixels, the first frame is 26x20; all frames of a clip must'):
        planned(mixed, CenterCrop(5))['imgs']
    with pytest.raises(DataError, match='31x9 pixels'):
        planned(mixed, Resize(0.5))['imgs']


def test_sizes_may_differ_before_frames_are_resized_on_reading(clips):
    results = PlannedSample(frame_paths=clips[0][:2] + clips[1][:1])
    assert LoadFrames(resize=(4, 6))(results)['imgs'].shape == (3, 4, 6, 3)


def test_an_orientation_tag_counts_for_the_size(tmp_path):
    tag = Image.Exif()
    tag[0x112] = 6  # turned by 90 degrees
    for suffix in ('png', 'jpg'):
        path = str(tmp_path / f'a.{suffix}')
        Image.fromarray(noise(0, 10, 16)).save(path, exif=tag)
        frames = ImageClip([path], where='clip')
        assert frames.frame_size() == (16, 10) == next(iter(frames.decode([0]))).shape[:2]


def test_paths_that_a_transform_changes_count(clips):
    results = PlannedSample(frames=ImageClip(clips[0], where='a'), frame_paths=clips[0][:4])
    assert len(LoadFrames()(results)['imgs']) == 4


# --- the sample is a dict ------------------------------------------------------------------------

LOOKS = {
    'item': lambda sample: sample['imgs'],
    'get': lambda sample: sample.get('imgs'),
    'setdefault': lambda sample: sample.setdefault('imgs', 0),
    'pop': lambda sample: sample.pop('imgs'),
    'pop with a default': lambda sample: sample.pop('imgs', None),
    'popitem': lambda sample: sample.popitem()[1],
    'items': lambda sample: dict(sample.items())['imgs'],
    'values': lambda sample: list(sample.values())[-1],
    'copy': lambda sample: sample.copy()['imgs'],
    'copy.copy': lambda sample: copy.copy(sample)['imgs'],
    'copy.deepcopy': lambda sample: copy.deepcopy(sample)['imgs'],
    'pickle': lambda sample: pickle.loads(pickle.dumps(sample))['imgs'],
    'dict': lambda sample: dict(sample)['imgs'],
    'unpacking': lambda sample: {**sample}['imgs'],
    'keywords': lambda sample: (lambda **keys: keys)(**sample)['imgs'],
    'update': lambda sample: [other := {}, other.update(sample)][0]['imgs'],
    'or': lambda sample: (sample | {'x': 1})['imgs'],
    'or from the right': lambda sample: ({'x': 1} | sample)['imgs'],
    'comprehension': lambda sample: {key: sample[key] for key in sample}['imgs'],
}


@pytest.mark.parametrize('how', LOOKS)
def test_every_look_at_imgs_sees_pixels(clips, how):
    sample = LoadFrames()(PlannedSample(frame_paths=clips[3], sample_id='a'))
    got = LOOKS[how](sample)
    assert isinstance(got, np.ndarray)
    assert np.array_equal(got, noise(300, 7, 8)[None])


def test_a_planned_sample_compares_and_counts_like_a_dict(clips):
    sample = LoadFrames()(PlannedSample(frame_paths=clips[3]))
    assert 'imgs' in sample
    assert list(sample) == ['frame_paths', 'frame_indices', 'clip_len', 'imgs']
    assert len(sample) == 4
    sample['imgs'] = sample['frame_indices'] = None
    assert sample == dict(frame_paths=clips[3], frame_indices=None, clip_len=1, imgs=None)
    assert sample != {}
    assert (sample.get('x'), sample.get('x', 1), sample.setdefault('x', 2), sample.pop('y', 3)) == (None, 1, 2, 3)
