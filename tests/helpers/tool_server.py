"""Runs tools in forks of one process that has imported what they need, which takes seconds for each otherwise."""

import atexit
import gc
import importlib
import json
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any, Dict, List

_LIMIT = 600  # seconds that a tool may take
_IMPORTS = (
    'cv2',
    'torch._dynamo',  # torch imports it when the first optimizer is built
    'torch.utils.tensorboard',
    'mmengine.runner',
    'cslrkit.apis',
    'cslrkit.corpora.prepare',
    'cslrkit.decoders',
    'cslrkit.datasets.transforms',
    'cslrkit.models.recognizers',
    'cslrkit.models.backbones',
)


class ToolServer:
    """The process and the pipe to it.

    Each run is a fork, so it has what a process of its own has: arguments, folder, environment, files, exit. Only
    what is read while Python starts (``PYTHONPATH``, ``OMP_NUM_THREADS``) is that of the server.

    Args:
        environment: Environment variables of the server and its tools.
    """

    def __init__(self, environment: Dict[str, str]) -> None:
        self._environment = environment
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def run(self, script: Path, arguments: List[str], cwd: Path) -> subprocess.CompletedProcess:
        """Run a script to its end, and return its exit status and text output."""
        with tempfile.TemporaryDirectory() as folder:
            files = [str(Path(folder, name)) for name in ('stdout', 'stderr')]
            request = dict(argv=[str(script), *arguments], cwd=str(cwd), files=files)
            self._process.stdin.write(json.dumps(request) + '\n')
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
            if not answer:
                raise RuntimeError(f'the process that runs tools has ended; it was asked for {request["argv"]}')
            output = [Path(file).read_text(encoding='utf-8') for file in files]
        return subprocess.CompletedProcess(request['argv'], int(answer), *output)

    def close(self) -> None:
        """End the process."""
        self._process.stdin.close()
        self._process.wait(timeout=60)
        self._process.stdout.close()


def _serve() -> None:
    """Answer each request with the exit status of its fork; a fork returns to become the tool."""
    for module in _IMPORTS:
        importlib.import_module(module)
    gc.freeze()  # so that no fork looks through, and thereby copies, what all share
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            _become_tool(**request)
            return
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
    os._exit(0)


def _become_tool(argv: List[str], cwd: str, files: List[str]) -> None:
    signal.alarm(_LIMIT)  # a tool that hangs ends by SIGALRM, with the status -14
    for number, (name, flags) in enumerate(
        [(os.devnull, os.O_RDONLY), *((file, os.O_WRONLY | os.O_CREAT) for file in files)]
    ):
        opened = os.open(name, flags)
        os.dup2(opened, number)
        os.close(opened)
    # New objects: the old ones keep what the server has read ahead.
    sys.stdin, sys.stdout, sys.stderr = (os.fdopen(number, mode, encoding='utf-8') for number, mode in enumerate('rww'))
    os.chdir(cwd)
    sys.argv = argv
    sys.path[0] = str(Path(argv[0]).parent)
    importlib.invalidate_caches()


def main() -> None:
    """Serve; in a fork, run the tool as the interpreter runs a script."""
    _serve()
    code: Any = 0
    try:
        runpy.run_path(sys.argv[0], run_name='__main__')
    except SystemExit as end:
        code = 0 if end.code is None else end.code
    except BaseException:
        traceback.print_exc()
        code = 1
    if isinstance(code, str):
        print(code, file=sys.stderr)
        code = 1
    # What the interpreter does at its end, except that it takes down every module, which takes a second.
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == '__main__':
    main()
