"""The main job, run as a user runs it."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from cslrkit.engine.stored_config import config_json
from cslrkit.utils.npy import load_object, save_object

REPO = Path(__file__).parents[2]
TORCHRUN = (sys.executable, '-m', 'torch.distributed.run', '--standalone', '--nproc_per_node=2')


@pytest.fixture(scope='module')
def trained(tmp_path_factory, tiny_config, tool_server):
    """A finished training run of two epochs: its work directory and console output."""
    work_dir = tmp_path_factory.mktemp('work')
    options = [str(tiny_config), '--work-dir', str(work_dir), '--seed', '3']
    done = tool_server(REPO / 'tools/train.py', options, REPO)
    assert done.returncode == 0, done.stdout + done.stderr
    return work_dir, done


def test_training_leaves_best_and_last_checkpoint(trained):
    work_dir, _ = trained
    assert (work_dir / 'last_checkpoint').read_text() == 'epoch_2.pth'
    best = work_dir / (work_dir / 'best_checkpoint').read_text()
    content = torch.load(best, weights_only=True)
    assert content['meta']['vocab']
    assert 'CSLRRecognizer' in content['meta']['cfg']
    assert (work_dir / 'tiny.py').is_file()
    assert list(work_dir.rglob('events.out.tfevents*'))


def test_training_without_a_dev_split(tiny_config, tmp_path, run_tool):
    options = ['val_dataloader=None', 'val_cfg=None', 'val_evaluator=None', 'train_cfg.max_epochs=1']
    done = run_tool('train.py', tiny_config, '--work-dir', tmp_path, '--cfg-options', *options)
    assert 'trained for' in done.stdout.splitlines()[-1], done.stdout + done.stderr
    assert (tmp_path / 'epoch_1.pth').is_file()


def test_the_console_is_readable(trained):
    _, done = trained
    assert done.stderr == ''
    lines = done.stdout.splitlines()
    assert 'training CSLRRecognizer' in lines[0]
    assert any('epoch 1/2' in line and 'eta' in line and 'loss' in line for line in lines)
    assert any('dev WER' in line for line in lines)
    assert 'best dev WER' in lines[-1]
    assert len(lines) < 40
    assert not any('mmengine' in line for line in lines)


def test_the_best_checkpoint_scores_as_it_did_in_training(trained, tiny_config, run_tool):
    work_dir, training = trained
    best = re.search(r'best dev WER (\S+) %', training.stdout).group(1)
    done = run_tool('test.py', tiny_config, work_dir, '--split', 'dev')
    assert re.search(rf'^dev +{re.escape(best)} ', done.stdout, flags=re.MULTILINE), done.stdout


def test_folding_scores_alike_and_leaves_the_checkpoint_alone(trained, tiny_config, tmp_path, run_tool):
    work_dir, training = trained
    best = re.search(r'best dev WER (\S+) %', training.stdout).group(1)
    before = {path.name: path.read_bytes() for path in work_dir.glob('*.pth')}
    options = ('--split', 'dev', '--fold-bn', '--cfg-options', 'inference.dtype=float32', '--work-dir', tmp_path)
    done = run_tool('test.py', tiny_config, work_dir, *options)
    assert re.search(rf'^dev +{re.escape(best)} ', done.stdout, flags=re.MULTILINE), done.stdout
    assert {path.name: path.read_bytes() for path in work_dir.glob('*.pth')} == before


@pytest.mark.parametrize('split', ['train', 'dev'])
def test_test_prints_a_table_and_writes_beside_the_checkpoint(trained, tiny_config, run_tool, split):
    work_dir, _ = trained
    done = run_tool('test.py', tiny_config, work_dir, '--split', split)
    assert split in done.stdout
    assert 'WER' in done.stdout
    assert str(work_dir) in done.stdout
    records = json.loads((work_dir / f'{split}.json').read_text(encoding='utf-8'))
    assert (work_dir / f'{split}.ctm').is_file()
    samples = records['sentences']
    assert len({sample['sample_id'] for sample in samples}) == len(samples) > 0


@pytest.mark.slow
def test_a_killed_run_resumes_as_if_nothing_had_happened(tmp_path, tiny_config, run_tool):
    options = ('--seed', 5, '--cfg-options', 'train_cfg.max_epochs=3')
    run_tool('train.py', tiny_config, '--work-dir', tmp_path / 'whole', *options)

    killed = tmp_path / 'killed'
    command = [sys.executable, REPO / 'tools/train.py', tiny_config, '--work-dir', killed, *options]
    environment = {**os.environ, 'OMP_NUM_THREADS': '1'}
    process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True, env=environment)
    for line in process.stdout:
        if 'epoch 2/3' in line:  # epoch 1 is trained, validated and saved
            process.send_signal(signal.SIGKILL)
            break
    process.wait(timeout=60)
    assert (killed / 'last_checkpoint').read_text() == 'epoch_1.pth'
    moved = killed.rename(tmp_path / 'moved')

    done = run_tool('train.py', tiny_config, '--work-dir', moved, '--resume', *options)
    assert 'after epoch 1' in done.stdout
    whole = torch.load(tmp_path / 'whole/epoch_3.pth', weights_only=True)
    resumed = torch.load(moved / 'epoch_3.pth', weights_only=True)
    for name, value in whole['state_dict'].items():
        torch.testing.assert_close(resumed['state_dict'][name], value, rtol=0, atol=0, msg=name)
    info = 'message_hub', 'runtime_info', 'best_score'
    assert resumed[info[0]][info[1]][info[2]] == whole[info[0]][info[1]][info[2]]


@pytest.mark.slow
def test_two_processes_train_and_score_every_sample_once(tmp_path, tiny_config, run_tool):
    options = ('--launcher', 'pytorch')
    done = run_tool('train.py', tiny_config, '--work-dir', tmp_path, *options, prefix=TORCHRUN)
    assert 'x 2' in done.stdout
    assert 'best dev WER' in done.stdout
    done = run_tool('test.py', tiny_config, tmp_path, '--split', 'dev', *options, prefix=TORCHRUN)
    records = json.loads((tmp_path / 'dev.json').read_text(encoding='utf-8'))
    samples = records['sentences']
    assert len({sample['sample_id'] for sample in samples}) == len(samples)
    alone = run_tool('test.py', tiny_config, tmp_path, '--split', 'dev')
    table = [line for line in alone.stdout.splitlines() if 'dev' in line or 'WER' in line]
    assert [line for line in done.stdout.splitlines() if 'dev' in line or 'WER' in line] == table


@pytest.mark.slow
@pytest.mark.parametrize(
    'options',
    [
        ('--amp', 'bfloat16', '--cfg-options', 'optim_wrapper.accumulative_counts=2'),
        ('--amp', 'float16', '--cfg-options', 'optim_wrapper.clip_grad.max_norm=5.0', 'train_dataloader.num_workers=1'),
    ],
)
def test_mixed_precision_accumulation_and_clipping_on_cpu(tmp_path, tiny_corpus, tiny_config, run_tool, options):
    few = _first_clips(tiny_corpus, tmp_path / 'few', train=4 if 'bfloat16' in options else 2, dev=1)
    small = [f'{split}_dataloader.dataset.pipeline.2.scale=32' for split in ('train', 'val')]
    one_epoch = (*options, 'train_cfg.max_epochs=1', f'data_root={few}', *small)
    done = run_tool('train.py', tiny_config, '--work-dir', tmp_path / 'work', *one_epoch)
    assert 'best dev WER' in done.stdout
    assert 'not finite' not in done.stdout


def _first_clips(corpus, target, **counts):
    """The corpus with so many sentences of each split that is named: float16 is slow on a CPU."""
    shutil.copytree(corpus, target, copy_function=os.symlink)
    for split, count in counts.items():
        file = target / f'preprocess/{split}_info.npy'
        info = load_object(file)
        file.unlink()
        save_object(file, {key: value for key, value in info.items() if key == 'prefix' or key < count})
    return target


def fails(run_tool, *args, **kwargs):
    """Run a tool that must fail; return its one message."""
    done = run_tool(*args, check=False, **kwargs)
    assert done.returncode == 1, done.stdout + done.stderr
    assert 'Traceback' not in done.stderr + done.stdout
    assert done.stderr.startswith('error: ')
    assert len(done.stderr.splitlines()) <= 6
    return done.stderr


def test_without_data_it_says_where_it_looked_and_what_to_do(tmp_path, run_tool):
    message = fails(run_tool, 'train.py', 'configs/slowfast/phoenix2014.py', '--work-dir', tmp_path)
    for word in ('/nowhere/phoenix2014', 'data_root', 'CSLRKIT_DATA'):
        assert word in message


def test_config_that_lacks_parts(tmp_path, tiny_config, run_tool):
    (tmp_path / 'mine.py').write_text('x = 1\n')
    message = fails(run_tool, 'train.py', tmp_path / 'mine.py', '--work-dir', tmp_path / 'work')
    assert 'it has no model, train_dataloader, train_cfg, optim_wrapper.' in message
    (tmp_path / 'mine.py').write_text(f"_base_ = '{tiny_config}'\nval_cfg = None\n")
    assert 'it has no val_cfg.' in fails(run_tool, 'train.py', tmp_path / 'mine.py', '--work-dir', tmp_path / 'work')


def test_misspelt_override(tmp_path, tiny_config, run_tool):
    message = fails(
        run_tool, 'train.py', tiny_config, '--work-dir', tmp_path, '--cfg-options', 'model.backbne.depth=18'
    )
    assert "Did you mean 'backbone'" in message


def test_work_dir_that_cannot_be_written(tmp_path, tiny_config, run_tool):
    (tmp_path / 'file').write_text('')
    message = fails(run_tool, 'train.py', tiny_config, '--work-dir', tmp_path / 'file')
    assert 'cannot be written' in message
    assert '--work-dir' in message


def test_checkpoint_of_another_vocabulary(trained, tmp_path, tiny_config, run_tool):
    work_dir, _ = trained
    content = torch.load(work_dir / 'epoch_2.pth', weights_only=True)
    content['meta']['vocab'] = ['ANOTHER', 'WORLD']
    torch.save(content, tmp_path / 'other.pth')
    message = fails(run_tool, 'test.py', tiny_config, tmp_path / 'other.pth', '--split', 'dev')
    assert '2 glosses: ANOTHER, WORLD' in message


def test_missing_foreign_and_damaged_checkpoints(trained, tmp_path, tiny_config, run_tool):
    work_dir, _ = trained
    message = fails(run_tool, 'test.py', tiny_config, work_dir / 'epoch_9.pth')
    assert 'does not exist' in message
    assert 'epoch_2.pth' in message
    (tmp_path / 'cut.pth').write_bytes((work_dir / 'epoch_2.pth').read_bytes()[:5000])
    assert 'cannot be read' in fails(run_tool, 'test.py', tiny_config, tmp_path / 'cut.pth')
    assert "has no file 'best_checkpoint'" in fails(run_tool, 'test.py', tiny_config, tmp_path)


@pytest.mark.slow
def test_empty_frame_folder_names_sample_and_pattern(trained, tmp_path, tiny_corpus, tiny_config, run_tool):
    work_dir, _ = trained
    shutil.copytree(tiny_corpus, tmp_path / 'corpus')
    victim = sorted((tmp_path / 'corpus').rglob('features/*/dev/*/1'))[0]
    for image in victim.glob('*.png'):
        image.unlink()
    for workers in (0, 1):  # the same line from a worker process
        options = (f'data_root={tmp_path / "corpus"}', f'test_dataloader.num_workers={workers}')
        message = fails(run_tool, 'test.py', tiny_config, work_dir, '--split', 'dev', '--cfg-options', *options)
        assert victim.parent.name in message
        assert '*.png' in message


def test_unknown_split_is_refused(trained, tiny_config, run_tool):
    done = run_tool('test.py', tiny_config, trained[0], '--split', 'val', check=False)
    assert done.returncode == 2
    assert "invalid choice: 'val'" in done.stderr


def test_print_config_shows_what_train_runs(trained, tiny_config, tiny_corpus, run_tool):
    work_dir, _ = trained
    options = [tiny_config, '--work-dir', work_dir, '--seed', '3']
    printed = Config.fromstring(run_tool('print_config.py', *options).stdout, '.py')
    assert printed.model.vocab == str(tiny_corpus / 'preprocess/gloss_dict.npy')
    content = torch.load(work_dir / 'epoch_2.pth', weights_only=True)
    assert json.loads(content['meta']['cfg']) == json.loads(config_json(printed))
    mixed = Config.fromstring(run_tool('print_config.py', *options, '--amp', 'bfloat16', '--resume').stdout, '.py')
    assert (mixed.optim_wrapper.dtype, mixed.resume) == ('bfloat16', True)
