"""What the demo refuses, and that it removes what it was given."""

from pathlib import Path

import pytest
from video_files import write_clip

from cslrkit.demo import LimitedVideo, Limits, Uploads
from cslrkit.demo.serve import find_examples
from cslrkit.errors import ConfigError, DataError, DataNotFoundError


@pytest.mark.parametrize('suffix', ['.mp4', '.avi', '.webm', '.mkv'])
def test_videos_are_taken(write_noise, suffix):
    video = LimitedVideo(str(write_noise(f'clip{suffix}', frames=5)), Limits())
    assert len(list(video.frames())) == 5


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (b'', 'is empty'),
        (b'no video at all' * 99, 'cannot be read as a video'),
        (b'#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n', 'cannot be read as a video'),
        (b'ffconcat version 1.0\nfile /etc/passwd\n', 'cannot be read as a video'),
        (b'\x89PNG\r\n\x1a\n' + bytes(99), 'cannot be read as a video'),
        (b'\0\0\0\x18ftypisom' + bytes(999), 'cannot be read as a video'),
    ],
)
def test_other_files_are_refused(tmp_path, content, message):
    path = tmp_path / 'upload.mp4'
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        LimitedVideo(str(path), Limits())


def test_missing_and_large_files(tmp_path, write_noise):
    with pytest.raises(DataNotFoundError, match='not there any more'):
        LimitedVideo(str(tmp_path / 'gone.mp4'), Limits())
    video = write_noise('clip.avi')
    megabytes = video.stat().st_size / 2**20
    LimitedVideo(str(video), Limits(max_megabytes=megabytes * 1.01))
    with pytest.raises(DataError, match=r'has .* MB, expected at most'):
        LimitedVideo(str(video), Limits(max_megabytes=megabytes * 0.99))
    with pytest.raises(DataError, match='frames of 112x112 pixels'):
        LimitedVideo(str(video), Limits(max_pixels=112 * 111))


def test_length_is_refused_before_and_while_reading(write_noise):
    video = str(write_noise('clip.avi', frames=50))
    assert len(list(LimitedVideo(video, Limits(max_seconds=2)).frames())) == 50
    with pytest.raises(DataError, match=r'got 2.0 s, expected at most 1.9 s'):
        LimitedVideo(video, Limits(max_seconds=1.9))
    source = LimitedVideo(video, Limits(max_seconds=2))
    source._limits = Limits(max_seconds=1)  # as of a file that announces less than it has
    read = []
    with pytest.raises(DataError, match='got more, expected at most 1 s'):
        read.extend(iter_counting(source, read))
    assert len(read) == 25


def iter_counting(source, read):
    for frame in source.frames():
        read.append(frame.index)
    return ()


@pytest.mark.parametrize('bad', [dict(max_seconds=0), dict(max_megabytes=float('nan')), dict(max_pixels=-1)])
def test_limits_are_numbers_above_zero(bad):
    with pytest.raises(ConfigError, match='expected a number above 0'):
        Limits(**bad)


def test_what_a_camcorder_writes_is_taken(tmp_path):
    content = Path(write_clip(tmp_path / 'clip.ts')).read_bytes()
    packets = [content[start : start + 188] for start in range(0, len(content), 188)]
    (tmp_path / 'clip.mts').write_bytes(b''.join(bytes(4) + packet for packet in packets))  # with a time before each
    assert len(list(LimitedVideo(str(tmp_path / 'clip.mts'), Limits()).frames())) == 30


def test_uploads_go_with_the_last_session_that_has_them(tmp_path):
    folder = tmp_path / 'uploads'
    (folder / 'hash').mkdir(parents=True)
    upload, outside = folder / 'hash' / 'clip.mp4', tmp_path / 'outside.mp4'
    upload.touch()
    outside.touch()
    uploads = Uploads(folder)
    uploads.hold('a', str(upload))
    uploads.hold('b', str(upload))
    uploads.release('a')
    assert upload.exists()
    uploads.hold('b', str(upload))  # again: still the same
    assert upload.exists()
    uploads.hold('b', str(outside))  # another one instead
    assert not (folder / 'hash').exists()
    uploads.release('b')
    assert outside.exists()
    uploads.clear()
    assert not folder.exists()


def test_examples_are_videos(tmp_path):
    for name in ('b.mp4', 'a.webm', 'notes.txt'):
        (tmp_path / name).touch()
    assert [path.name for path in find_examples(tmp_path)] == ['a.webm', 'b.mp4']
    assert find_examples(tmp_path / 'nowhere') == []
