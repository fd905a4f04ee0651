"""Reading the pages: README.md, docs/*.md and the plugin's; their blocks, commands and files."""

import glob
import itertools
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import List, Tuple

REPO = Path(__file__).parents[2]
PAGES = [
    'README.md',
    'examples/plugin/README.md',
    *sorted(f'docs/{path.name}' for path in (REPO / 'docs').glob('*.md')),
]

_MARK = re.compile(r'\b(needs|takes) \w+')
_FENCE = re.compile(r'^```(.*)$')
_FILE = re.compile(r'`([\w./-]+\.\w+)`[^`]*:$')


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the line before it that is not empty, and its lines."""

    language: str
    heading: str
    lines: Tuple[str, ...]


@dataclass(frozen=True)
class Command:
    """A command of a page, in words, and whether the page says that it cannot run anywhere."""

    text: str
    marked: bool

    @property
    def words(self) -> List[str]:
        """The words after assignments; patterns that stand without quotes are expanded as a shell does."""
        words = shlex.split(self.text, comments=True)
        words = list(itertools.dropwhile(lambda word: re.match(r'[A-Z_]+=', word), words))
        bare = re.sub(r"'[^']*'|\"[^\"]*\"", '', self.text)
        found = ((sorted(glob.glob(word)) if '*' in word and word in bare else []) or [word] for word in words)
        return [word for group in found for word in group]


def read_blocks(page: Path) -> List[Block]:
    """Return the fenced blocks of a page."""
    blocks, language, heading, lines = [], None, '', []
    for line in page.read_text(encoding='utf-8').splitlines():
        fence = _FENCE.match(line)
        if fence and language is None:
            language, lines = fence.group(1).strip(), []
        elif fence:
            blocks.append(Block(language, heading, tuple(lines)))
            language, heading = None, ''
        elif language is not None:
            lines.append(line)
        elif line.strip():
            heading = line.strip()
    return blocks


def read_commands(page: Path) -> List[Command]:
    """Return the commands of a page in their order."""
    commands = []
    for block in read_blocks(page):
        if block.language not in ('shell', 'bash'):
            continue
        rest_marked = False
        for line in '\n'.join(block.lines).replace('\\\n', ' ').splitlines():
            code, comment = _split_comment(line)
            mark = bool(_MARK.search(comment))
            if code.strip():
                commands.append(Command(' '.join(code.split()), mark or rest_marked))
            elif mark:
                rest_marked = True
    return commands


def _split_comment(line: str) -> Tuple[str, str]:
    """Return a line's code and comment; a ``#`` in quotes begins none."""
    found = re.match(r"""((?:'[^']*'|"[^"]*"|(?!(?:^|(?<=\s))\#\s)[^'"])*)(.*)""", line)
    return found.group(1), found.group(2)


def write_files(page: Path, folder: Path) -> None:
    """Write the files that a page shows and names before their blocks."""
    for block in read_blocks(page):
        named = _FILE.search(block.heading)
        if named and block.language in ('python', 'yaml', 'csv', 'json', 'toml'):
            target = folder / named.group(1)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text('\n'.join(block.lines) + '\n', encoding='utf-8')
