"""Say in an error which place of a config it comes from."""

from contextlib import contextmanager
from typing import Iterator

from cslrkit.errors import CSLRKitError


@contextmanager
def config_path(path: str) -> Iterator[None]:
    """Put ``path`` before the message of an error that building a part raises.

    The class of the error stays. A place that an error of cslrkit names is joined to the path, so
    ``depth: got 34, ...`` becomes ``model.backbone.depth: got 34, ...``. The context can be nested, inner
    paths without the outer part.

    Args:
        path: Where the part stands, e.g. ``'model.backbone'``, or ``'[0]'`` in a list.

    Examples:
        >>> with config_path('model.losses'), config_path('[0]'):
        ...     raise CSLRKitError('got 34, expected 18.', path='depth')
        Traceback (most recent call last):
        ...
        cslrkit.errors.CSLRKitError: model.losses[0].depth: got 34, expected 18.
    """
    try:
        yield
    except CSLRKitError as error:
        dot = '' if not error.path or error.path.startswith('[') else '.'
        message = error.args[0] if error.args else ''
        raise type(error)(message, path=f'{path}{dot}{error.path}') from error
    except (TypeError, ValueError) as error:
        if type(error) not in (TypeError, ValueError):
            raise  # subclasses such as UnicodeDecodeError are not made from a message
        raise type(error)(f'{path}: {error}') from error
