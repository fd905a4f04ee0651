"""Resized copies of frames: exact, whole, resumable."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from downloaded_corpora import FRAMES, MAKERS, draw_frames, make_phoenix2014, picture

from cslrkit.corpora.prepare import ResizeTask, prepare_corpus, resize_frames
from cslrkit.errors import ConfigError, DataError, OutputError
from cslrkit.registry import DATASETS
from cslrkit.video import images as images_module

RESIZED = 'features/fullFrame-32x16px'  # 32 wide, 16 high


def tree(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob('*') if path.is_file()}


@pytest.mark.parametrize('corpus', list(MAKERS))
def test_the_dataset_reads_them(tmp_path, corpus):
    summary = prepare_corpus(MAKERS[corpus](tmp_path, draw_frames), corpus, resize=(32, 16), workers=1)
    assert summary.resized.written == sum(summary.num_frames.values())
    subdir = 'sentence/frames_32x16' if corpus == 'csl-daily' else 'fullFrame-32x16px'
    shared = dict(data_root=str(tmp_path), split='dev', frame_subdir=subdir, pipeline=[dict(type='LoadFrames')])
    dataset = DATASETS.build(dict(type='CSLRDataset', corpus=corpus, **shared))
    sample = dataset[0]
    assert sample['imgs'].shape == (sample['num_frames'], 16, 32, 3)
    if not corpus.startswith('csl'):  # .png is lossless
        for index, image in enumerate(sample['imgs']):
            expected = cv2.resize(picture(index), (32, 16), interpolation=cv2.INTER_LANCZOS4)
            np.testing.assert_array_equal(image[..., ::-1], expected)


def test_again_and_after_a_loss(tmp_path):
    make_phoenix2014(tmp_path, draw_frames)
    prepare_corpus(tmp_path, 'phoenix2014', resize=(32, 16), workers=1)
    before = tree(tmp_path)
    again = prepare_corpus(tmp_path, 'phoenix2014', resize=(32, 16), workers=2).resized
    assert (again.written, again.kept) == (0, 9)
    folder = tmp_path / RESIZED / 'dev/dev-0/1'
    (folder / 'f0001.png').unlink()
    (folder / f'.f0001.png{images_module.PART}99').write_bytes(b'half')  # as a killed run leaves it
    resumed = prepare_corpus(tmp_path, 'phoenix2014', resize=(32, 16), workers=1).resized
    assert (resumed.written, resumed.kept) == (1, 8)
    assert tree(tmp_path) == before


def test_a_changed_frame_is_resized_again(tmp_path):
    make_phoenix2014(tmp_path, draw_frames)
    prepare_corpus(tmp_path, 'phoenix2014', resize=(32, 16), workers=1)
    source = tmp_path / FRAMES / 'dev/dev-0/1/f0001.png'
    cv2.imwrite(str(source), picture(7))
    os.utime(source, (time.time() + 5, time.time() + 5))
    assert prepare_corpus(tmp_path, 'phoenix2014', resize=(32, 16), workers=1).resized.written == 1
    image = cv2.imread(str(tmp_path / RESIZED / 'dev/dev-0/1/f0001.png'))
    np.testing.assert_array_equal(image, cv2.resize(picture(7), (32, 16), interpolation=cv2.INTER_LANCZOS4))


def test_elsewhere(tmp_path):
    root = make_phoenix2014(tmp_path / 'corpus', draw_frames)
    before = tree(root)
    out, frames = tmp_path / 'annotations', tmp_path / 'frames'
    prepare_corpus(root, 'phoenix2014', out=out, resize=(32, 16), frames_out=frames, workers=1)
    assert tree(root) == before  # a read-only corpus stays as it is
    dataset = DATASETS.build(
        dict(
            type='CSLRDataset',
            corpus='phoenix2014',
            data_root=str(frames),
            split='test',
            ann_dir=str(out),
            frame_subdir='fullFrame-32x16px',
            pipeline=[dict(type='LoadFrames')],
        )
    )
    assert dataset[0]['imgs'].shape == (3, 16, 32, 3)


@pytest.mark.parametrize('suffix', ['.png', '.jpg'])
def test_cut_off_and_empty_images_are_told(tmp_path, suffix):
    draw_frames(tmp_path / 'in', 4, suffix, size=(120, 160))
    whole = (tmp_path / f'in/f0001{suffix}').read_bytes()
    (tmp_path / f'in/f0001{suffix}').write_bytes(whole[: len(whole) * 2 // 3])
    (tmp_path / f'in/f0002{suffix}').write_bytes(b'')
    names = tuple(f'f000{index}{suffix}' for index in range(5))  # f0004 does not exist
    task = ResizeTask(str(tmp_path / 'in'), names, str(tmp_path / 'out'), (32, 16))
    result = resize_frames([task], workers=1)
    assert result.written == 2
    assert [os.path.basename(path) for path in result.unreadable] == [f'f000{index}{suffix}' for index in (1, 2, 4)]
    assert sorted(os.listdir(tmp_path / 'out')) == [f'f0000{suffix}', f'f0003{suffix}']


def test_a_failed_write_leaves_no_part(tmp_path, monkeypatch):
    draw_frames(tmp_path / 'in', 1)

    def fail(*_):
        raise OSError('disk full')

    monkeypatch.setattr(images_module.os, 'replace', fail)
    with pytest.raises(OutputError, match='disk full'):
        resize_frames([ResizeTask(str(tmp_path / 'in'), ('f0000.png',), str(tmp_path / 'out'), (8, 8))], workers=1)
    assert os.listdir(tmp_path / 'out') == []


def test_mistakes(tmp_path):
    make_phoenix2014(tmp_path, draw_frames)
    for size in [(0, 4), (4,), (4.5, 4)]:
        with pytest.raises(ConfigError, match=r'resize: got .*expected a width and a height'):
            prepare_corpus(tmp_path, 'phoenix2014', resize=size)
    with pytest.raises(ConfigError, match=r'already holds frames of 210x260 pixels'):
        prepare_corpus(tmp_path, 'phoenix2014', resize=(210, 260))
    (tmp_path / 'file').touch()
    with pytest.raises(OutputError, match=r'cannot be written.*--frames-out'):
        prepare_corpus(tmp_path, 'phoenix2014', resize=(8, 8), frames_out=tmp_path / 'file')
    os.rename(tmp_path / FRAMES / 'dev/dev-0/1/f0000.png', tmp_path / 'f.xyz')
    task = ResizeTask(str(tmp_path), ('f.xyz',), str(tmp_path / 'out'), (8, 8))
    with pytest.raises(DataError, match=r"f\.xyz': OpenCV does not write this format"):
        resize_frames([task], workers=1)


@pytest.mark.slow
@pytest.mark.parametrize('how', [signal.SIGINT, signal.SIGKILL])
def test_interrupted_run_goes_on(tmp_path, how):
    """Stop a run in its middle: every frame that is there is whole, and the next run adds the rest."""
    for number in range(60):
        draw_frames(tmp_path / f'in/{number}', 4, size=(240, 320))
    script = (
        # A shell starts jobs in the background with this signal ignored; a user's terminal does not.
        'import signal\n'
        'signal.signal(signal.SIGINT, signal.default_int_handler)\n'
        'from cslrkit.corpora.prepare import ResizeTask, resize_frames\n'
        "names = tuple(f'f000{i}.png' for i in range(4))\n"
        "print('begin', flush=True)\n"
        "resize_frames([ResizeTask(f'in/{n}', names, f'out/{n}', (600, 500)) for n in range(60)], workers=2)\n"
    )
    process = subprocess.Popen(
        [sys.executable, '-c', script], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    process.stdout.readline()
    deadline = time.monotonic() + 60
    while len(list(tmp_path.glob('out/*/f*.png'))) < 5 and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(how)
    process.wait()
    time.sleep(1.5 if how == signal.SIGKILL else 0)  # workers end with their parent
    done = list(tmp_path.glob('out/*/f*.png'))
    assert 5 <= len(done) < 240
    assert all(cv2.imread(str(path)).shape == (500, 600, 3) for path in done)

    names = tuple(f'f000{i}.png' for i in range(4))
    tasks = [ResizeTask(str(tmp_path / f'in/{n}'), names, str(tmp_path / f'out/{n}'), (600, 500)) for n in range(60)]
    result = resize_frames(tasks, workers=2)
    assert (result.written, result.kept) == (240 - len(done), len(done))
    assert all(re.fullmatch(r'f000\d\.png', path.name) for path in Path(tmp_path, 'out').rglob('*') if path.is_file())
