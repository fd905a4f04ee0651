"""What judges of golden files with a list of cases share."""

from typing import Any, Collection


def are_cases(content: Any, needed: Collection[str]) -> bool:
    """Tell whether a file's content is a list of cases that have all of these keys."""
    return (
        isinstance(content, list)
        and bool(content)
        and all(isinstance(case, dict) and set(needed) <= set(case) for case in content)
    )
