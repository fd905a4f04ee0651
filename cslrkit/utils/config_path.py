"""Say in an error which place of a config it comes from."""

from contextlib import contextmanager
from typing import Iterator

from cslrkit.errors import ConfigError, CSLRKitError


@contextmanager
def config_path(path: str) -> Iterator[None]:
    """Put ``path`` before the message of an error that building a part raises.

    The class of the error stays. An argument that a :class:`ConfigError` names is joined to the
    path, so ``depth: got 34, ...`` becomes ``model.backbone.depth: got 34, ...``. The context can be
    nested, inner paths without the outer part.

    Args:
        path: Where the part stands, e.g. ``'model.backbone'``.

    Examples:
        >>> with config_path('model.backbone'):
        ...     raise ConfigError('got 34, expected 18.', path='depth')
        Traceback (most recent call last):
        ...
        cslrkit.errors.ConfigError: model.backbone.depth: got 34, expected 18.
    """
    try:
        yield
    except ConfigError as error:
        joined = f'{path}.{error.path}' if error.path else path
        raise type(error)(CSLRKitError.__str__(error), path=joined) from error
    except CSLRKitError as error:
        raise type(error)(f'{path}: {error}') from error
    except (TypeError, ValueError) as error:
        if type(error) not in (TypeError, ValueError):
            raise  # subclasses such as UnicodeDecodeError are not made from a message
        raise type(error)(f'{path}: {error}') from error
