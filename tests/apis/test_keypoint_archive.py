"""Keypoints of many videos, found by a process of another environment; here it has a small script for MediaPipe."""

import json
import os
import runpy
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from docs_pages import REPO, read_commands
from fake_environment import WORKER, make_fake_environment
from video_files import write_clip

from cslrkit.apis.keypoint_archive import extract_keypoints
from cslrkit.errors import ConfigError, DataError
from cslrkit.registry import KEYPOINT_READERS
from cslrkit.video.inputs import open_clips
from cslrkit.video.keypoints.clip import ExtractedClip
from cslrkit.video.keypoints.extractor import REQUIREMENT, KeypointExtractor, make_environment

SIZE = (30, 21)  # width and height


def write_colours(folder, colours):
    """Write a frame of each colour, RGB."""
    folder.mkdir(parents=True)
    for index, colour in enumerate(colours):
        image = np.full((SIZE[1], SIZE[0], 3), colour[::-1], np.uint8)
        cv2.imwrite(str(folder / f'{index:04d}.png'), image)


@pytest.fixture(scope='module')
def environment(tmp_path_factory):
    return make_fake_environment(tmp_path_factory.mktemp('env'))


@pytest.fixture
def clips(tmp_path):
    """Folders of frames: two that are well, one in which nobody is found, one that ends the extractor."""
    folder = tmp_path / 'clips'
    write_colours(folder / 'a' / '1', [(10, 0, 0), (0, 0, 0), (12, 0, 255)])
    write_colours(folder / 'b' / '1', [(20, 0, 0)] * 4)
    write_colours(folder / 'nobody' / '1', [(0, 0, 0)] * 2)
    write_colours(folder / 'ending' / '1', [(10, 0, 0), (10, 255, 0), (10, 0, 0)])
    return folder


def found_in(out, name):
    return np.load(out / f'{name}.npy')


def test_files_are_what_the_readers_read_and_failures_are_on_record(environment, clips, tmp_path):
    out = tmp_path / 'out'
    report = extract_keypoints([clips / '*/1'], out, python=environment, workers=2, frame_rate=25.0)
    assert (report.written, report.kept) == (2, 0)
    reasons = {Path(each.source).parent.name: str(each) for each in report.failed}
    assert set(reasons) == {'nobody', 'ending'}
    assert 'nobody is found in any of its frames by fake 1' in reasons['nobody']
    assert 'the extractor ended: ValueError: a frame that it does not like' in reasons['ending']
    place = dict(where='x', data_root=str(out), split='dev', image_size=SIZE)
    array = KEYPOINT_READERS.build(dict(type='KeypointArrays', path='.', layout='mediapipe543'), default_args=place)
    found = array.read('a', 3)
    expected = np.zeros((3, 543, 3), np.float32)
    expected[0], expected[2, 1:] = (10, 0, 0.5), (12, 2, 0.5)  # of the last frame the first point is not a number
    np.testing.assert_array_equal(found.values, expected)
    (clip,) = open_clips(str(out / 'a.json'))
    assert (clip.name, clip.layout.name, clip.image_size, clip.frame_rate) == ('a', 'mediapipe543', SIZE, 25.0)
    assert found_in(out, 'b')[:, 7].tolist() == [[20, index, 0.5] for index in range(4)]
    with pytest.raises(DataError, match='got keypoints of 3 frames, but it is annotated with 4'):
        array.read('a', 4)


def test_a_second_call_does_what_is_missing_or_changed(environment, clips, tmp_path):
    def extract(**options):
        return extract_keypoints([clips / '*/1'], out, python=environment, **options)

    out = tmp_path / 'out'
    assert extract().written == 2
    before = (out / 'b.npy').stat().st_mtime_ns
    (out / 'a.json').unlink()
    report = extract()
    assert (report.written, report.kept, len(report.failed)) == (1, 1, 2)
    assert (out / 'b.npy').stat().st_mtime_ns == before
    write_colours(clips / 'c' / '1', [(30, 0, 0)])
    (clips / 'ending' / '1' / '0001.png').unlink()
    report = extract()
    assert (report.written, report.kept, len(report.failed)) == (2, 2, 1)
    assert found_in(out, 'ending')[:, 0, 0].tolist() == [10, 10]
    assert extract(overlay=True).written == 4


def test_the_overlay_has_the_frames_and_the_points(environment, clips, tmp_path):
    out = tmp_path / 'out'
    extract_keypoints([clips / 'b/1'], out, python=environment, overlay=True, frame_rate=10.0)
    (clip,) = open_clips(str(out / 'overlay' / 'b.mp4'))
    frames = [frame.image for frame in clip.frames()]
    assert (len(frames), clip.frame_rate) == (4, 10.0)
    factor = 23  # 21 rows become 483, and for H.264 an even number
    assert frames[0].shape == (21 * factor + 1, 30 * factor, 3)
    place = (round(2.5 * factor), round(20.5 * factor))  # of the points in the third frame: hands lie on top
    assert np.abs(frames[2][place].astype(int) - (255, 90, 90)).max() < 40
    assert np.abs(frames[2][-40, 40].astype(int) - (20, 0, 0)).max() < 12


def test_frames_of_a_video_arrive_in_order_and_at_their_times(environment, tmp_path):
    (clip,) = open_clips(write_clip(tmp_path / 'a.mp4', count=9))
    with KeypointExtractor(environment) as extractor:
        frames = list(ExtractedClip(clip, extractor).frames())
        again = ExtractedClip(open_clips(str(tmp_path / 'a.mp4'))[0], extractor)
        assert [points[0, 1] for points in again.decode([1, 4])] == [1, 4]
    assert [frame.image[0, 1] for frame in frames] == list(range(9))
    assert [frame.time for frame in frames] == pytest.approx([index / 25 for index in range(9)])
    assert again.image_size == (clip.frame_size()[1], clip.frame_size()[0])
    assert frames[0].image.shape == (543, 3)


def test_an_extractor_that_is_left_or_ended_begins_anew(environment, clips):
    with KeypointExtractor(environment, worker=WORKER) as extractor:
        for name in ('a', 'ending', 'b'):
            clip = ExtractedClip(open_clips(str(clips / name / '1'))[0], extractor)
            points = clip.frames()
            assert next(points).image[0, 1] == 0
            points.close()
        values = clip.keypoints().values
    assert values[:, 0].tolist() == [[20, index, 0.5] for index in range(4)]


def test_what_cannot_extract_is_named(environment, clips, tmp_path):
    out = tmp_path / 'out'
    with pytest.raises(ConfigError, match=r"'nothing' is no Python and no folder of an environment. Make"):
        extract_keypoints([clips / 'a/1'], out, python='nothing')
    with pytest.raises(ConfigError, match=r"of the layout 'openpose137': no\. See docs"):
        extract_keypoints([clips / 'a/1'], out, python=environment, layout='openpose137')
    for script, reason in (
        ('import not_there', "ModuleNotFoundError: No module named 'not_there'"),
        ('print(\'{"layout": "mediapipe543", "num_points": 33}\')', 'its first line is '),
        ('raise SystemExit(3)', 'exit status 3'),
    ):
        (tmp_path / 'own.py').write_text(script)
        with pytest.raises(ConfigError, match=reason):
            KeypointExtractor(sys.executable, worker=tmp_path / 'own.py')
    with pytest.raises(ConfigError, match="MediaPipe gives the layouts mediapipe543 and mediapipe553, not 'wholebody"):
        KeypointExtractor(sys.executable, 'wholebody133')
    assert not out.exists()
    (tmp_path / 'full').mkdir()
    (tmp_path / 'full' / 'file').touch()
    for folder in (tmp_path / 'full', sys.prefix):
        with pytest.raises(ConfigError, match='in use for something else'):
            make_environment(folder)


def test_files_of_keypoints_have_no_pictures(environment, clips, tmp_path):
    extract_keypoints([clips / 'b/1'], tmp_path / 'out', python=environment)
    report = extract_keypoints([tmp_path / 'out' / 'b.json'], tmp_path / 'again', python=environment)
    assert 'holds keypoints already' in str(report.failed[0])


def test_the_tool_makes_an_environment_and_lists_what_failed(clips, tmp_path, monkeypatch, capsys):
    folder, commands = tmp_path / 'env', []

    def run(command, *_):
        commands.append(command)
        make_fake_environment(folder)

    def call(*arguments):
        monkeypatch.setattr(sys, 'argv', ['extract_keypoints.py', *map(str, arguments)])
        runpy.run_path('tools/extract_keypoints.py')['main']()
        return capsys.readouterr().out

    monkeypatch.setattr('cslrkit.video.keypoints.extractor._run', run)
    assert 'has MediaPipe' in call('--make-env', folder)
    assert commands[0][1:] == ['-m', 'venv', str(folder)]
    assert commands[1][0] == str(folder / 'bin' / 'python')
    assert commands[1][-1] == REQUIREMENT
    with pytest.raises(DataError, match=r'2 of 4 inputs failed:\n(.|\n)*nobody is found'):
        call(clips / '*/1', '--out', tmp_path / 'out', '--python', folder)
    assert capsys.readouterr().out.startswith('2 extracted, 0 done before, 2 failed')
    lines = [json.loads(line) for line in (tmp_path / 'out' / 'manifest.jsonl').read_text().splitlines()]
    assert {line['state'] for line in lines} == {'done', 'failed'}
    assert next(line for line in lines if line['name'] == 'b')['frames'] == 4
    with pytest.raises(SystemExit):
        call('--python', folder)


def test_the_commands_of_the_page(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make_fake_environment(tmp_path / 'envs' / 'mediapipe')
    write_clip(tmp_path / 'recordings' / 'clip.mp4', count=3)
    write_colours(tmp_path / 'frames' / 'sample' / '1', [(10, 0, 0)] * 2)
    commands = [command.words for command in read_commands(REPO / 'docs/keypoints.md')]
    called = [words[1:] for words in commands if words[1] == 'tools/extract_keypoints.py']
    assert len(called) == 3
    for words in called:
        monkeypatch.setattr(sys, 'argv', words)
        runpy.run_path(str(REPO / words[0]))['main']()
    names = {path.relative_to('keypoints').as_posix() for path in Path('keypoints').rglob('*') if path.is_file()}
    assert names == {
        'manifest.jsonl',
        'overlay/clip.mp4',
        *(f'{n}.{s}' for n in ('clip', 'sample') for s in ('npy', 'json')),
    }
    assert {clip.name: len(clip) for clip in open_clips('keypoints/*.json')} == {'clip': 3, 'sample': 2}


@pytest.mark.slow
@pytest.mark.skipif('CSLRKIT_MEDIAPIPE' not in os.environ, reason='CSLRKIT_MEDIAPIPE names no environment')
def test_mediapipe_finds_the_drawn_signers(clips, tiny_corpus, tmp_path):
    python, out = os.environ['CSLRKIT_MEDIAPIPE'], tmp_path / 'out'
    frames = sorted(tiny_corpus.glob('features/*/train/*/1'))[:2]
    report = extract_keypoints([*frames, clips / 'b/1'], out, python=python, layout='mediapipe553')
    assert (report.written, len(report.failed)) == (2, 1)
    assert 'nobody is found in any of its frames by MediaPipe 0.10.21' in str(report.failed[0])
    place = dict(where='x', data_root=str(tiny_corpus), split='train')
    drawn = KEYPOINT_READERS.build(dict(type='StoredKeypoints'), default_args=place)
    for path in frames:
        exact, found = drawn.read(path.parent.name), open_clips(str(out / f'{path.parent.name}.json'))[0].keypoints
        assert (found.layout.num_points, found.image_size, len(found)) == (553, exact.image_size, len(exact))
        shoulders = exact.values[:, list(exact.layout.shoulders), :2]
        error = np.linalg.norm(found.values[:, list(found.layout.shoulders), :2] - shoulders, axis=-1)
        assert np.median(error) < 0.25 * np.linalg.norm(shoulders[0, 0] - shoulders[0, 1])
