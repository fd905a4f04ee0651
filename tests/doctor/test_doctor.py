"""The doctor on a sound set-up and on broken ones."""

import os
import shutil
import sys
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config

from cslrkit.doctor import Check, Checkup, check, diagnose, installation, project
from cslrkit.engine.config import load_config
from cslrkit.registry import MODELS
from cslrkit.structures import GlossVocab
from cslrkit.utils.npy import load_object, save_object


@pytest.fixture
def corpus(tmp_path, tiny_corpus):
    """A copy of the tiny corpus, to be broken."""
    return Path(shutil.copytree(tiny_corpus, tmp_path / 'corpus'))


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory, tiny_config):
    """A checkpoint of the untrained model."""
    model = MODELS.build(load_config(tiny_config).model)
    path = tmp_path_factory.mktemp('weights') / 'epoch_1.pth'
    torch.save({'state_dict': model.state_dict(), 'meta': {'epoch': 1, 'vocab': model.vocab.glosses}}, path)
    return path


def examine(config, *options, corpus=None, **arguments):
    """Checks by name."""
    if corpus is not None:
        options = (*options, f'data_root={corpus}')
    lines = []
    checks = diagnose(str(config), options=options, show=lines.append, **arguments)
    assert lines == [str(one) for one in checks]
    return {one.name: one for one in checks}


def failures(checks):
    return {name for name, one in checks.items() if one.status == 'FAIL'}


def test_a_sound_set_up(tiny_config, tiny_corpus, checkpoint, run_tool, tmp_path):
    done = run_tool('doctor.py', tiny_config, '--checkpoint', checkpoint, cwd=tmp_path)
    lines = done.stdout.splitlines()
    found = {line[6:24].strip(): line for line in lines if line[:6].strip() in ('ok', 'skip')}
    for name in ('python', 'torch', 'opencv-python', 'PNG images', 'JPEG images', 'config', 'model', 'checkpoint'):
        assert found[name].startswith('ok'), found[name]
    for split in ('train', 'dev', 'test'):
        assert str(tiny_corpus) in found[f'{split} data']
        assert 'frames of 64x64' in found[f'{split} sample']
    assert 'classes' in found['vocabulary']
    assert 'epoch 1' in found['checkpoint']
    assert ' 0 failed' in lines[-1]
    assert not (tmp_path / 'work_dirs').exists()


def test_without_a_config(run_tool, checkpoint):
    done = run_tool('doctor.py', '--checkpoint', checkpoint)
    assert 'a checkpoint of cslrkit, epoch 1' in done.stdout
    assert 'free, a run needs about' in done.stdout


@pytest.mark.slow
def test_opencv_without_its_system_library(tmp_path, tiny_config, run_tool):
    (tmp_path / 'cv2').mkdir()
    reason = 'libGL.so.1: cannot open shared object file: No such file or directory'
    (tmp_path / 'cv2' / '__init__.py').write_text(f'raise ImportError({reason!r})\n')
    path = os.pathsep.join([str(tmp_path), os.environ.get('PYTHONPATH', '')])
    done = run_tool('doctor.py', tiny_config, check=False, env={'PYTHONPATH': path})
    assert done.returncode == 1
    assert 'Traceback' not in done.stdout + done.stderr
    assert f'FAIL  opencv-python     ImportError: {reason}' in done.stdout
    assert 'pip install opencv-python-headless' in done.stdout
    assert 'skip  PNG images        needs opencv-python' in done.stdout
    assert 'skip  mmcv-lite         needs opencv-python' in done.stdout
    assert 'skip  config            needs mmcv-lite, opencv-python' in done.stdout


def test_missing_and_old_packages(monkeypatch):
    monkeypatch.setitem(installation.PACKAGES, 'tensorboard', 'no_such_module_for_test')
    monkeypatch.setattr(installation, 'required_versions', lambda: {'numpy': '99.1', 'tensorboard': '2.14'})
    checkup = Checkup(lambda line: None)
    usable = installation.check_installation(checkup)
    found = {one.name: one for one in checkup.checks}
    assert not usable['tensorboard']
    assert found['tensorboard'].advice == "pip install 'tensorboard>=2.14'"
    assert 'expected 99.1 or newer' in found['numpy'].detail
    assert {one.name for one in checkup.failed} == {'tensorboard', 'numpy'}


def test_versions_are_compared_as_numbers():
    assert installation.version_tuple('2.14.1+cu130') == (2, 14, 1)
    assert installation.version_tuple('0.10.7') > installation.version_tuple('0.9')
    assert installation.required_versions()['mmcv-lite'] == '2.1'


@pytest.mark.parametrize(
    ('name', 'text', 'advice'),
    [
        ('torchvision', 'operator torchvision::nms does not exist', 'do not belong together'),
        ('mmcv-lite', "No module named 'mmcv'", 'not mmcv'),
        ('opencv-python', "No module named 'cv2'", 'pip install opencv-python'),
        ('opencv-python', 'numpy.core.multiarray failed to import', 'uninstall'),
    ],
)
def test_advice_for_imports_that_fail(name, text, advice):
    assert advice in installation._import_advice(name, name, ImportError(text))


def test_a_gpu_that_torch_does_not_see(monkeypatch):
    monkeypatch.setattr(installation.shutil, 'which', lambda name: '/usr/bin/nvidia-smi')
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    monkeypatch.delenv('CUDA_VISIBLE_DEVICES', raising=False)
    with pytest.raises(check.FailedCheckError, match=r'nvidia-smi is here, but torch .* sees no GPU'):
        installation._device()
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '')
    with pytest.raises(check.SkippedCheckError, match='no GPU'):
        installation._device()


def test_broken_images(monkeypatch):
    monkeypatch.setattr(cv2, 'imdecode', lambda *args: None)
    checkup = Checkup(lambda line: None)
    installation.check_installation(checkup)
    assert {one.name for one in checkup.failed} == {'PNG images', 'JPEG images'}
    assert any('OpenCV cannot read .png files' in one.detail for one in checkup.checks)
    monkeypatch.setattr(cv2, 'imdecode', lambda *args: np.zeros((16, 24, 3), np.uint8))
    with pytest.raises(check.FailedCheckError, match='changes by 200 grey levels when it is written'):
        installation._image('.png', 0)


def test_broken_videos(monkeypatch):
    levels = iter((30, 90, 150))
    monkeypatch.setattr(av.VideoFrame, 'to_ndarray', lambda self, format: np.array(next(levels, 0)))
    with pytest.raises(check.FailedCheckError, match=r'came back with mean grey levels \[30, 90, 150, 0\]'):
        installation._video()


def test_a_config_that_cannot_be_read(tmp_path):
    found = examine(tmp_path / 'gone.py')
    assert failures(found) == {'config'}
    assert found['data'].status == found['model'].status == 'skip'


def test_a_misspelt_option(tiny_config):
    assert 'has no' in examine(tiny_config, 'model.backbne.depth=18')['config'].detail
    assert 'expected KEY=VALUE' in examine(tiny_config, 'seed')['config'].detail


def test_a_data_root_that_is_not_there(tiny_config, tmp_path):
    found = examine(tiny_config, corpus=tmp_path / 'nowhere')
    assert {'train data', 'dev data', 'test data', 'vocabulary', 'model'} <= failures(found)
    assert 'CSLRKIT_DATA' in found['dev data'].detail
    assert found['dev sample'].detail == 'needs the dev data'


def test_empty_frame_folders_and_damaged_images(tiny_config, corpus):
    frames = {split: sorted(corpus.glob(f'features/*/{split}/*/1')) for split in ('dev', 'test', 'train')}
    first = {split: load_object(corpus / 'preprocess' / f'{split}_info.npy')[0]['fileid'] for split in frames}
    folder = {split: next(path for path in frames[split] if path.parent.name == first[split]) for split in frames}
    for image in folder['dev'].glob('*.png'):
        image.unlink()
    cut_off = sorted(folder['test'].glob('*.png'))[1]  # one of those that frame_interval=2 may leave out
    cut_off.write_bytes(cut_off.read_bytes()[:20])
    for image in folder['train'].glob('*.png'):
        cv2.imwrite(str(image), np.full_like(cv2.imread(str(image)), 7))
    found = examine(tiny_config, corpus=corpus)
    assert failures(found) == {'dev sample', 'test sample', 'train sample'}
    assert 'no frames match' in found['dev sample'].detail
    assert f"{cut_off.name}' cannot be read as an image" in found['test sample'].detail
    assert 'all pixels of' in found['train sample'].detail


def test_vocabularies_that_differ(tiny_config, corpus, tmp_path):
    glosses = GlossVocab.from_file(corpus / 'preprocess' / 'gloss_dict.npy').glosses
    save_object(tmp_path / 'other.npy', {gloss: index for index, gloss in enumerate(reversed(glosses), start=1)})
    found = examine(tiny_config, f'model.vocab={tmp_path / "other.npy"}', corpus=corpus)
    assert failures(found) == {'vocabulary'}
    assert 'the same glosses with other ids' in found['vocabulary'].detail
    save_object(corpus / 'preprocess' / 'gloss_dict.npy', {gloss: i for i, gloss in enumerate(glosses[:-1], start=1)})
    found = examine(tiny_config, corpus=corpus)
    assert any('glosses outside the vocabulary' in note for name in found for note in found[name].notes)


def test_glosses_that_may_be_slips(tmp_path):
    save_object(tmp_path / 'v.npy', {'caf\u00e9': 1, 'cafe\u0301': 2, 'REGEN,': 3, '3,5': 4})
    checkup = Checkup(lambda line: None)
    checkup.run('vocabulary', project._vocabulary, Config(dict(model=dict(vocab=str(tmp_path / 'v.npy')))), {})
    alike, commas = checkup.checks[0].notes
    assert 'look alike but are written with different code points: caf\u00e9. Write' in alike
    assert 'begin or end with a comma or semicolon: REGEN,. Glosses' in commas


def test_references_of_another_split(tiny_config, tiny_corpus):
    stm = next((tiny_corpus / 'preprocess').glob('*-groundtruth-test.stm'))
    found = examine(tiny_config, f'val_evaluator.stm={stm}', f'test_evaluator.stm={stm}')
    assert failures(found) == {'dev references'}
    assert 'has no sentence for' in found['dev references'].detail
    assert f"sentences of '{stm}'" in found['test references'].detail
    assert failures(examine(tiny_config, 'test_evaluator.stm=/gone.stm')) == {'test references'}


@pytest.mark.slow
def test_checkpoints_that_do_not_fit(tiny_config, checkpoint, tmp_path):
    content = torch.load(checkpoint, weights_only=True)
    torch.save({**content, 'meta': {'vocab': ['A', 'B']}}, tmp_path / 'words.pth')
    torch.save({**content, 'state_dict': {'a': torch.zeros(2)}}, tmp_path / 'names.pth')
    (tmp_path / 'cut.pth').write_bytes(checkpoint.read_bytes()[:1000])
    for name, message in (
        ('words.pth', '2 glosses: A, B'),
        ('names.pth', 'does not fit the model'),
        ('cut.pth', 'cannot be read'),
        ('gone.pth', 'does not exist'),
    ):
        found = examine(tiny_config, checkpoint=str(tmp_path / name))
        assert failures(found) == {'checkpoint'}, name
        assert message in found['checkpoint'].detail
    assert failures(examine(tiny_config, checkpoint=str(checkpoint))) == set()


def test_initial_weights(tiny_config, checkpoint):
    found = examine(tiny_config, 'load_from=/gone.pth')
    assert failures(found) == {'initial weights'}
    assert 'does not exist' in found['initial weights'].detail
    assert 'a checkpoint of cslrkit' in examine(tiny_config, f'load_from={checkpoint}')['initial weights'].detail
    nested = {'backbone': {'init_cfg': [{'type': 'Pretrained', 'checkpoint': 'slow.pkl'}]}, 'head': {'type': 'X'}}
    assert project._pretrained(nested) == ['slow.pkl']


def test_work_dirs(tiny_config, tmp_path, monkeypatch):
    (tmp_path / 'file').write_text('')
    found = examine(tiny_config, work_dir=str(tmp_path / 'file' / 'run'))
    assert failures(found) == {'work dir'}
    assert 'is a file' in found['work dir'].detail
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(project.shutil, 'disk_usage', lambda path: usage._replace(free=10 * 2**20))
    found = examine(tiny_config, 'train_dataloader.num_workers=2', work_dir=str(tmp_path / 'run'))
    assert failures(found) == {'work dir'}
    assert '0.0 GB are free' in found['work dir'].detail
    monkeypatch.setattr(project.shutil, 'disk_usage', lambda path: usage._replace(free=2**20))
    found = examine(tiny_config, 'train_dataloader.num_workers=2', work_dir=str(tmp_path / 'run'))
    if os.path.isdir('/dev/shm'):
        assert failures(found) == {'work dir', 'train workers'}
        assert 'docker run --shm-size' in found['train workers'].advice


@pytest.mark.skipif(sys.platform == 'win32' or os.geteuid() == 0, reason='root may write everywhere')
def test_a_folder_without_permission(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(check.FailedCheckError, match='cannot be written'):
        project.check_work_dir(str(tmp_path / 'run'))


def test_a_fault_in_a_check_does_not_end_the_others():
    def broken():
        raise KeyError('x')

    lines = []
    checkup = Checkup(lines.append)
    assert checkup.run('first', broken) is None
    assert checkup.run('second', lambda: check.Found('fine', 5)) == 5
    assert lines == [
        "FAIL  first             KeyError: 'x'\n"
        '                        do: This is not expected: please report it with this output.',
        'ok    second            fine',
    ]
    assert checkup.failed == [Check('first', 'FAIL', "KeyError: 'x'", checkup.checks[0].advice)]
