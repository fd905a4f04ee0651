"""What the command-line tools share."""

import argparse
import atexit
import os
import re
import sys
from typing import Callable, Optional, Tuple

from cslrkit.errors import CSLRKitError
from cslrkit.utils.shipped import command_name

# A worker process wraps an error's text in its traceback; the last occurrence is the message.
_FROM_WORKER = re.compile(r'cslrkit\.errors\.\w+: ')

command: Optional[str] = None  # how the tool was called, where that is not by its file

# How examples call a tool of the checkout.
_SCRIPT = re.compile(r'python (tools/(?:\w+/)*\w+\.py)')

_LOST_PEER = re.compile(r'Connection (closed|reset) by peer|Broken pipe|Socket closed|gloo|NCCL', re.IGNORECASE)


def run_tool(main: Callable[[], Optional[int]]) -> None:
    """Run a tool's ``main`` and exit; a user's mistake is printed in a line and exits with 1."""
    try:
        code = main()
        _leave_process_group(code or 0)
    except CSLRKitError as error:
        message = _FROM_WORKER.split(str(error))[-1].strip()
        print(f'error: {message}', file=sys.stderr)
        code = 1
    except KeyboardInterrupt:
        print('stopped by the user', file=sys.stderr)
        code = 130
    except RuntimeError as error:
        # When one of several processes ends with an error, the others fail to reach it.
        if os.environ.get('RANK', '0') == '0' or not _LOST_PEER.search(str(error)):
            raise
        print(f'rank {os.environ["RANK"]}: stopped, because another process ended', file=sys.stderr)
        code = 1
    sys.exit(code)


def _leave_process_group(code: int) -> None:
    """End one of several processes, once what is to be done at its end is done.

    The threads of the process group may still run when the interpreter takes its libraries down, and abort a
    process that has done its work; so it ends before that.
    """
    torch = sys.modules.get('torch')
    if torch is None or not torch.distributed.is_available() or not torch.distributed.is_initialized():
        return
    torch.distributed.destroy_process_group()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def make_parser(description: str, example: str) -> argparse.ArgumentParser:
    """A parser whose help ends with an example, as ``cslrkit COMMAND`` where the tool was started so."""
    if command is not None:
        example = _SCRIPT.sub(lambda match: f'cslrkit {command_name(match[1])}', example)
    return argparse.ArgumentParser(
        prog=command,
        description=description,
        epilog=f'example:\n  {example}',
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


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
