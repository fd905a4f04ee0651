"""Wording that messages share."""

import difflib
from typing import Iterable

# Passed as ``extra`` with a log record that belongs on the console, too.
CONSOLE = {'console': True}


def listed(names: Iterable[object], count: int = 10) -> str:
    """Return the first names, separated by commas, and how many more there are.

    Examples:
        >>> listed(['a', 'b', 'c'], count=2)
        'a, b and 1 more'
    """
    names = list(names)
    return ', '.join(map(str, names[:count])) + (f' and {len(names) - count} more' if len(names) > count else '')


def plural(count: int, noun: str) -> str:
    """Return a number with its noun, which is given in the singular.

    Examples:
        >>> plural(1, 'frame'), plural(2, 'gloss'), plural(0, 'entry')
        ('1 frame', '2 glosses', '0 entries')
    """
    if count == 1:
        return f'1 {noun}'
    if noun.endswith(('s', 'ch')) and not noun.endswith('epoch'):
        return f'{count} {noun}es'
    return f'{count} {noun[:-1]}ies' if noun.endswith('ry') else f'{count} {noun}s'


def nearest(name: str, candidates: Iterable[str], count: int = 3) -> str:
    """Return a readable ' Did you mean ...?' for ``name``, or an empty string."""
    by_lower = {candidate.lower(): candidate for candidate in candidates}  # PHOENIX is near phoenix
    close = [by_lower[match] for match in difflib.get_close_matches(name.lower(), by_lower, n=count, cutoff=0.5)]
    return f' Did you mean {" or ".join(repr(c) for c in close)}?' if close else ''
