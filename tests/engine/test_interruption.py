"""A training that is stopped goes on as if nothing had happened."""

import contextlib
import multiprocessing
import os
import re
import signal
import socket
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
import torch
from mmengine import dist
from mmengine.optim import OptimWrapper, OptimWrapperDict
from stopped_training import REPO, differences, train, training_state, write_config

from cslrkit.engine.checkpoint_io import read_checkpoint
from cslrkit.engine.distributed import start_cpu_processes
from cslrkit.engine.hooks.interruption_hook import InterruptionHook
from cslrkit.engine.interruption import one_training
from cslrkit.errors import InterruptedTrainingError, OutputError
from cslrkit.utils.cli import run_tool


@pytest.fixture(scope='module')
def config(tiny_corpus, tmp_path_factory):
    return write_config(tmp_path_factory.mktemp('stopped') / 'config.py', tiny_corpus)


@pytest.fixture(scope='module')
def whole(config, tmp_path_factory):
    work_dir = tmp_path_factory.mktemp('whole')
    train(config, work_dir)
    return training_state(work_dir / 'epoch_2.pth')


def test_what_is_compared_is_all_of_a_training(whole):
    parts = {place.split('/')[1] for place in whole}
    assert parts == {'meta', 'state_dict', 'message_hub', 'optimizer', 'param_schedulers'}
    assert '/message_hub/log_scalars/val/wer/values' in whole
    assert '/optimizer/loss_scaler/scale' in whole
    assert whole['/meta/iter'] == 7 + 8


@pytest.mark.parametrize(
    ('step', 'number', 'validation', 'workers'),
    [(3, signal.SIGTERM, False, 1), (10, signal.SIGUSR1, False, 2), (7, signal.SIGTERM, True, 0)],
)
def test_a_stopped_training_goes_on_to_the_same_bits(config, whole, tmp_path, step, number, validation, workers):
    options = dict(train_dataloader__num_workers=workers, train_dataloader__persistent_workers=workers == 2)
    stop = dict(type='SignalAt', step=step, number=number, validation=validation)
    with pytest.raises(InterruptedTrainingError, match=rf'^stopped by {signal.Signals(number).name} after step'):
        train(config, tmp_path, hooks=[stop], **options)
    assert (tmp_path / 'last_checkpoint').read_text().startswith('step_')
    train(config, tmp_path, resume=True, **options)
    assert differences(training_state(tmp_path / 'epoch_2.pth'), whole) == []
    assert {path.name for path in tmp_path.glob('*.pth')} == {'epoch_1.pth', 'epoch_2.pth', best(tmp_path)}


def best(work_dir):
    return (work_dir / 'best_checkpoint').read_text()


def hold(work_dir, ready):
    with one_training(work_dir):
        ready.set()
        signal.pause()


def test_the_second_training_of_a_work_dir_is_refused(config, tmp_path):
    (tmp_path / 'config.py').write_text('of the first')
    context = multiprocessing.get_context('fork')
    ready = context.Event()
    first = context.Process(target=hold, args=(tmp_path, ready))
    first.start()
    assert ready.wait(20)
    with pytest.raises(
        OutputError, match=rf"^work dir: '.*' belongs to the training of process {first.pid} on .* since"
    ):
        train(config, tmp_path)
    assert (tmp_path / 'config.py').read_text() == 'of the first'
    first.kill()
    first.join()
    with one_training(tmp_path):  # a process that is dead holds nothing
        assert (tmp_path / '.training.lock').read_text().startswith(f'process {os.getpid()} on ')


def rates(work_dir):
    content = read_checkpoint(work_dir / 'epoch_2.pth')
    return content['message_hub']['log_scalars']['train/lr']['values'].tolist()


def test_a_new_schedule_is_followed_on_resume_and_said(config, tmp_path, capsys):
    new = {'optim_wrapper__optimizer__lr': 4e-3}
    train(config, tmp_path / 'new', **new)
    with pytest.raises(InterruptedTrainingError):
        train(config, tmp_path / 'resumed', hooks=[dict(type='SignalAt', step=7, validation=True)])
    assert 'resume:' not in capsys.readouterr().out
    train(config, tmp_path / 'resumed', resume=True, **new)
    said = 'resume: optim_wrapper.optimizer.lr of the config differ'
    assert said in ' '.join(capsys.readouterr().out.split())
    assert rates(tmp_path / 'resumed')[7:] == rates(tmp_path / 'new')[7:]
    assert rates(tmp_path / 'resumed')[6] == rates(tmp_path / 'new')[6] / 4


@pytest.mark.parametrize(('batches', 'ends'), [(1, False), (2, True)])
def test_of_several_optimizers_all_end_their_accumulation(batches, ends):
    class Stopped(InterruptionHook):
        def _leave(self, *args, **kwargs):
            raise InterruptedTrainingError('stopped')

    net = torch.nn.Linear(1, 1)
    whole, accumulating = (
        OptimWrapper(torch.optim.SGD(net.parameters(), lr=1.0), accumulative_counts=counts) for counts in (1, 2)
    )
    wrapper = OptimWrapperDict(whole=whole, accumulating=accumulating)
    for _ in range(batches):
        whole.update_params(net(torch.ones(1)).sum())
        accumulating.update_params(net(torch.ones(1)).sum())
    hook = Stopped()
    hook.received.append(signal.SIGTERM)
    with pytest.raises(InterruptedTrainingError) if ends else contextlib.nullcontext():
        hook.after_train_iter(SimpleNamespace(optim_wrapper=wrapper, iter=0), 0)


PLACES = os.pathsep.join([str(REPO / 'tests/helpers'), str(REPO)])
ENVIRONMENT = {**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHONPATH': PLACES}

DRIVER = """
import os, sys
from stopped_training import train
from cslrkit.utils.cli import run_tool

OPTIONS = dict(train_cfg__val_interval=2, env_cfg__dist_cfg__timeout=40)

def main():
    config = sys.argv[1]
    if os.environ['TORCHELASTIC_RESTART_COUNT'] == '0':
        train(config, 'whole', launcher='pytorch', **OPTIONS)
    stop = dict(type='SignalAt', step=1)
    train(config, 'stopped', hooks=[stop], launcher='pytorch', **OPTIONS)

run_tool(main)
"""


@pytest.mark.slow
def test_torchrun_restarts_two_processes_that_one_signal_stopped(config, tmp_path):
    (tmp_path / 'driver.py').write_text(DRIVER)
    launch = ['-m', 'torch.distributed.run', '--standalone', '--nproc_per_node=2', '--max-restarts=1']
    done = subprocess.run(
        [sys.executable, *launch, 'driver.py', str(config)], cwd=tmp_path, capture_output=True, text=True, check=False,
        timeout=300, env=ENVIRONMENT,
    )  # fmt: skip
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    assert output.count('stopped by SIGTERM after step 2') == 1  # an accumulation is finished; one process says it
    assert re.search(r'resumed from .*step_2\.pth after epoch 0 and 2 batches', output)
    whole = training_state(tmp_path / 'whole' / 'epoch_2.pth')
    assert whole['/meta/iter'] == 8
    assert differences(training_state(tmp_path / 'stopped' / 'epoch_2.pth'), whole) == []


@pytest.mark.slow
def test_a_signal_to_all_processes_of_a_job_stops_it_with_75(config, tmp_path):
    command = [sys.executable, str(REPO / 'tools/train.py'), str(config), '--work-dir', str(tmp_path), '--cfg-options']
    options = ['train_cfg.max_epochs=500', 'train_dataloader.num_workers=2']
    job = subprocess.Popen(
        [*command, *options, 'train_dataloader.persistent_workers=True'], start_new_session=True, text=True,
        stderr=subprocess.PIPE, env=ENVIRONMENT,
    )  # fmt: skip
    limit = time.monotonic() + 100
    while not (tmp_path / 'last_checkpoint').is_file():
        assert job.poll() is None
        assert time.monotonic() < limit
        time.sleep(0.1)
    os.killpg(job.pid, signal.SIGTERM)  # as Slurm does: data workers get it, too
    errors = job.communicate(timeout=100)[1]
    assert job.returncode == 75, errors
    assert 'stopped by SIGTERM after step' in errors
    assert 'Traceback' not in errors
    assert (tmp_path / 'last_checkpoint').read_text().startswith('step_')


def join(rank, port, time_limit):
    os.environ.update(RANK=str(rank), WORLD_SIZE='2', MASTER_ADDR='127.0.0.1', MASTER_PORT=str(port))
    start_cpu_processes('pytorch', time_limit)


def run_two(function):
    """Run it as two processes; returns what they put into the queue."""
    context = multiprocessing.get_context('fork')
    results = context.SimpleQueue()
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    processes = [context.Process(target=function, args=(rank, port, results)) for rank in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert not any(process.is_alive() for process in processes)
    return list(iter(lambda: None if results.empty() else results.get(), None))


def wait_for_nobody(rank, port, results):
    join(rank, port, time_limit=1)
    if rank == 1:
        time.sleep(3)
        return

    def main():
        torch.distributed.all_reduce(torch.ones(1))

    try:
        run_tool(main)
    except SystemExit as error:
        results.put(error.code)


def validate_unevenly(rank, port, results):
    join(rank, port, time_limit=20)
    hook, runner = InterruptionHook(), SimpleNamespace(val_dataloader=[None] * (3 - rank))
    hook.before_val(runner)
    for batch in range(3 - rank):
        hook.after_val_iter(runner, batch)
    results.put(dist.all_gather_object(rank))  # as the evaluator does next


def test_processes_validate_numbers_of_batches_that_differ():
    assert run_two(validate_unevenly) == [[0, 1], [0, 1]]


def test_a_process_that_hangs_ends_the_run_after_a_limit_that_is_named(tmp_path, capfd):
    assert run_two(wait_for_nobody) == [1]
    said = (
        'error: rank 0: another process hangs, for it did not answer for 1 s, the time limit env_cfg.dist_cfg.timeout'
    )
    assert said in capfd.readouterr().err
