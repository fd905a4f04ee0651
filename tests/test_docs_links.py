"""Links and pictures of the pages lead somewhere: files of the checkout, and headings in them."""

import re

import pytest
from docs_pages import PAGES, REPO

_LINK = re.compile(r'\[[^\]]*\]\(([^)\s]+)\)')


def prose(page):
    """Return a page without its fenced blocks and code in lines."""
    text = re.sub(r'^```.*?^```', '', page.read_text(encoding='utf-8'), flags=re.MULTILINE | re.DOTALL)
    return re.sub(r'`[^`\n]*`', lambda match: '' if '](' in match.group() else match.group(), text)


def anchors(page):
    """Return the anchors of a page's headings, as GitHub and the site make them."""
    headings = re.findall(r'^#+ (.+)$', prose(page), flags=re.MULTILINE)
    return {re.sub(r'[^\w\- ]', '', heading.strip().lower()).replace(' ', '-') for heading in headings}


def broken_links(page):
    """Return the links of a page that lead nowhere; the network is not asked."""
    broken = []
    for link in _LINK.findall(prose(page)):
        if re.match(r'\w+:', link):
            continue
        path, _, anchor = link.partition('#')
        target = (page.parent / path) if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    return broken


@pytest.mark.parametrize('name', PAGES)
def test_links(name):
    assert broken_links(REPO / name) == []


@pytest.mark.parametrize('name', PAGES)
def test_files_of_the_package_exist(name):
    files = re.findall(r'`(cslrkit/[\w/]+\.py)`', (REPO / name).read_text(encoding='utf-8'))
    assert [file for file in files if not (REPO / file).is_file()] == []


def test_broken_links_are_found(tmp_path):
    page = tmp_path / 'page.md'
    page.write_text(
        '# One heading: `code`\n[a](page.md) [b](page.md#one-heading-code) [c](#one-heading-code) [d](https://x.org)\n'
        '![e](gone.png) [f](gone.md) [g](page.md#gone) [h](#gone)\n```\n[i](gone.md)\n```\n'
    )
    assert broken_links(page) == ['gone.png', 'gone.md', 'page.md#gone', '#gone']
