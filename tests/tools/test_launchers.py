"""The launchers start what they say they start."""

import os
import subprocess
from pathlib import Path

import pytest

TOOLS = Path(__file__).parents[2] / 'tools'


def run(script, *args, cwd=None, **env):
    """Run a launcher."""
    environment = {**os.environ, **env}
    return subprocess.run(
        ['bash', str(TOOLS / script), *args], capture_output=True, text=True, cwd=cwd, env=environment, check=False
    )


@pytest.fixture
def programs(tmp_path):
    """A folder with stand-ins for Python and srun that print their arguments."""
    for name in ('python', 'srun'):
        path = tmp_path / 'bin' / name
        path.parent.mkdir(exist_ok=True)
        path.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
        path.chmod(0o755)
    return tmp_path / 'bin'


@pytest.mark.parametrize('script', ['dist_train.sh', 'dist_test.sh', 'slurm_train.sh'])
def test_help_has_an_example_and_wrong_use_exits_with_2(script):
    assert 'example:\n' in run(script, '--help').stdout
    failed = run(script, 'config.py')
    assert failed.returncode == 2
    assert failed.stderr.startswith(f'error: {script}: got')


@pytest.mark.parametrize('count', ['0', 'two', '-1'])
def test_the_number_of_gpus_is_checked(count):
    assert run('dist_train.sh', 'config.py', count).returncode == 2


def test_dist_train_runs_train_from_any_folder(programs, tmp_path):
    done = run('dist_train.sh', 'a b.py', '2', '--seed', '3', cwd=tmp_path, PYTHON=str(programs / 'python'))
    lines = done.stdout.splitlines()
    assert lines[:4] == ['-m', 'torch.distributed.run', '--standalone', '--nproc_per_node=2']
    assert lines[4:] == [str(TOOLS / 'train.py'), 'a b.py', '--launcher', 'pytorch', '--seed', '3']


def test_dist_test_on_the_second_of_two_machines(programs):
    done = run(
        'dist_test.sh', 'c.py', 'work', '4', PYTHON=str(programs / 'python'), NNODES='2', NODE_RANK='1',
        MASTER_ADDR='10.0.0.1', PORT='29511',
    )  # fmt: skip
    lines = done.stdout.splitlines()
    where = ['--nnodes=2', '--node_rank=1', '--master_addr=10.0.0.1', '--master_port=29511']
    assert lines[2:6] == where
    assert lines[7:] == [str(TOOLS / 'test.py'), 'c.py', 'work', '--launcher', 'pytorch']


def test_slurm_train_gives_srun_a_task_for_each_gpu(programs):
    path = f'{programs}{os.pathsep}{os.environ["PATH"]}'
    args = ('slurm_train.sh', 'gpu', 'signs', 'c.py', 'work', '--auto-scale-lr')
    done = run(*args, PATH=path, PYTHON='python', GPUS='16', SRUN_ARGS='--time=1:00 --account=x')
    lines = done.stdout.splitlines()
    for expected in ('--ntasks=16', '--ntasks-per-node=8', '--gres=gpu:8', '--time=1:00', '--account=x'):
        assert expected in lines
    assert lines[-8:] == ['-u', str(TOOLS / 'train.py'), 'c.py', '--work-dir', 'work', '--launcher', 'slurm', args[-1]]
    uneven = run(*args, PATH=path, GPUS='12', GPUS_PER_NODE='8')
    assert 'no multiple' in uneven.stderr
