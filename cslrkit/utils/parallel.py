"""Run a function over many tasks in processes that end with their parent."""

import multiprocessing
import os
import signal
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Callable, Iterator, List, Optional, Sequence, Tuple

import cv2

from cslrkit.errors import OutputError
from cslrkit.utils.progress import ProgressLine


def available_cpus() -> int:
    """Number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1


def run_parallel(
    function: Callable[[Any], Any], tasks: Sequence[Any], *, workers: Optional[int] = None
) -> Iterator[Tuple[int, Any]]:
    """Yield the index of each task and ``function(task)``, in the order in which they are done.

    When the caller is interrupted, tasks that have begun are finished and no other begins.

    Args:
        function: Picklable.
        tasks: Picklable, one argument each.
        workers: Processes; None takes one for each CPU, 1 runs in this process.

    Raises:
        OutputError: If a process is ended from outside.
    """
    workers = min(available_cpus() if workers is None else workers, len(tasks))
    if workers <= 1:
        for index, task in enumerate(tasks):
            yield index, function(task)
        return
    # Forked processes need neither a main guard nor to import anything again.
    context = multiprocessing.get_context('fork' if sys.platform.startswith('linux') else 'spawn')
    # A forked process that finds OpenCV's threads gone waits for them for ever when it sets their number.
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    executor = ProcessPoolExecutor(workers, mp_context=context, initializer=_begin_worker, initargs=(os.getpid(),))
    try:
        futures = {executor.submit(function, task): index for index, task in enumerate(tasks)}
        for future in as_completed(futures):
            yield futures.pop(future), future.result()
    except BrokenProcessPool as error:
        raise OutputError(
            'a worker process was ended, perhaps for lack of memory. Run again with fewer --workers; what is done '
            'stays done.'
        ) from error
    finally:
        executor.shutdown(wait=True, cancel_futures=True)
        cv2.setNumThreads(threads)


def map_parallel(
    function: Callable[[Any], Any],
    tasks: Sequence[Any],
    *,
    what: str,
    units: Callable[[Any], int] = lambda task: 1,
    workers: Optional[int] = None,
    progress: bool = False,
) -> List[Any]:
    """Return ``function(task)`` of every task, in their order, and show how far it is.

    Args:
        function: Picklable.
        tasks: Picklable, one argument each.
        what: What is being done, e.g. ``'resizing frames'``.
        units: How much of it a task is.
        workers: As in :func:`run_parallel`, which says what is raised.
        progress: Whether to show progress on stderr.
    """
    results: List[Any] = [None] * len(tasks)
    line = ProgressLine(what, sum(map(units, tasks)), shown=progress)
    for index, results[index] in run_parallel(function, tasks, workers=workers):
        line.add(units(tasks[index]))
    line.close()
    return results


def _begin_worker(parent: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent tells when to stop
    cv2.setNumThreads(1)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    """End this process once its parent was killed; a waiting worker would stay for ever."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)
