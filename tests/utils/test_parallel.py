import os
import subprocess
import sys
import time

import pytest

from cslrkit.errors import DataError, OutputError
from cslrkit.utils.parallel import run_parallel

ORPHANS = """
import os, sys, time
from cslrkit.utils.parallel import run_parallel
def task(index):
    print(os.getpid(), flush=True)
    time.sleep(30)
list(run_parallel(task, [0, 1], workers=2))
"""


def square(number):
    return number * number


def fail(number):
    raise DataError(f'task {number}: got nothing')


def die(number):
    os._exit(3)


@pytest.mark.parametrize('workers', [1, 2, None])
def test_every_task_once(workers):
    done = dict(run_parallel(square, range(7), workers=workers))
    assert done == {number: number * number for number in range(7)}


def test_no_task():
    assert list(run_parallel(square, [])) == []


def test_error_in_a_worker():
    with pytest.raises(DataError, match='task 1: got nothing'):
        list(run_parallel(fail, [1, 1], workers=2))


def test_worker_that_dies_is_no_endless_wait():
    with pytest.raises(OutputError, match=r'a worker process was ended.*--workers'):
        list(run_parallel(die, [0, 1], workers=2))


@pytest.mark.skipif(not os.path.isdir('/proc/self'), reason='looks for processes in /proc')
def test_workers_end_with_a_killed_parent():
    parent = subprocess.Popen([sys.executable, '-c', ORPHANS], stdout=subprocess.PIPE, text=True)
    workers = [int(parent.stdout.readline()) for _ in range(2)]
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 20
    while any(_runs(pid) for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(_runs(pid) for pid in workers)


def _runs(pid):
    try:
        with open(f'/proc/{pid}/stat') as file:
            return file.read().rpartition(')')[2].split()[0] != 'Z'
    except OSError:
        return False


def test_workers_begin_though_the_parent_has_used_threads_of_opencv():
    script = (
        'import cv2, numpy as np\n'
        'from cslrkit.utils.parallel import run_parallel\n'
        'cv2.setNumThreads(2)\n'
        'for _ in range(5): cv2.GaussianBlur(np.zeros((2000, 2000, 3), np.uint8), (9, 9), 0)\n'
        'print(sorted(run_parallel(abs, [-1, -2], workers=2)), cv2.getNumThreads())\n'
    )
    done = subprocess.run([sys.executable, '-c', script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == '[(0, 1), (1, 2)] 2'
