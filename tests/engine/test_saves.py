"""A training that is killed, or whose disk is full, leaves whole checkpoints under the right names, and goes on."""

import os
import resource
import shutil
import sys

import pytest
import torch
from mmengine.hooks import Hook
from stopped_training import differences, train, training_state, write_config

from cslrkit.engine.checkpoint_io import BEST_RECORD, LAST_RECORD, find_checkpoint, read_checkpoint
from cslrkit.engine.hooks import SignCheckpointHook
from cslrkit.errors import CheckpointError, OutputError
from cslrkit.registry import HOOKS

_CHANGES = ('os.rename', 'os.remove', 'os.truncate', 'os.mkdir', 'os.rmdir', 'os.link', 'os.symlink', 'shutil.rmtree')


@HOOKS.register_module()
class BetterEachTime(Hook):
    """Gives each epoch a lower WER than the one before."""

    priority = 'HIGH'

    def after_val_epoch(self, runner, metrics=None):
        metrics['wer'] = 100.0 - runner.epoch


@HOOKS.register_module()
class KillAtEachFileEvent(Hook):
    """Saves epoch 2 in many children, each killed before another change of a file; keeps what they leave."""

    priority = 'LOW'  # before checkpoints are saved

    def __init__(self, out):
        self.out = out

    def after_train_epoch(self, runner):
        self._kill(runner, 'train', lambda hook: hook.after_train_epoch(runner))

    def after_val_epoch(self, runner, metrics=None):
        self._kill(runner, 'val', lambda hook: hook.after_val_epoch(runner, metrics))

    def _kill(self, runner, stage, save):
        if runner.iter < 15:  # of the second epoch, which replaces checkpoints
            return
        (hook,) = (hook for hook in runner.hooks if isinstance(hook, SignCheckpointHook))
        event, killed = 0, True
        while killed:
            before = shutil.copytree(runner.work_dir, f'{self.out}/before')
            child = os.fork()
            if child == 0:
                _kill_at(event, runner.work_dir)
                save(hook)
                os._exit(0)
            killed = os.waitpid(child, 0)[1] != 0
            shutil.move(runner.work_dir, f'{self.out}/{stage}_{event}')
            shutil.move(before, runner.work_dir)
            event += 1


def _kill_at(number, folder):
    left = [number]

    def hook(event, arguments):
        writes = event == 'open' and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if (writes or event in _CHANGES) and str(folder) in map_text(arguments):
            if left[0] == 0:
                os._exit(9)
            left[0] -= 1

    sys.addaudithook(hook)


def map_text(arguments):
    return ' '.join(map(str, arguments))


@pytest.fixture(scope='module')
def config(tiny_corpus, tmp_path_factory):
    return write_config(tmp_path_factory.mktemp('saves') / 'config.py', tiny_corpus)


KEEP_ONE = dict(default_hooks__checkpoint__max_keep_ckpts=1)


@pytest.fixture(scope='module')
def killed(config, tmp_path_factory):
    """What kills leave, and the state of the training that went on without."""
    root = tmp_path_factory.mktemp('killed')
    hooks = [dict(type='BetterEachTime'), dict(type='KillAtEachFileEvent', out=str(root / 'left'))]
    (root / 'left').mkdir()
    train(config, root / 'whole', hooks=hooks, **KEEP_ONE)
    return sorted((root / 'left').iterdir()), root / 'whole'


def test_after_a_kill_at_any_file_event_best_and_last_are_whole(killed):
    left, _ = killed
    stages = [path.name.split('_')[0] for path in left]
    assert min(stages.count('train'), stages.count('val')) > 6  # written, moved, recorded, removed
    assert {(path / LAST_RECORD).read_text() for path in left} == {'epoch_1.pth', 'epoch_2.pth'}
    assert {(path / BEST_RECORD).read_text() for path in left} == {'best_wer_epoch_1.pth', 'best_wer_epoch_2.pth'}
    for path in left:
        for record in (LAST_RECORD, BEST_RECORD):
            name = (path / record).read_text()
            epoch = read_checkpoint(path / name)['meta']['epoch']
            assert name.endswith(f'epoch_{epoch}.pth'), path


@pytest.mark.slow
def test_all_of_them_go_on_to_the_same_end(killed, config):
    left, whole = killed
    expected = training_state(whole / 'epoch_2.pth')
    seen = set()
    for path in left:
        found = (*sorted(file.name.split('.pth.')[0] for file in path.iterdir()), *records(path))
        if path.name.startswith('val') and found not in seen:
            seen.add(found)
            train(config, path, resume=True, hooks=[dict(type='BetterEachTime')], **KEEP_ONE)
            assert differences(training_state(path / 'epoch_2.pth'), expected) == []
            assert records(path) == ['epoch_2.pth', 'best_wer_epoch_2.pth']
            assert sorted(file.name for file in path.glob('*.pth*')) == ['best_wer_epoch_2.pth', 'epoch_2.pth']
    assert len(seen) > 3


def records(path):
    return [(path / record).read_text() for record in (LAST_RECORD, BEST_RECORD)]


@HOOKS.register_module()
class SmallFiles(Hook):
    """From the second epoch on no file can be larger than so many bytes, as if the disk were full."""

    def __init__(self, size):
        self.size = size

    def before_train_epoch(self, runner):
        if runner.epoch == 1:
            resource.setrlimit(resource.RLIMIT_FSIZE, (self.size, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))


def test_a_full_disk_is_one_line_and_leaves_a_training_that_goes_on(killed, config, tmp_path):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        with pytest.raises(OutputError, match=r"^checkpoint: '.*epoch_2\.pth' cannot be written \(File too large\)"):
            train(
                config, tmp_path, hooks=[dict(type='BetterEachTime'), dict(type='SmallFiles', size=40_000)], **KEEP_ONE
            )
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert sorted(file.name for file in tmp_path.glob('*.pth*')) == ['best_wer_epoch_1.pth', 'epoch_1.pth']
    train(config, tmp_path, resume=True, hooks=[dict(type='BetterEachTime')], **KEEP_ONE)
    expected = training_state(killed[1] / 'epoch_2.pth')
    assert differences(training_state(tmp_path / 'epoch_2.pth'), expected) == []


@pytest.mark.parametrize('named', ['', 'epoch_3.pth', 'epoch_2.pth'])
def test_a_record_that_names_nothing_whole_falls_back_to_the_newest(tmp_path, named):
    for age, name in enumerate(('epoch_1.pth', 'best_wer_epoch_1.pth', 'epoch_2.pth')):
        torch.save(dict(state_dict={}), tmp_path / name)
        os.utime(tmp_path / name, (age, age))
    cut = (tmp_path / 'epoch_2.pth').read_bytes()[:-30]
    (tmp_path / 'epoch_2.pth').write_bytes(cut)
    (tmp_path / LAST_RECORD).write_text(named)
    (tmp_path / BEST_RECORD).write_text('best_wer_epoch_9.pth')
    with pytest.warns(UserWarning, match="which is not there or was cut off: taking the newest, 'epoch_1.pth'"):
        assert find_checkpoint(tmp_path, record=LAST_RECORD).name == 'epoch_1.pth'
    with pytest.warns(UserWarning, match="'best_wer_epoch_9.pth', which is not there"):
        assert find_checkpoint(tmp_path).name == 'best_wer_epoch_1.pth'
    (tmp_path / 'epoch_1.pth').unlink()
    with pytest.raises(CheckpointError, match='the folder has no other'):
        find_checkpoint(tmp_path, record=LAST_RECORD)
