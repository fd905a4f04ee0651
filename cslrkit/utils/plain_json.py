"""Reading JSON that somebody else wrote."""

import json
from typing import Any, Union


def parse_json(text: Union[str, bytes], **options: Any) -> Any:
    """Return what JSON says.

    Args:
        text: The JSON.
        **options: As for ``json.loads``.

    Raises:
        ValueError: If it is none, or nested deeper than Python goes.
    """
    try:
        return json.loads(text, **options)
    except RecursionError as error:
        raise ValueError('it is nested too deeply') from error
