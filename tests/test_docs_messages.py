"""Messages that docs/troubleshooting.md quotes are those of the code."""

import ast
import re
from pathlib import Path

import pytest

REPO = Path(__file__).parents[1]

# Of other programs, or the system's.
FOREIGN = {
    'libGL.so.1: cannot open shared object file',
    "No module named 'mmcv'",
    'pip install mmcv',
    'operator torchvision::nms does not exist',
    'No space left on device',
    'nvidia-smi',
    'tools/train.py',
    'inference.compile',
    '--strategy',
}


def texts():
    """Every string of the package; what an f-string fills in is a NUL."""
    for path in sorted((REPO / 'cslrkit').rglob('*.py')):
        for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
            elif isinstance(node, ast.JoinedStr):
                yield ''.join(part.value if isinstance(part, ast.Constant) else '\0' for part in node.values)


def quoted():
    """Messages in the first column of the page's tables."""
    for line in (REPO / 'docs' / 'troubleshooting.md').read_text(encoding='utf-8').splitlines():
        if line.startswith('| ') and not line.startswith('| Symptom'):
            yield from re.findall('`([^`]+)`', line.split(' | ')[0])


@pytest.fixture(scope='module')
def code():
    return '\n'.join(texts())


def is_printed(message, code):
    """Whether the code has the parts of a message; ``...`` and what it fills in are not compared."""
    parts = [part.strip(" '") for part in message.split('...')]
    return all(part in code for part in parts if part)


def test_messages_are_those_of_the_code(code):
    messages = [message for message in quoted() if message not in FOREIGN]
    assert len(messages) > 40
    assert [message for message in messages if not is_printed(message, code)] == []


def test_a_message_that_nobody_prints_is_found(code):
    assert not is_printed('the data root was mislaid', code + __doc__)
