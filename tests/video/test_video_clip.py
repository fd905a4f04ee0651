"""Video files: every frame can be had by its number, as a player shows it and when."""

import random
from itertools import islice

import av
import cv2
import numpy as np
import pytest
from video_files import SIZE, picture, set_matrix, write_clip

from cslrkit.errors import DataError, DataNotFoundError
from cslrkit.video import VideoClip, video_clip, video_file
from cslrkit.video.containers import is_cut_off
from cslrkit.video.video_file import decode_stream

UNEVEN = np.cumsum([0, *([0.04, 0.04, 0.08, 0.033, 0.04, 0.4, 0.04, 0.02] * 4)])[:30].tolist()
OPEN_GOP = {'g': 8, 'x264-params': 'open-gop=1:scenecut=0'}

KINDS = {
    'one key.mp4': {},
    'keys.mp4': dict(g=6),
    'keys.mkv': dict(g=6),
    'open.mp4': OPEN_GOP,
    'open.mkv': OPEN_GOP,
    'refreshed.mkv': {'g': 8, 'x264-params': 'intra-refresh=1'},
    'uneven.mp4': dict(g=6, times=UNEVEN),
    'uneven.mkv': dict(g=6, times=UNEVEN),
    'late.mp4': dict(g=6, times=[2 + index / 25 for index in range(30)]),
    'fragments.mp4': dict(g=6, container={'movflags': 'frag_keyframe+empty_moov'}),
    'interlaced.mp4': {'g': 6, 'flags': '+ilme+ildct', 'x264-params': 'tff=1:interlaced=1'},
    'stream.ts': dict(g=6),
    'order.avi': dict(g=6),
    'plain.h264': dict(g=6),
    'hevc.mp4': {'codec': 'libx265', 'x265-params': 'keyint=8:open-gop=1:log-level=none'},
    'hidden.webm': {'codec': 'libvpx', 'auto-alt-ref': 1, 'lag-in-frames': 16, 'g': 10, 'deadline': 'realtime'},
    'vp9.webm': {'codec': 'libvpx-vp9', 'lag-in-frames': 16, 'g': 10, 'deadline': 'realtime'},
    'b.avi': dict(codec='mpeg4', bf=2),
    'b.mov': dict(codec='mpeg4', bf=2, g=6),
    'mpeg2.mpg': dict(codec='mpeg2video', bf=2, g=6),
    'each.avi': dict(codec='mjpeg', pixels='yuvj420p'),
    'lossless.mkv': dict(codec='ffv1', pixels='bgr0'),
    'moving.gif': dict(codec='gif', pixels='rgb8'),
}


@pytest.mark.parametrize('name', KINDS)
def test_any_frame_is_had_exactly(tmp_path, name, monkeypatch):
    monkeypatch.setattr(video_clip, '_SEEK_OVER', 4)
    clip = VideoClip(write_clip(tmp_path / name, **KINDS[name]))
    with av.open(clip.source) as container:
        truth = [frame.to_ndarray(format='rgb24') for frame in container.decode(video=0)]
    frames = list(clip.frames())
    assert [frame.index for frame in frames] == list(range(30))
    assert len(clip) == len(truth) == 30
    assert clip.frame_size() == SIZE
    assert all(np.array_equal(frame.image, image) for frame, image in zip(frames, truth))
    times = KINDS[name].get('times', [index / 25 for index in range(30)])
    np.testing.assert_allclose([frame.time for frame in frames], np.subtract(times, times[0]), atol=0.0006)
    assert clip.notes == []
    rng = random.Random(0)
    for count in (1, 1, 2, 3, 8, 30):
        chosen = sorted(rng.sample(range(30), count))
        for index, image in zip(chosen, clip.decode(chosen)):
            assert np.array_equal(image, truth[index])


def test_seeking_decodes_little(tmp_path, monkeypatch):
    clip = VideoClip(write_clip(tmp_path / 'a.mp4', count=200, g=20, **{'x264-params': 'scenecut=0'}))
    decoded = []
    monkeypatch.setattr(
        video_clip, 'decode_stream', lambda *args: (decoded.append(0) or frame for frame in decode_stream(*args))
    )
    assert len(list(clip.decode([3, 105, 197]))) == 3
    assert len(decoded) == 4 + 6 + 18


@pytest.mark.parametrize(
    ('matrix', 'shown'),
    [
        ((1, 0, 0, 1), lambda image: image),
        ((0, 1, -1, 0), lambda image: np.rot90(image, -1)),
        ((-1, 0, 0, -1), lambda image: np.rot90(image, 2)),
        ((0, -1, 1, 0), lambda image: np.rot90(image)),
        ((-1, 0, 0, 1), lambda image: image[:, ::-1]),
        ((1, 0, 0, -1), lambda image: image[::-1]),
        ((0, 1, 1, 0), lambda image: image.transpose(1, 0, 2)),
        ((0, -1, -1, 0), lambda image: np.rot90(image, 2).transpose(1, 0, 2)),
    ],
)
def test_turned_and_mirrored_as_players_show_it(tmp_path, matrix, shown):
    path = write_clip(tmp_path / 'a.mp4', count=2)
    stored = next(VideoClip(path).frames()).image
    set_matrix(path, matrix)
    clip = VideoClip(path)
    expected = shown(stored)
    assert np.array_equal(next(clip.frames()).image, expected)
    assert np.array_equal(next(clip.decode([0])), expected)
    assert clip.frame_size() == expected.shape[:2]


@pytest.mark.parametrize('suffix', ['mp4', 'mkv'])
def test_pixels_that_are_not_square(tmp_path, suffix):
    path = write_clip(tmp_path / f'a.{suffix}', count=2, aspect='4/3')
    clip = VideoClip(path)
    frame = next(clip.frames()).image
    assert frame.shape[:2] == clip.frame_size() == (SIZE[0], round(SIZE[1] * 4 / 3))
    assert np.array_equal(next(clip.decode([0])), frame)
    if suffix == 'mp4':
        set_matrix(path, (0, 1, -1, 0))
        assert next(VideoClip(path).frames()).image.shape[:2] == (round(SIZE[1] * 4 / 3), SIZE[0])


def test_an_impossible_shape_of_pixels_is_left_alone(tmp_path):
    path = write_clip(tmp_path / 'a.mp4', count=2, aspect='5000/1')
    assert next(VideoClip(path).frames()).image.shape[:2] == SIZE


def test_frames_of_too_many_pixels_are_refused(tmp_path, monkeypatch):
    path = write_clip(tmp_path / 'a.mp4', count=2)
    monkeypatch.setattr(video_file, '_MAX_PIXELS', 1000)
    with pytest.raises(DataError, match=r"a\.mp4' has frames of 64x48 pixels, expected at most 1000 pixels"):
        VideoClip(path)


@pytest.mark.parametrize(
    ('code', 'message'),
    [
        (
            b'avs3',
            r'is coded in a way that FFmpeg does not know here\. Convert it: ffmpeg -i .* -c:v libx264 a-h264\.mp4',
        ),
        (b'av01', r'no frame can be decoded \(codec av1\)\. Is the file whole\? Convert it: ffmpeg -i'),
    ],
)
def test_a_codec_that_cannot_be_decoded_is_told_with_the_command_that_converts(tmp_path, code, message):
    path = tmp_path / 'a.mp4'
    write_clip(path, count=2)
    path.write_bytes(path.read_bytes().replace(b'avc1', code))
    with pytest.raises(DataError, match=message):
        list(VideoClip(str(path)).frames())


def test_a_pause_of_any_length_counts(tmp_path):
    times = [0, 0.04, 0.08, 70, 70.04]
    clip = VideoClip(write_clip(tmp_path / 'a.mp4', count=5, times=times))
    assert [frame.time for frame in clip.frames()] == pytest.approx(times, abs=1e-3)


@pytest.mark.parametrize('name', ['a.mp4', 'a.mkv', 'a.avi', 'a.mov'])
def test_a_cut_off_video(tmp_path, name):
    options = dict(movflags='faststart') if name in ('a.mp4', 'a.mov') else {}
    path = write_clip(tmp_path / name, 'mpeg4', count=60, container=options)
    whole = (tmp_path / name).read_bytes()
    assert not is_cut_off(path)
    (tmp_path / name).write_bytes(whole + b'\0' * 50)  # what follows is no fault
    assert not is_cut_off(path)
    (tmp_path / name).write_bytes(whole[: len(whole) * 2 // 3])
    clip = VideoClip(path, where="sample 'x'")
    assert 0 < len(list(clip.frames())) < 60
    assert clip.notes == [f"'{path}' is cut off: {clip.num_frames} frames can be decoded."]
    with pytest.raises(DataError, match=r"sample 'x': '.*' is cut off"):
        list(clip.decode([0]))


def test_damage_is_an_error_where_it_is_read(tmp_path):
    path = write_clip(tmp_path / 'a.mkv', 'mjpeg', pixels='yuvj420p', count=10)
    with av.open(path) as container:
        packets = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    content = bytearray((tmp_path / 'a.mkv').read_bytes())
    start = content.index(b'\xff\xd8', packets[4][0])
    content[start : start + packets[4][1] - 20] = bytes(packets[4][1] - 20)
    (tmp_path / 'a.mkv').write_bytes(content)
    clip = VideoClip(path, where="sample 'x'")
    assert len(list(clip.frames())) == 9
    assert 'is damaged' in clip.notes[0]
    assert len(list(clip.decode([0, 3]))) == 2
    with pytest.raises(DataError, match=r"sample 'x': frame 4 of '.*a\.mkv' cannot be decoded"):
        list(clip.decode([0, 3, 4]))


def song_with_cover(path):
    """Sound, and a picture that is attached to it."""
    image = cv2.imencode('.jpg', picture(0))[1].tobytes()
    text = b'\0image/jpeg\0\x03\0' + image
    frame = b'APIC' + len(text).to_bytes(4, 'big') + b'\0\0' + text
    size = len(frame)
    length = bytes([size >> 21 & 127, size >> 14 & 127, size >> 7 & 127, size & 127])
    path.write_bytes(b'ID3\x03\0\0' + length + frame + b'\xff\xfb\x90\x00' + bytes(413))
    with av.open(str(path.with_suffix('.raw.mp3')), 'w') as container:
        stream = container.add_stream('mp3', rate=44100)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 1152), np.int16), format='s16', layout='mono')
        sound.rate = 44100
        for _ in range(40):
            container.mux(stream.encode(sound))
        container.mux(stream.encode())
    path.write_bytes(b'ID3\x03\0\0' + length + frame + path.with_suffix('.raw.mp3').read_bytes())


NO_VIDEOS = ('text', 'list', 'concatenation', 'song', 'gif', '.png', '.jpg', '.bmp', '.ppm', '.webp', '.tiff')


@pytest.fixture(scope='module')
def no_videos(tmp_path_factory):
    """The bytes of files of these kinds."""
    folder = tmp_path_factory.mktemp('no_videos')
    video = write_clip(folder / 'segment.ts')
    song_with_cover(folder / 'song.mp3')
    write_clip(folder / 'one.gif', 'gif', count=1, pixels='rgb8')
    texts = {
        'text': 'Notes of the session, line by line.\n' * 300,
        'list': f'#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{video}\n#EXT-X-ENDLIST\n',
        'concatenation': f"ffconcat version 1.0\nfile '{video}'\n",
    }
    files = {kind: text.encode() for kind, text in texts.items()}
    files.update(song=(folder / 'song.mp3').read_bytes(), gif=(folder / 'one.gif').read_bytes())
    return {kind: files.get(kind) or cv2.imencode(kind, picture(0))[1].tobytes() for kind in NO_VIDEOS}


@pytest.mark.parametrize('suffix', ['mp4', 'txt', 'nfo', 'ans', 'bin', 'avi', 'gif', 'yuv', 'mjpg', 'h264', 'm3u8'])
@pytest.mark.parametrize('kind', NO_VIDEOS)
def test_text_pictures_sound_and_lists_are_no_videos(tmp_path, no_videos, kind, suffix):
    path = tmp_path / f'file.{suffix}'
    path.write_bytes(no_videos[kind])
    with pytest.raises(DataError, match=rf'file\.{suffix}'):
        list(islice(VideoClip(str(path)).frames(), 1))


@pytest.mark.parametrize('content', [b'', b'no video', b'RIFF\x00\x00\x00\x00AVI LIST' + bytes(300)])
def test_what_is_no_video_is_named(tmp_path, content):
    path = tmp_path / 'bad.mp4'
    path.write_bytes(content)
    with pytest.raises(DataError, match=r'bad\.mp4'):
        list(VideoClip(str(path)).frames())
    with pytest.raises(DataNotFoundError, match=r'gone\.mp4'):
        VideoClip(str(tmp_path / 'gone.mp4'))


def test_addresses(tmp_path):
    with pytest.raises(DataError, match=r"'http://127\.0\.0\.1:9/a\.mp4' cannot be opened \(.*refused\).*reachable"):
        VideoClip('http://127.0.0.1:9/a.mp4')
    clip = VideoClip(f'file://{write_clip(tmp_path / "a.mp4")}', duration=0.5)
    assert [frame.index for frame in clip.frames()] == list(range(13))
