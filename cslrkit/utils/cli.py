"""What the command-line tools share."""

import argparse
import atexit
import io
import logging
import os
import re
import select
import signal
import sys
import traceback
from typing import Any, Callable, Dict, Optional, Tuple

from cslrkit.errors import CSLRKitError, InterruptedTrainingError
from cslrkit.utils.process import prepare_process
from cslrkit.utils.shipped import command_name

# A worker process wraps an error's text in its traceback; the last occurrence is the message.
_FROM_WORKER = re.compile(r'cslrkit\.errors\.\w+: ')

command: Optional[str] = None  # how the tool was called, where that is not by its file

# How examples call a tool of the checkout.
_SCRIPT = re.compile(r'python (tools/(?:\w+/)*\w+\.py)')

# What a process says of the one that it talked to, when that has ended.
_LOST_PEER = re.compile(
    r'Connection (closed|reset) by (remote )?peer|Broken pipe|Socket closed|remote process exited', re.IGNORECASE
)
_WAITED = re.compile(r'Timed out waiting (\d+)ms')  # by gloo, for a process that does not end, but hangs
_TRACEBACK = '--traceback'


def run_tool(main: Callable[[], Optional[int]]) -> None:
    """Run a tool's ``main`` and exit; a user's mistake is printed in a line and exits with 1.

    The traceback is printed before it with ``--traceback``, or where CSLRKIT_TRACEBACK is set and not 0.
    """
    prepare_process()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a console or a file that cannot show a character gets a '?'
            stream.reconfigure(errors='replace')
    code: Optional[int] = None
    atexit.register(lambda: _end_process(code))  # the first to be registered, so it is called last
    try:
        code = main() or 0
        sys.stdout.flush()
        torch = sys.modules.get('torch')
        if torch is not None and torch.distributed.is_available() and torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()
    except InterruptedTrainingError as error:  # of all processes together: one says it
        code = error.exit_code if os.environ.get('RANK', '0') != '0' else _fail(str(error), error.exit_code)
    except CSLRKitError as error:
        code = _fail(f'error: {_FROM_WORKER.split(str(error))[-1].strip()}')
    except KeyboardInterrupt:
        code = _fail('stopped by the user', 130)
    except BrokenPipeError:
        if not _reader_is_gone():
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 128 + signal.SIGPIPE
    except RuntimeError as error:
        # When one of several processes ends with an error, the others fail to reach it.
        rank = os.environ.get('RANK', '0')
        waited = _WAITED.search(str(error))
        if waited:
            code = _fail(
                f'error: rank {rank}: another process hangs, for it did not answer for {int(waited[1]) / 1000:g} s, '
                'the time limit env_cfg.dist_cfg.timeout. The last checkpoint is whole: go on with --resume.'
            )
            sys.exit(code)
        if rank == '0' or not _LOST_PEER.search(str(error)):
            raise
        code = _fail(f'rank {rank}: stopped, because another process ended: {str(error).splitlines()[0]}')
    sys.exit(code)


def _reader_is_gone() -> bool:
    """Whether what read the standard output, such as ``head``, has ended."""
    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)
    return any(event & select.POLLERR for _, event in poll.poll(0))


def _fail(message: str, code: int = 1) -> int:
    if _TRACEBACK in sys.argv or os.environ.get('CSLRKIT_TRACEBACK', '0') not in ('', '0'):
        traceback.print_exc()
    print(message, file=sys.stderr)
    return code


def _end_process(code: Optional[int]) -> None:
    """End one of several processes here, once what was to be done at its end is done; not one that an error ends.

    The threads of the process group may still run when the interpreter takes its libraries down, and abort a
    process that has done its work.
    """
    if code is not None and 'WORLD_SIZE' in os.environ:  # of torchrun, or set by mmengine for other launchers
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def quiet_opencv() -> None:
    """Let OpenCV, which is not imported yet, say nothing of damaged files: the tools do in a line of their own."""
    os.environ.setdefault('OPENCV_LOG_LEVEL', 'SILENT')
    os.environ.setdefault('OPENCV_FFMPEG_LOGLEVEL', '-8')


def make_parser(description: str, example: str) -> argparse.ArgumentParser:
    """A parser whose help ends with an example, as ``cslrkit COMMAND`` where the tool was started so."""
    if command is not None:
        example = _SCRIPT.sub(lambda match: f'cslrkit {command_name(match[1])}', example)
    parser = argparse.ArgumentParser(
        prog=command,
        description=description,
        epilog=f'example:\n  {example}',
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(_TRACEBACK, action='store_true', help='show where in the code an error arose')
    return parser


def parse_size(text: str) -> Tuple[int, int]:
    """Return (width, height) from e.g. ``210x260``: the ``type`` of an argument."""
    width, _, height = text.lower().replace('px', '').partition('x')
    if not (width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        raise argparse.ArgumentTypeError(f"got '{text}', expected WIDTHxHEIGHT such as 210x260")
    return int(width), int(height)


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--cfg-options`` and ``--launcher``, which training and testing share."""
    add_cfg_options(parser)
    parser.add_argument(
        '--launcher', choices=('none', 'pytorch', 'slurm', 'mpi'), default='none', help='how processes were started'
    )


def add_training_options(parser: argparse.ArgumentParser) -> None:
    """Add a config and what a training takes besides it."""
    parser.add_argument('config', help='a Python or YAML config file')
    parser.add_argument('--work-dir', help='where checkpoints and logs go (default: work_dirs/<config name>)')
    parser.add_argument(
        '--resume',
        nargs='?',
        const=True,
        default=False,
        metavar='CHECKPOINT',
        help='go on from the last checkpoint of the work directory, or from CHECKPOINT',
    )
    parser.add_argument(
        '--amp',
        nargs='?',
        const='auto',
        choices=('auto', 'float16', 'bfloat16'),
        help='mixed precision; auto means float16 on CUDA and bfloat16 elsewhere',
    )
    parser.add_argument(
        '--auto-scale-lr',
        action='store_true',
        help='multiply the learning rate by the clips of one update over auto_scale_lr.base_batch_size',
    )
    parser.add_argument(
        '--strategy',
        metavar='NAME',
        help='how several processes share the state of training: deepspeed_zero2, deepspeed_zero3 or fsdp',
    )
    parser.add_argument('--seed', type=int, help='seed of all random generators')
    add_run_options(parser)


def training_options(args: argparse.Namespace) -> Dict[str, Any]:
    """Return what :func:`add_training_options` added, as arguments of ``cslrkit.apis.train_model``."""
    names = ('work_dir', 'resume', 'amp', 'auto_scale_lr', 'strategy', 'seed', 'launcher')
    return {name: getattr(args, name) for name in names}


def add_trained_network(parser: argparse.ArgumentParser) -> None:
    """Add ``config`` and ``checkpoint``, for a network and the corpus of its config."""
    parser.add_argument('config', help='the config that the checkpoint was trained with')
    parser.add_argument('checkpoint', help='a checkpoint of cslrkit, or a work directory, whose best one is taken')


def add_checkpoint_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--checkpoint``, for a network whose config travels in it."""
    parser.add_argument(
        '--checkpoint', required=True, help='a checkpoint, or a work directory, whose best one is taken'
    )


def add_device_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--device``."""
    parser.add_argument('--device', help='e.g. cpu, cuda:0 (default: a GPU if there is one)')


def add_frame_options(group: argparse._ActionsContainer) -> None:
    """Add ``--fit`` and ``--frame-rate`` to a parser or a group: how videos are brought to a network."""
    group.add_argument(
        '--fit',
        choices=('stretch', 'crop', 'pad'),
        help='stretch frames of another shape, cut out their central part, or add black (default: by the config)',
    )
    group.add_argument(
        '--frame-rate', type=float, metavar='FPS', help="of frames that do not say (default: the corpus's)"
    )


def add_import_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--import``, whose modules a tool imports by ``import_modules(args.modules)``."""
    parser.add_argument(
        '--import', nargs='+', dest='modules', default=[], metavar='MODULE', help='modules that register your classes'
    )


def parse_count(text: str) -> int:
    """Return a number from 1: the ``type`` of an argument."""
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"got '{text}', expected a number from 1")
    return int(text)


def add_cfg_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--cfg-options``, which overrides settings of a config."""
    from mmengine.config import DictAction  # late: the doctor works where mmengine cannot be imported

    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        metavar='KEY=VALUE',
        help='override settings, e.g. train_dataloader.batch_size=4 data_root=/data/phoenix2014',
    )
