import cv2
import numpy as np
import pytest

from cslrkit.apis.infer.frames import FrameSpec, sample_frames
from cslrkit.errors import ConfigError, DataError, DataNotFoundError
from cslrkit.video import ArrayClip, camera
from cslrkit.video.camera import CameraClip
from cslrkit.video.inputs import FailedInput, open_clips, open_each


def write_video(path, frames, rate=25.0, codec='FFV1'):
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*codec), rate, frames[0].shape[1::-1])
    for frame in frames:
        writer.write(np.ascontiguousarray(frame[..., ::-1]))
    writer.release()
    return str(path)


def plain(*colours, size=(32, 48)):
    return [np.full((*size, 3), colour, np.uint8) for colour in colours]


RED, BLUE = (250, 0, 0), (0, 0, 250)


def test_channels_are_red_green_blue(tmp_path):
    video = write_video(tmp_path / 'v.avi', plain(RED, BLUE))
    first, second = open_clips(video)[0].frames()
    assert first.image.shape == (32, 48, 3)
    assert np.abs(first.image.astype(int) - RED).max() <= 2
    assert np.abs(second.image.astype(int) - BLUE).max() <= 2
    cv2.imwrite(str(tmp_path / '0.png'), plain(RED)[0][..., ::-1])
    assert (next(open_clips(str(tmp_path / '*.png'))[0].frames()).image == RED).all()


def test_times_of_a_video(tmp_path):
    clip = open_clips(write_video(tmp_path / 'v.avi', plain(*[RED] * 4), rate=20))[0]
    assert (clip.name, clip.frame_rate, clip.num_frames) == ('v', 20.0, 4)
    assert [frame.time for frame in clip.frames()] == pytest.approx([0, 0.05, 0.1, 0.15])


@pytest.mark.parametrize('rate', [0, -25.0, float('nan'), float('inf'), '25'])
def test_a_frame_rate_that_cannot_be(rate):
    with pytest.raises(ConfigError, match=r'frame rate: got .*above 0'):
        open_clips(np.zeros((2, 8, 8, 3), np.uint8), frame_rate=rate)


@pytest.mark.parametrize('content', [b'', b'no video', b'RIFF\x00\x00\x00\x00AVI LIST' + bytes(300)])
def test_what_is_no_video_is_named(tmp_path, content):
    path = tmp_path / 'bad.mp4'
    path.write_bytes(content)
    with pytest.raises(DataError, match=r'bad\.mp4'):
        list(open_clips(str(path))[0].frames())


def test_inputs_that_are_none(tmp_path):
    with pytest.raises(DataNotFoundError, match=r'nowhere\.mp4'):
        open_clips('nowhere.mp4')
    with pytest.raises(DataNotFoundError, match='nothing matches'):
        open_clips(str(tmp_path / '*.mp4'))
    with pytest.raises(DataError, match='It is empty'):
        open_clips(tmp_path)
    with pytest.raises(DataError, match=r'float32.*expected uint8'):
        open_clips(np.zeros((2, 4, 4, 3), np.float32))
    cv2.imwrite(str(tmp_path / 'a.png'), plain(RED)[0])
    with pytest.raises(DataError, match='one image'):
        open_clips(str(tmp_path / 'a.png'))
    with pytest.raises(DataError, match='duration'):
        open_clips(0)


def test_names_differ_and_corpus_folders_are_named_by_the_sentence(tmp_path):
    for name in ('s1/1', 's2/1', 'x/s1/1'):
        (tmp_path / name).mkdir(parents=True)
        cv2.imwrite(str(tmp_path / name / '0.png'), plain(RED)[0])
    clips = open_clips([tmp_path / 's1' / '1', str(tmp_path / 's*' / '1' / '*.png'), tmp_path / 'x' / 's1' / '1'])
    assert [clip.name for clip in clips] == ['s1', 's1_2', 's2', 's1_3']


def test_frames_of_two_sizes(tmp_path):
    for index, size in enumerate(((8, 8), (8, 9))):
        cv2.imwrite(str(tmp_path / f'{index}.png'), plain(RED, size=size)[0])
    with pytest.raises(DataError, match=r'1\.png.*9x8.*8x8'):
        list(open_clips(tmp_path)[0].frames())


def test_camera(monkeypatch):
    class Camera:
        def __init__(self, index):
            self.index, self.frames = index, 3

        def isOpened(self):  # noqa: N802
            return self.index == 1

        def read(self):
            self.frames -= 1
            return self.frames >= 0, np.full((4, 6, 3), (0, 0, 9), np.uint8)

        def release(self):
            pass

    monkeypatch.setattr(camera.cv2, 'VideoCapture', Camera)
    source = CameraClip(1, duration=60)
    assert [frame.image[0, 0].tolist() for frame in source.frames()] == [[9, 0, 0]] * 3
    assert len(list(source.frames())) == 3  # what was recorded
    with pytest.raises(DataError, match='camera 0: cannot be opened'):
        list(CameraClip(0, duration=1).frames())


@pytest.mark.parametrize(
    ('rate', 'corpus', 'interval', 'expected'),
    [
        (25, 25, 1, [0, 1, 2, 3, 4, 5]),
        (50, 25, 1, [0, 2, 4]),
        (12.5, 25, 1, [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]),
        # Ticks at 0, .04, .08, .12, .16 s; frames at 0, .033, .067, .1, .133, .167 s: the nearest.
        (30, 25, 1, [0, 1, 2, 4, 5]),
        (30, None, 1, [0, 1, 2, 3, 4, 5]),
        (25, 25, 2, [0, 2, 4]),
        (None, 25, 1, [0, 1, 2, 3, 4, 5]),
    ],
)
def test_resampling_in_time(rate, corpus, interval, expected):
    frames = np.arange(6, dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 2, 3), np.uint8)
    spec = FrameSpec(None, frame_rate=corpus, interval=interval)
    samples = list(sample_frames(ArrayClip(frames, frame_rate=rate), spec))
    assert [sample.index for sample in samples] == expected
    assert [int(sample.image[0, 0, 0]) for sample in samples] == expected
    if rate is None:
        assert samples[0].times is None
    else:
        step = 1 / (corpus or rate)
        assert samples[2].times == pytest.approx((2 * interval * step, (2 * interval + 1) * step))


def test_frames_are_cut_and_resized():
    frame = np.zeros((40, 80, 3), np.uint8)
    frame[:, 20:60] = RED
    assert FrameSpec((16, 16)).prepare(frame, where='x').shape == (16, 16, 3)
    cropped = FrameSpec((16, 16), 'crop').prepare(frame, where='x')
    assert (cropped == RED).all()
    assert FrameSpec((80, 30), crop_top=10).prepare(frame, where='x').shape == (30, 80, 3)
    with pytest.raises(DataError, match='40 rows'):
        FrameSpec(None, crop_top=40).prepare(frame, where='x')


def test_names_differ_on_any_file_system(tmp_path):
    names = ['a/clip.mp4', 'b/Clip.avi', 'c/clip_2.mp4', 'd/clip.mp4']
    for name in names:
        (tmp_path / name).parent.mkdir()
        write_video(tmp_path / name, plain(RED))
    clips = open_clips([str(tmp_path / name) for name in names])
    assert [clip.name for clip in clips] == ['clip', 'Clip_2', 'clip_2_2', 'clip_3']
    assert [clip.name for clip in open_clips(clips)] == [clip.name for clip in clips]


def test_a_damaged_index_of_keypoints_does_not_end_the_others(tmp_path):
    video = write_video(tmp_path / 'v.avi', plain(RED))
    (tmp_path / 'dev.json').write_text('{"format": ')
    failed, clip = open_each([str(tmp_path / 'dev.json'), video])
    assert isinstance(failed, FailedInput)
    assert 'is no index of keypoints' in str(failed)
    assert clip.name == 'v'
