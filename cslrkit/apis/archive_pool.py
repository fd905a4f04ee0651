"""A pool of processes that recognize videos and write their files; one that is killed costs its video only."""

import contextlib
import multiprocessing
import os
import shutil
import signal
from dataclasses import dataclass
from multiprocessing import forkserver, resource_tracker
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, Callable, Deque, Dict, Iterator, Optional, Sequence, Tuple

from cslrkit.apis.archive_manifest import Entry, checksum_of
from cslrkit.apis.checkpoints import sha256_of
from cslrkit.apis.infer.writers import write_results
from cslrkit.apis.inferencer import CSLRInferencer
from cslrkit.errors import CSLRKitError, OutputError
from cslrkit.structures.result import InferenceResult
from cslrkit.utils.imports import import_modules
from cslrkit.utils.process import prepare_process
from cslrkit.video.clip import Clip

_ATTEMPTS = 2  # of a video whose process is ended


@dataclass(frozen=True)
class Video:
    """A video that is to be recognized, and the folder of its files."""

    source: str
    name: str
    opener: Callable[[], Clip]
    folder: Path


@dataclass(frozen=True)
class Setup:
    """What each worker needs to begin."""

    checkpoint: Path
    formats: Sequence[str]
    fit: Optional[str]
    modules: Sequence[str]
    threads: int


def recognize_videos(todo: Deque[Video], setup: Setup, devices: Sequence[Optional[str]]) -> Iterator[Tuple[str, Entry]]:
    """Yield the source of each video and what came of it, in the order in which they end.

    Args:
        todo: Videos; those that are done are taken out.
        setup: What all workers need.
        devices: One for each worker.

    Raises:
        CheckpointError: If the checkpoint cannot be used.
        ConfigError: For settings that cannot be.
        OutputError: If a file cannot be written.
    """
    attempts: Dict[str, int] = {}
    workers = [_Worker(setup, device) for device in devices[: len(todo)]]
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
                    workers[index] = _Worker(setup, worker.device)
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
    """A process that recognizes a video after the other; one that is killed costs the video that it had."""

    def __init__(self, setup: Setup, device: Optional[str]) -> None:
        context = _context()
        self.device, self.video = device, None
        self.connection, other = context.Pipe()
        self.process = context.Process(target=_work, args=(other, setup, device), daemon=True)
        self.process.start()
        other.close()  # so that its end is seen here

    def give(self, video: Video) -> None:
        """Let the process recognize a video."""
        self.video = video
        with contextlib.suppress(BrokenPipeError):  # killed: receiving tells
            self.connection.send(video)

    def end(self) -> None:
        """End the process, whatever it does; files are whole."""
        self.process.kill()
        self.process.join()
        self.connection.close()


def _context() -> Any:
    """Return how processes begin: as forks of one that has only imported what they need, where there are forks."""
    if 'forkserver' not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context('spawn')
    context = multiprocessing.get_context('forkserver')
    context.set_forkserver_preload([__name__])
    resource_tracker.ensure_running()  # here, for it unblocks signals
    # What is blocked stays so in the new process: Ctrl-C while it imports would print a traceback.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return context


def _work(connection: Any, setup: Setup, device: Optional[str]) -> None:
    """Recognize videos until the other side is gone; an error that concerns all of them is sent and ends this."""
    import cv2
    import torch

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the other side tells when to stop
    prepare_process()
    cv2.setNumThreads(1)
    torch.set_num_threads(setup.threads)
    with contextlib.suppress(EOFError, ConnectionError):
        try:
            import_modules(setup.modules)
            inferencer = CSLRInferencer(setup.checkpoint, device=device, fit=setup.fit)
            while True:
                connection.send(_recognize(inferencer, connection.recv(), setup.formats))
        except CSLRKitError as error:
            connection.send(error)


def _recognize(inferencer: CSLRInferencer, video: Video, formats: Sequence[str]) -> Entry:
    """Write the files of a video and return what the manifest says of it."""
    checksum = None
    try:
        checksum = checksum_of(video.source)
        clip = video.opener()
        clip.name = video.name
        result = inferencer(clip)[0]
        files = _write(result, video, formats)
    except OutputError:
        raise  # a full disk concerns all videos
    except CSLRKitError as error:
        return _failed(str(error), checksum)
    except (OSError, RuntimeError, MemoryError) as error:  # a file of another user, no memory for a long video
        return _failed(f'{type(error).__name__}: {error}', checksum)
    return dict(state='done', sha256=checksum, glosses=len(result.glosses), notes=result.notes, files=files)


def _write(result: InferenceResult, video: Video, formats: Sequence[str]) -> Dict[str, str]:
    """Write all files beside the video's folder, move them there, and return their checksums."""
    part = video.folder.with_name(f'.{video.name}.part')  # as deep as the folder: links in files are relative
    shutil.rmtree(part, ignore_errors=True)  # of a process that was killed
    files = {}
    try:
        for path in write_results([result], part, formats):
            files[f'{video.name}/{path.name}'] = sha256_of(path)
            video.folder.mkdir(exist_ok=True)
            os.replace(path, video.folder / path.name)
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(f"'{video.folder}' cannot be written: {error}.") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return files


def _failed(reason: str, checksum: Optional[str] = None) -> Entry:
    return dict(state='failed', sha256=checksum, reason=reason)
