"""Wording that messages share."""

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
