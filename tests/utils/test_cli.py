"""What a user sees of an error: one line, the traceback on request, and never another process's instead of the own."""

import subprocess
import sys
from pathlib import Path

import pytest

TOOLS = sorted((Path(__file__).parents[2] / 'tools').rglob('*.py'))

SCRIPT = """
from cslrkit.errors import DataError
from cslrkit.utils.cli import make_parser, run_tool

def main():
    make_parser('A tool.', 'python tools/a.py').parse_args()
    raise {error}

run_tool(main)
"""


def run(tmp_path, error, *arguments, **environment):
    (tmp_path / 'tool.py').write_text(SCRIPT.format(error=error))
    command = [sys.executable, tmp_path / 'tool.py', *arguments]
    paths = {'PYTHONPATH': str(Path(__file__).parents[2])}
    return subprocess.run(command, capture_output=True, text=True, env={**paths, **environment}, check=False)


def test_an_error_is_one_line(tmp_path):
    done = run(tmp_path, "DataError('here: got 1, expected 2.')")
    assert (done.returncode, done.stderr) == (1, 'error: here: got 1, expected 2.\n')


@pytest.mark.parametrize(('arguments', 'environment'), [(['--traceback'], {}), ([], {'CSLRKIT_TRACEBACK': '1'})])
def test_the_traceback_is_shown_on_request(tmp_path, arguments, environment):
    done = run(tmp_path, "DataError('here: got 1, expected 2.')", *arguments, **environment)
    assert done.returncode == 1
    assert 'in main' in done.stderr
    assert done.stderr.endswith('\nerror: here: got 1, expected 2.\n')


@pytest.mark.parametrize(
    'script', [path for path in TOOLS if 'benchmark' not in path.parts], ids=lambda path: path.stem
)
def test_every_tool_takes_the_option(script):
    if 'make_parser(' in script.read_text():
        assert '--traceback' not in script.read_text()  # it has it from the parser that all share
    else:
        pytest.fail('its parser is not that of cslrkit.utils.cli.make_parser')


@pytest.mark.parametrize(
    ('rank', 'error', 'shown'),
    [
        ('1', "RuntimeError('[gloo/pair.cc:53] Connection closed by peer [127.0.0.1]:1')", 'rank 1: stopped, because'),
        ('1', "RuntimeError('NCCL error: out of memory')", 'RuntimeError: NCCL error: out of memory'),
        ('1', "RuntimeError('gloo has no all_to_all')", 'RuntimeError: gloo has no all_to_all'),
        ('0', "RuntimeError('Connection closed by peer')", 'RuntimeError: Connection closed by peer'),
    ],
)
def test_an_error_of_ones_own_is_shown(tmp_path, rank, error, shown):
    done = run(tmp_path, error, RANK=rank)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(shown)
    assert ('Traceback' in done.stderr) == (rank == '0' or 'peer' not in error)


@pytest.mark.parametrize('encoding', ['ascii', 'cp1252', 'utf-8'])
def test_a_console_that_cannot_show_a_character_gets_another(tmp_path, encoding):
    error = "(print('下雨') or DataError('北'))"
    done = run(tmp_path, error, PYTHONIOENCODING=encoding, PYTHONUTF8='0')
    shown = ('??', '?') if encoding != 'utf-8' else ('下雨', '北')
    assert (done.returncode, done.stdout, done.stderr) == (1, f'{shown[0]}\n', f'error: {shown[1]}\n')


def test_a_reader_that_has_gone_is_no_error(tmp_path):
    (tmp_path / 'tool.py').write_text(SCRIPT.replace('raise {error}', "print('line\\n' * 100_000)"))
    command = f'{sys.executable} {tmp_path}/tool.py | head -1; exit ${{PIPESTATUS[0]}}'
    done = subprocess.run(
        ['bash', '-c', command], capture_output=True, text=True, env={'PYTHONPATH': str(Path(__file__).parents[2])},
        check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (141, 'line\n', '')
