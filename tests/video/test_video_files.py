"""Training from video files without extracting frames."""

import pickle

import cv2
import pytest
import torch
from corpus_files import entry, write_annotation
from small_datasets import TEST, TRAIN, assert_same_samples, make_dataset, read_all
from video_files import picture, write_clip

from cslrkit.errors import ConfigError, DataError, DataNotFoundError
from cslrkit.registry import CLIP_READERS
from cslrkit.video import VideoClip, VideoFiles, video_clip
from cslrkit.video.video_file import decode_stream

VIDEOS = dict(type='VideoFiles', path='videos')


@pytest.fixture
def corpus(tmp_path):
    """Three clips as videos, and as the images that reading them gives."""
    for number in range(3):
        options = [{}, dict(g=6), dict(codec='mpeg4', bf=2)][number]
        path = write_clip(tmp_path / f'videos/s{number}.mp4', count=30, **options)
        (tmp_path / f's{number}').mkdir()
        for frame in VideoClip(path).frames():
            cv2.imwrite(str(tmp_path / f's{number}/{frame.index:03d}.png'), frame.image[..., ::-1])
    write_annotation(tmp_path, [entry(f's{n}', folder=f's{n}/*.png') for n in range(3)])
    return tmp_path


@pytest.mark.parametrize('steps', [TRAIN, TEST])
@pytest.mark.parametrize('interval', [1, 2])
def test_same_tensors_as_from_extracted_frames(corpus, steps, interval):
    shared = dict(pipeline=steps, frame_interval=interval)
    folders, videos = make_dataset(corpus, **shared), make_dataset(corpus, frames=VIDEOS, **shared)
    for seed in range(4):
        assert_same_samples(read_all(videos, seed), read_all(folders, seed))


def test_workers_read_what_one_process_reads(corpus):
    dataset = make_dataset(corpus, frames=VIDEOS, pipeline=TEST)
    alone = read_all(dataset, 0)
    assert_same_samples(read_all(pickle.loads(pickle.dumps(dataset)), 0), alone)
    loader = torch.utils.data.DataLoader(dataset, num_workers=2, batch_size=None)
    assert_same_samples(list(loader), alone)


def test_only_kept_frames_become_images_and_a_file_is_looked_through_once(corpus, monkeypatch):
    opened, images = [], []
    monkeypatch.setattr(video_clip.UprightImages, '__call__', lambda self, frame: images.append(0) or picture(0))
    monkeypatch.setattr('cslrkit.video.video_file.is_cut_off', lambda path: bool(opened.append(path)))
    dataset = make_dataset(corpus, frames=VIDEOS, pipeline=TRAIN[:-1])
    for _ in range(3):
        sample = dataset[0]
        images.clear()
        assert sample['imgs'] is not None
        assert len(images) == len(set(sample['frame_indices'].tolist())) < 30
    assert len(opened) == 1


def test_the_frames_that_are_dropped_at_the_end_are_not_decoded(corpus, monkeypatch):
    decoded = []
    monkeypatch.setattr(
        video_clip, 'decode_stream', lambda *args: (decoded.append(0) or frame for frame in decode_stream(*args))
    )
    clip = make_dataset(corpus, frames=VIDEOS).clip_reader.clip('s0/*.png', where='test')
    assert len(list(clip.decode([0, 3, 9]))) == 3
    assert len(decoded) == 10


@pytest.mark.parametrize('folder', ['train/s0/1/*.png', 'train/s0/*.png', 's0', 'videos/s0.mp4', 'deep/er/s0.mp4/*'])
def test_where_a_video_is_looked_for(tmp_path, folder):
    reader = VideoFiles(frame_root=str(tmp_path), data_root=str(tmp_path), where='test')
    place = {'train/s0/1/*.png': 'train/s0.mp4', 'train/s0/*.png': 's0.mp4', 's0': 's0.mp4'}.get(folder)
    place = tmp_path / (place or folder.replace('/*', ''))
    write_clip(place, count=3)
    pattern = folder if '*' in folder else f'{folder}/*'
    assert reader.clip(pattern, where='x').source == str(place)
    with pytest.raises(DataNotFoundError, match=r"sample 'x': no video '.*s1\.mp4'.*path and suffix"):
        reader.clip('s1/*.png', where="sample 'x'")


def test_what_is_wrong_is_said_with_the_sample(corpus):
    with pytest.raises(DataNotFoundError, match=r"custom train: the folder of videos '.*elsewhere' does not exist"):
        make_dataset(corpus, frames=dict(type='VideoFiles', path='elsewhere'))
    with pytest.raises(ConfigError, match="got the suffix 'mp4'"):
        CLIP_READERS.build(dict(VIDEOS, suffix='mp4', frame_root='', data_root='', where='train'))
    dataset = make_dataset(corpus, frames=VIDEOS, pipeline=TEST)
    content = (corpus / 'videos/s1.mp4').read_bytes()
    (corpus / 'videos/s1.mp4').write_bytes(content[:-200])
    with pytest.raises(DataError, match=r"custom train: sample 's1': '.*s1\.mp4' (is cut off|cannot be read)"):
        dataset[1]
    (corpus / 'videos/s1.mp4').write_bytes(b'text')
    with pytest.raises(DataError, match=r"custom train: sample 's1': '.*s1\.mp4' cannot be read as a video"):
        dataset[1]
    assert len(dataset[0]['inputs']) == 30


def test_a_sample_has_the_rate_of_its_video(corpus):
    assert make_dataset(corpus, frames=VIDEOS)[0]['frame_rate'] == 25.0
    assert make_dataset(corpus, frames=VIDEOS, frame_rate=30)[0]['frame_rate'] == 30.0
