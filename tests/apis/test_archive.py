"""Archives: each video once, whatever happens to it, to its process, or to the run."""

import hashlib
import json
import os
import runpy
import shutil
import sys

import pytest
import torch

from cslrkit.apis import CSLRInferencer
from cslrkit.apis.archive import transcribe_archive
from cslrkit.corpora.synthsign import render_videos
from cslrkit.engine.config import load_config
from cslrkit.engine.stored_config import config_json
from cslrkit.errors import CheckpointError, ConfigError, DataError, OutputError

# A worker ends itself once for each file in a folder.
PLUGIN = """
import os, signal
from cslrkit.registry import TRANSFORMS

@TRANSFORMS.register_module()
class Killing:
    def __init__(self, folder):
        self.folder = folder

    def __call__(self, results):
        for name in os.listdir(self.folder)[:1]:
            os.remove(os.path.join(self.folder, name))
            os.kill(os.getpid(), signal.SIGKILL)
        return results
"""


@pytest.fixture(scope='module')
def archive(tiny_corpus, tmp_path_factory):
    """A folder of three videos and a broken one."""
    folder = tmp_path_factory.mktemp('archive')
    render_videos(tiny_corpus, count=3, out_dir=folder)
    (folder / 'broken.mp4').write_text('no video')
    return folder


@pytest.fixture(scope='module')
def out(archive, untrained_checkpoint, tmp_path_factory):
    """What two workers made of it."""
    folder = tmp_path_factory.mktemp('out')
    report = transcribe(archive, untrained_checkpoint, folder, workers=2)
    assert (report.written, report.kept, len(report.failed)) == (3, 0, 1)
    return folder


@pytest.fixture
def killing(untrained_checkpoint, tiny_config, tmp_path, monkeypatch):
    """A checkpoint whose transforms kill the process once for each file in a folder, and that folder."""
    (tmp_path / 'killing_transform.py').write_text(PLUGIN)
    monkeypatch.syspath_prepend(str(tmp_path))
    tokens = tmp_path / 'tokens'
    tokens.mkdir()
    content = torch.load(untrained_checkpoint, weights_only=False)
    config = load_config(tiny_config)
    config.test_dataloader.dataset.pipeline.insert(1, dict(type='Killing', folder=str(tokens)))
    content['meta']['cfg'] = config_json(config)
    torch.save(content, tmp_path / 'net.pth')
    return tmp_path / 'net.pth', tokens


def transcribe(archive, checkpoint, folder, **options):
    return transcribe_archive([archive / '*.mp4'], checkpoint, folder, formats=('json', 'elan'), **options)


def videos(archive):
    return [path for path in sorted(archive.glob('*.mp4')) if path.stem != 'broken']


def entries(folder):
    lines = map(json.loads, (folder / 'manifest.jsonl').read_text().splitlines())
    return {os.path.basename(entry['source']): entry for entry in lines}


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_results_are_those_of_the_inferencer(archive, out, untrained_checkpoint):
    inferencer = CSLRInferencer(untrained_checkpoint, device='cpu')
    for path in videos(archive):
        (written,) = json.loads((out / path.stem / 'results.json').read_text())
        assert written['name'] == path.stem
        assert tuple(written['glosses']) == inferencer(str(path))[0].glosses
        assert f'{path.name}"' in (out / path.stem / f'{path.stem}.eaf').read_text()


def test_checksums_match(archive, out, untrained_checkpoint):
    found = entries(out)
    assert set(found) == {path.name for path in archive.iterdir()}
    for name, entry in found.items():
        assert entry['sha256'] == sha256(archive / name)
        assert entry['checkpoint'] == sha256(untrained_checkpoint)
        assert entry['size'] == (archive / name).stat().st_size
        for path, checksum in entry.get('files', {}).items():
            assert sha256(out / path) == checksum
    assert 'cannot be read as a video' in found['broken.mp4']['reason']
    assert sum(len(entry.get('files', ())) for entry in found.values()) == 6
    assert not list(out.glob('.*'))


def test_a_second_call_does_nothing(archive, out, untrained_checkpoint, monkeypatch, capsys):
    before = {path: path.stat().st_mtime_ns for path in out.glob('*/*')}
    arguments = [str(archive / '*.mp4'), '--checkpoint', str(untrained_checkpoint), '--out', str(out)]
    monkeypatch.setattr(sys, 'argv', ['transcribe.py', *arguments, '--format', 'json', 'elan'])
    with pytest.raises(DataError, match=r'^1 of 4 inputs failed:\n.*broken.mp4'):
        runpy.run_path('tools/transcribe.py')['main']()
    assert capsys.readouterr().out.startswith('0 transcribed, 3 done before, 1 failed')
    assert before == {path: path.stat().st_mtime_ns for path in out.glob('*/*')}


def test_what_failed_or_changed_is_done_again(archive, out, untrained_checkpoint, tmp_path):
    first, second, third = videos(archive)
    os.utime(second, (0, 0))  # of the same content
    with (out / 'manifest.jsonl').open('a') as file:
        file.write('{"source": "cut off')
    assert transcribe(archive, untrained_checkpoint, out).written == 0
    shutil.copyfile(second, first)
    shutil.copyfile(third, archive / 'broken.mp4')
    (out / third.stem / 'results.json').unlink()
    report = transcribe(archive, untrained_checkpoint, out, workers=2)
    assert (report.written, report.kept, len(report.failed)) == (3, 1, 0)
    results = [json.loads((out / path.stem / 'results.json').read_text())[0] for path in (first, second)]
    assert results[0]['spans'] == results[1]['spans']
    assert entries(out)[first.name]['sha256'] == sha256(second)


def test_retry_and_names(untrained_checkpoint, tmp_path):
    for name in ('a', 'b'):
        (tmp_path / name).mkdir()
        (tmp_path / name / 'clip.mp4').write_text('no video')
    inputs, out = [tmp_path / '*/clip.mp4', tmp_path / 'missing.mp4'], tmp_path / 'out'
    assert len(transcribe_archive(inputs, untrained_checkpoint, out).failed) == 3
    assert {entry['name'] for entry in map(json.loads, (out / 'manifest.jsonl').open())} == {
        'clip',
        'clip_2',
        'missing',
    }
    assert len(transcribe_archive(inputs, untrained_checkpoint, out).failed) == 3
    assert len((out / 'manifest.jsonl').read_text().splitlines()) == 3
    assert len(transcribe_archive(inputs, untrained_checkpoint, out, retry=True).failed) == 3
    assert len((out / 'manifest.jsonl').read_text().splitlines()) == 6


def test_a_killed_worker_loses_nothing(archive, killing, tmp_path):
    checkpoint, tokens = killing
    (tokens / 'once').touch()
    paths, out = videos(archive)[:2], tmp_path / 'out'
    report = transcribe_archive(paths, checkpoint, out, workers=2, modules=['killing_transform'])
    assert not list(tokens.iterdir())
    assert (report.written, report.failed) == (2, [])
    assert all((out / path.stem / 'results.json').is_file() for path in paths)


def test_a_video_that_ends_its_worker_twice_has_failed(archive, killing, tmp_path):
    checkpoint, tokens = killing
    for name in ('once', 'twice'):
        (tokens / name).touch()
    report = transcribe_archive(videos(archive)[:1], checkpoint, tmp_path / 'out', modules=['killing_transform'])
    assert report.written == 0
    assert 'its process was ended 2 times' in str(report.failed[0])
    assert not list(tokens.iterdir())


def test_what_concerns_all_ends_the_run(archive, untrained_checkpoint, tmp_path):
    (tmp_path / 'net.pth').write_text('no checkpoint')
    with pytest.raises(CheckpointError, match=r'net\.pth'):
        transcribe(archive, tmp_path / 'net.pth', tmp_path / 'out')
    for path in archive.glob('*.mp4'):
        (tmp_path / 'out' / path.stem).write_text('in the way of the folder')
    with pytest.raises(OutputError, match='cannot be written'):
        transcribe(archive, untrained_checkpoint, tmp_path / 'out')
    with pytest.raises(ConfigError, match='frame rate'):
        transcribe(archive, untrained_checkpoint, tmp_path / 'out', frame_rate=-1.0)
    with pytest.raises(ConfigError, match='--import nothing'):
        transcribe(archive, untrained_checkpoint, tmp_path / 'out', modules=['nothing'])
    with pytest.raises(DataError, match='got the address'):
        transcribe_archive(['rtsp://camera/1'], untrained_checkpoint, tmp_path / 'out')
    (tmp_path / 'out' / 'manifest.jsonl').write_text('{"name": "a"}\n')
    with pytest.raises(DataError, match=r'line 1 is no record'):
        transcribe(archive, untrained_checkpoint, tmp_path / 'out')
