"""What keeps a training whole that is stopped: signals that are noticed, and one training for each work directory."""

import contextlib
import errno
import fcntl
import os
import signal
import socket
import threading
import time
from pathlib import Path
from typing import Iterator, List, Union

from cslrkit.errors import OutputError

SIGNALS = (signal.SIGTERM, signal.SIGUSR1)  # of Slurm: preemption, and `--signal=USR1@120` before the time limit
LOCK = '.training.lock'
_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG)


@contextlib.contextmanager
def noticing_signals(received: List[int]) -> Iterator[None]:
    """Append SIGTERM and SIGUSR1 to ``received`` instead of ending the process; only the main thread can."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, lambda got, frame: received.append(got)) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


def outlast_signals() -> None:
    """Let this data worker go on when the whole job gets a signal: its training needs a last batch, then ends it."""
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    if hasattr(signal, 'sigwaitinfo'):  # not on macOS
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    while signal.sigwaitinfo({signal.SIGTERM}).si_pid != os.getppid():
        pass
    os._exit(0)


@contextlib.contextmanager
def one_training(work_dir: Union[str, Path]) -> Iterator[None]:
    """Hold a work directory against other trainings; the system lets go of it when the process ends, however it does.

    Raises:
        OutputError: If another process holds it, naming that.
    """
    with open(Path(work_dir, LOCK), 'a+', encoding='utf-8') as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # unlike flock's, no data worker inherits it
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EAGAIN):
                raise
            file.seek(0)
            raise OutputError(
                f"work dir: '{work_dir}' belongs to the training of {file.read().strip() or 'another process'}. Choose "
                'another folder with --work-dir, or wait for its end.'
            ) from error
        file.truncate(0)
        file.write(f'process {os.getpid()} on {socket.gethostname()} since {time.strftime("%Y-%m-%d %H:%M:%S")}\n')
        file.flush()
        yield


@contextlib.contextmanager
def disk_errors(work_dir: Union[str, Path]) -> Iterator[None]:
    """Turn what a full or read-only disk raises into one line.

    Raises:
        OutputError: For such an error.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _DISK:
            raise
        raise OutputError(
            f"work dir: '{work_dir}' cannot be written ({error.strerror}). Its checkpoints are whole: make room "
            '(default_hooks.checkpoint.max_keep_ckpts=1 keeps one), then go on with --resume.'
        ) from error


def remove_parts(folder: Union[str, Path]) -> None:
    """Remove what writers that were killed left half-written; nobody may be writing."""
    for pattern in ('*.pth.*.tmp', '.*.part-*'):
        for path in Path(folder).glob(pattern):
            path.unlink()
