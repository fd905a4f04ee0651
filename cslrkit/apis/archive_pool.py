"""A pool of processes that do the videos of an archive; one that is killed costs its video only."""

import contextlib
import multiprocessing
import signal
from abc import ABC, abstractmethod
from dataclasses import dataclass
from multiprocessing import forkserver, resource_tracker
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, Callable, Deque, Dict, Iterator, Optional, Sequence, Tuple

from cslrkit.apis.archive_manifest import Entry, checksum_of
from cslrkit.errors import CSLRKitError, OutputError
from cslrkit.utils.process import prepare_process
from cslrkit.video.clip import Clip

_ATTEMPTS = 2  # of a video whose process is ended


@dataclass(frozen=True)
class Video:
    """A video that is to be done, and the name of its files in a folder."""

    source: str
    name: str
    opener: Callable[[], Clip]
    folder: Path


class Job(ABC):
    """What is done to each video; picklable, for each process has a copy."""

    @abstractmethod
    def begin(self, device: Optional[str]) -> Callable[[Video, Clip], Entry]:
        """Return, in the process that will call it, what does a video and says what the manifest tells of it.

        Raises:
            CSLRKitError: For what concerns all videos. What the function raises concerns its video, unless it is an
                :class:`OutputError`: a full disk.
        """


def do_videos(todo: Deque[Video], job: Job, devices: Sequence[Optional[str]]) -> Iterator[Tuple[str, Entry]]:
    """Yield the source of each video and what came of it, in the order in which they end.

    Args:
        todo: Videos; those that are done are taken out.
        job: What is done to each.
        devices: One for each worker.

    Raises:
        CSLRKitError: For what concerns all videos, such as a checkpoint that cannot be used, or a full disk.
    """
    attempts: Dict[str, int] = {}
    workers = [_Worker(job, device) for device in devices[: len(todo)]]
    try:
        while todo or any(worker.video for worker in workers):
            for worker in workers:
                if todo and not worker.video:
                    worker.give(todo.popleft())
            ready = wait([worker.connection for worker in workers if worker.video])
            for index, worker in enumerate(workers):
                if worker.connection not in ready:
                    continue
                video = worker.video
                try:
                    outcome, worker.video = worker.connection.recv(), None
                except (EOFError, ConnectionError):
                    worker.end()
                    workers[index] = _Worker(job, worker.device)
                    attempts[video.source] = attempts.get(video.source, 0) + 1
                    if attempts[video.source] < _ATTEMPTS:
                        todo.append(video)
                        continue
                    outcome = _failed(f'its process was ended {_ATTEMPTS} times, perhaps for lack of memory')
                if isinstance(outcome, CSLRKitError):
                    raise outcome
                yield video.source, outcome
    finally:
        for worker in workers:
            worker.end()


class _Worker:
    """A process that does a video after the other; one that is killed costs the video that it had."""

    def __init__(self, job: Job, device: Optional[str]) -> None:
        context = _context(job)
        self.device, self.video = device, None
        self.connection, other = context.Pipe()
        self.process = context.Process(target=_work, args=(other, job, device), daemon=True)
        self.process.start()
        other.close()  # so that its end is seen here

    def give(self, video: Video) -> None:
        """Let the process do a video."""
        self.video = video
        with contextlib.suppress(BrokenPipeError):  # killed: receiving tells
            self.connection.send(video)

    def end(self) -> None:
        """End the process, whatever it does; files are whole."""
        self.process.kill()
        self.process.join()
        self.connection.close()


def _context(job: Job) -> Any:
    """Return how processes begin: as forks of one that has only imported what they need, where there are forks."""
    if 'forkserver' not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context('spawn')
    context = multiprocessing.get_context('forkserver')
    context.set_forkserver_preload([type(job).__module__])
    resource_tracker.ensure_running()  # here, for it unblocks signals
    # What is blocked stays so in the new process: Ctrl-C while it imports would print a traceback.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return context


def _work(connection: Any, job: Job, device: Optional[str]) -> None:
    """Do videos until the other side is gone; an error that concerns all of them is sent and ends this."""
    import cv2

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the other side tells when to stop
    prepare_process()
    cv2.setNumThreads(1)
    with contextlib.suppress(EOFError, ConnectionError):
        try:
            work = job.begin(device)
            while True:
                connection.send(_outcome(work, connection.recv()))
        except CSLRKitError as error:
            connection.send(error)


def _outcome(work: Callable[[Video, Clip], Entry], video: Video) -> Entry:
    """Do a video and return what the manifest says of it."""
    checksum = None
    try:
        checksum = checksum_of(video.source)
        clip = video.opener()
        clip.name = video.name
        return dict(state='done', sha256=checksum, **work(video, clip))
    except OutputError:
        raise  # a full disk concerns all videos
    except CSLRKitError as error:
        return _failed(str(error), checksum)
    except (OSError, RuntimeError, MemoryError) as error:  # a file of another user, no memory for a long video
        return _failed(f'{type(error).__name__}: {error}', checksum)


def _failed(reason: str, checksum: Optional[str] = None) -> Entry:
    return dict(state='failed', sha256=checksum, reason=reason)
