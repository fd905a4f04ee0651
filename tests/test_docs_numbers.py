"""Pages that print what one command gives print the same: the quickstart's table, and the glosses of its videos."""

import re

from docs_pages import PAGES, REPO, read_blocks

_QUICKSTART = 'checkpoint: work_dirs/synthsign/'
_VIDEO = re.compile(r'data/synthsign/videos/\S+: \d+ frames, ')
_SPAN = re.compile(r'\s+\d+\.\d\d\s+\d+\.\d\d  \S+\s+\d+ %')


def printed():
    """What is printed, by its first line or as the quickstart's table: {it: {page: lines}}."""
    found = {}
    for name in PAGES:
        for block in read_blocks(REPO / name):
            if any(line.startswith(_QUICKSTART) for line in block.lines):
                found.setdefault('quickstart', {})[name] = block.lines
            elif block.lines and _VIDEO.match(block.lines[0]):
                spans = [line.split() for line in block.lines if _SPAN.fullmatch(line)]
                found.setdefault(block.lines[0], {})[name] = spans
    return found


def test_pages_agree():
    found = printed()
    assert {'README.md', 'docs/quickstart.md'} <= set(found['quickstart'])
    assert any({'README.md', 'docs/inference.md'} <= set(pages) for pages in found.values())
    for what, pages in found.items():
        first = next(iter(pages.values()))
        assert first, what
        assert all(lines == first for lines in pages.values()), f'{what} differs in {", ".join(pages)}'
