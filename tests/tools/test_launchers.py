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


SRUN = """#!/bin/sh
printf "%s\\n" "srun $*" >> {log}
[ $(wc -l < {log}) = 1 ] || exit 0
{first}
exit {code}
"""
SAVES = 'sleep 0.01; echo step_7.pth > work/last_checkpoint'


def run_slurm(programs, tmp_path, first, code, **env):
    """Run slurm_train.sh, whose first job does ``first``; returns it and the commands that were given."""
    log = tmp_path / 'log'
    (programs / 'srun').write_text(SRUN.format(log=log, first=first, code=code))
    (programs / 'scontrol').write_text(f'#!/bin/sh\necho "scontrol $*" >> {log}\n')
    (programs / 'scontrol').chmod(0o755)
    (tmp_path / 'work').mkdir()
    path = f'{programs}{os.pathsep}{os.environ["PATH"]}'
    done = run('slurm_train.sh', 'gpu', 'signs', 'c.py', 'work', cwd=tmp_path, PATH=path, PYTHON='python', **env)
    return done, log.read_text().splitlines()


@pytest.mark.parametrize('code', [75, 137])  # of the first task that ends, or of those that srun then kills
def test_slurm_train_goes_on_with_a_job_that_was_stopped_and_saved(programs, tmp_path, code):
    done, commands = run_slurm(programs, tmp_path, SAVES, code)
    assert done.returncode == 0
    assert [command.endswith('--launcher slurm --resume') for command in commands] == [False, True]
    assert all('--signal=USR1@120' in command for command in commands)


def test_slurm_train_requeues_a_batch_job(programs, tmp_path):
    done, commands = run_slurm(programs, tmp_path, SAVES, 75, SLURM_JOB_ID='42')
    assert (done.returncode, commands[1:]) == (0, ['scontrol requeue 42'])
    assert not commands[0].endswith('--resume')


def test_slurm_train_resumes_in_a_batch_job_that_was_requeued(programs, tmp_path):
    _, commands = run_slurm(programs, tmp_path, 'true', 0, SLURM_JOB_ID='42', SLURM_RESTART_COUNT='1')
    assert [command.endswith('--resume') for command in commands] == [True]


@pytest.mark.parametrize('first', ['true', 'echo epoch_1.pth > work/last_checkpoint'])
def test_slurm_train_repeats_no_job_that_failed(programs, tmp_path, first):
    done, commands = run_slurm(programs, tmp_path, first, 1)
    assert (done.returncode, len(commands)) == (1, 1)
