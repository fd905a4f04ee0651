"""tools/prepare_data.py, run as a user would."""

import importlib.util
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from cslrkit.registry import DATASETS

SAMPLE = os.environ.get('CSLRKIT_SIGN_LANGUAGE_DATASETS')  # the unpacked package, if it is not installed


@pytest.fixture
def corpus(tmp_path):
    for split in ('train', 'dev', 'test'):
        folder = tmp_path / f'features/fullFrame-210x260px/{split}/{split}-0/1'
        folder.mkdir(parents=True)
        for index in range(3):
            cv2.imwrite(str(folder / f'f{index}.png'), np.full((26, 21, 3), 40 * index, np.uint8))
        path = tmp_path / f'annotations/manual/{split}.corpus.csv'
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'id|folder|signer|annotation\n{split}-0|{split}-0/1/*.png|Signer01|REGEN {split}\n')
    return tmp_path


def test_prepare_resize_and_check(corpus, run_tool):
    done = run_tool('prepare_data.py', 'phoenix2014', '--root', corpus, '--resize', '256x256', '--workers', 1)
    assert 'vocabulary: 4 glosses' in done.stdout
    assert 'dev: 1 gloss absent from train: dev (1)' in done.stdout
    assert 'fullFrame-256x256px: 9 written, 0 there already' in done.stdout
    checked = run_tool('prepare_data.py', 'phoenix2014', '--root', corpus, '--check', '--workers', 1)
    assert '3 sentences, 9 frames in' in checked.stdout
    assert 'all in order' in checked.stdout
    (corpus / 'features/fullFrame-256x256px/dev/dev-0/1/f1.png').unlink()
    checked = run_tool('prepare_data.py', 'phoenix2014', '--root', corpus, '--check', '--workers', 1, check=False)
    assert checked.returncode == 1
    assert "dev: sample 'dev-0': 2 frames match" in checked.stdout
    assert '1 problem' in checked.stdout
    again = run_tool('prepare_data.py', 'phoenix2014', '--root', corpus, '--resize', '256x256', '--workers', 1)
    assert '1 written, 8 there already' in again.stdout


def test_missing_frames_and_unreadable_images(corpus, run_tool, tmp_path):
    folder = corpus / 'features/fullFrame-210x260px/train/train-0/1'
    for path in folder.iterdir():
        path.unlink()
    (corpus / 'features/fullFrame-210x260px/dev/dev-0/1/f1.png').write_bytes(b'')
    out = tmp_path / 'out'
    done = run_tool('prepare_data.py', 'phoenix2014', '--root', corpus, '--out', out)
    assert 'train-0' in done.stdout
    assert (out / 'train_info.npy').exists()
    done = run_tool('prepare_data.py', 'phoenix2014', '--root', corpus, '--resize', '8x8', check=False)
    assert done.returncode == 1
    assert 'cannot be read as an image: ' in done.stdout


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['phoenix2014'], '--root is needed'),
        (['custom'], 'custom needs --table'),
        (['custom', '--table', 'x.csv', '--frame-dir', 'x'], '--frame-dir: the table says'),
        (['phoenix2014', '--root', '.', '--resize', '256'], "got '256', expected WIDTHxHEIGHT"),
        (['phoenix2014', '--root', '.', '--workers', '0'], "got '0', expected a number from 1"),
        (
            ['phoenix14', '--root', '.'],
            "error: 'phoenix14' is not registered in the corpus registry. Did you mean 'phoenix2014'",
        ),
        (['phoenix2014', '--root', '.', '--table', 'x.csv'], "Phoenix2014 has no argument 'table'"),
        (['phoenix2014', '--root', 'nowhere'], "error: 'nowhere/annotations/manual/train.corpus.csv' does not exist"),
        (['custom', '--table', 'nowhere.csv'], "error: table of recordings: 'nowhere.csv' does not exist"),
    ],
)
def test_mistakes(run_tool, tmp_path, arguments, message):
    done = run_tool('prepare_data.py', *arguments, check=False, cwd=tmp_path)
    assert done.returncode in (1, 2)
    assert message in done.stderr
    assert 'Traceback' not in done.stderr


def test_custom(corpus, run_tool):
    table = 'id;frames;glosses;split\nrain;features/fullFrame-210x260px/dev/dev-0/1;雨 дождь;train\n'
    (corpus / 'own.csv').write_text(table, encoding='utf-8')
    done = run_tool('prepare_data.py', 'custom', '--table', corpus / 'own.csv')
    assert 'vocabulary: 2 glosses' in done.stdout
    checked = run_tool('prepare_data.py', 'custom', '--table', corpus / 'own.csv', '--check')
    assert '1 sentence, 3 frames' in checked.stdout


def sample_root():
    """The two real frames of PHOENIX-2014-T that the package sign-language-datasets 0.4.0 carries."""
    folder = Path(SAMPLE) if SAMPLE else None
    spec = importlib.util.find_spec('sign_language_datasets')
    if folder is None and spec is not None:
        folder = Path(spec.submodule_search_locations[0]).parent
    found = sorted(folder.rglob('rwth_phoenix2014_t/dummy_data/**/PHOENIX-2014-T/annotations')) if folder else []
    return found[0].parent if found else None


def test_the_real_sample(tmp_path, run_tool):
    root = sample_root()
    if root is None:
        pytest.skip('neither is sign-language-datasets installed nor CSLRKIT_SIGN_LANGUAGE_DATASETS set to a copy')
    options = ['--out', tmp_path / 'ann', '--resize', '256x256', '--frames-out', tmp_path]
    run_tool('prepare_data.py', 'phoenix2014-T', '--root', root, *options)
    run_tool('prepare_data.py', 'phoenix2014-T', '--root', root, *options, '--check')
    config = dict(type='CSLRDataset', corpus='phoenix2014-T', split='test', ann_dir=str(tmp_path / 'ann'))
    load = [dict(type='LoadFrames')]
    real = DATASETS.build(dict(config, data_root=str(root), frame_subdir='fullFrame-210x260px', pipeline=load))[0]
    assert real['glosses'][:3] == ('REGEN', 'SCHNEE', 'REGION')
    assert real['imgs'].shape == (2, 260, 210, 3)
    resized = DATASETS.build(dict(config, data_root=str(tmp_path), pipeline=load))[0]
    expected = [cv2.resize(image, (256, 256), interpolation=cv2.INTER_LANCZOS4) for image in real['imgs']]
    np.testing.assert_array_equal(resized['imgs'], expected)
    face = real['imgs'][0, 60:75, 90:120].reshape(-1, 3).mean(axis=0)
    assert face[0] > face[1] > face[2]  # skin: more red than green than blue
