"""What is registered: classes with their summaries, arguments and sources."""

import inspect
import json
import textwrap
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import distributions
from itertools import groupby
from operator import attrgetter
from typing import Any, Dict, List, Optional, Sequence, Tuple

from cslrkit import registry as registries
from cslrkit.errors import ConfigError
from cslrkit.registry import PLUGIN_GROUP, Registry, accepted_arguments, nearest


@dataclass(frozen=True)
class Argument:
    """An argument of a registered class; ``default`` is as Python writes it, None where it is required."""

    name: str
    default: Optional[str]

    def __str__(self) -> str:
        return self.name if self.default is None else f'{self.name}={self.default}'


@dataclass(frozen=True)
class Component:
    """A registered class or function.

    Args:
        registry: Name of the registry, e.g. ``'BACKBONES'``.
        name: What a config calls it.
        summary: First sentence of its docstring.
        arguments: What a config can set; None where any name goes.
        source: Module and line, e.g. ``'cslrkit.models.backbones.resnet:17'``, or the module alone.
        package: The distribution that declares it as a plugin, with its version, or else the
            top-level package.
        inherited: Whether it comes from mmengine's registry of that name.
    """

    registry: str
    name: str
    summary: str
    arguments: Optional[Tuple[Argument, ...]]
    source: str
    package: str
    inherited: bool

    def __str__(self) -> str:
        names = '...' if self.arguments is None else ', '.join(map(str, self.arguments))
        return f'  {self.name}({names})\n      {self.summary or "no docstring"}\n      {self.source}  [{self.package}]'


def find_registries(name: Optional[str] = None) -> Dict[str, Registry]:
    """Return the registries by their names in ``cslrkit.registry``, or the one of that name.

    Args:
        name: In any case, with or without the plural: ``'BACKBONES'`` or ``'backbone'``.

    Raises:
        ConfigError: If there is none; the message gives the nearest names.
    """
    known = {key: value for key, value in vars(registries).items() if isinstance(value, Registry)}
    if name is None:
        return known
    for key, value in known.items():
        if _plain(name) in (_plain(key), _plain(value.name)):
            return {key: value}
    names = ', '.join(sorted(known))
    raise ConfigError(f"registry: got '{name}', expected one of {names}.{nearest(name.upper(), known)}")


def list_components(name: Optional[str] = None, *, search: str = '') -> List[Component]:
    """Return what is registered in one registry or in all, plugins included.

    Args:
        name: A registry; all by default.
        search: Keep those that have this text, in any case, in their name, summary, source or
            arguments.

    Raises:
        ConfigError: For an unknown registry, or a plugin that cannot be imported.
    """
    packages = {
        point.value.partition(':')[0].partition('.')[0]: f'{distribution.metadata["Name"]} {distribution.version}'
        for distribution in distributions()
        for point in distribution.entry_points
        if point.group == PLUGIN_GROUP
    }
    found = []
    for key, registry in find_registries(name).items():
        # cslrkit's and plugins' own before what mmengine and torch bring along.
        for inherited, known_as in sorted((name not in registry.module_dict, name) for name in registry.names()):
            cls = registry.lookup(known_as)
            source = _source(cls)
            top_level = source.partition(':')[0].partition('.')[0]
            package = packages.get(top_level, top_level)
            component = Component(key, known_as, _summary(cls), _arguments(cls), source, package, inherited)
            if search.lower() in str(component).lower():
                found.append(component)
    return found


def format_components(components: Sequence[Component], *, width: int = 120) -> str:
    """Return the components, in the order of their registries, as text."""
    lines: List[str] = []
    fill = partial(textwrap.fill, width=width, subsequent_indent=' ' * 10, break_on_hyphens=False)
    for key, group in groupby(components, attrgetter('registry')):
        lines += [key, *(fill(text) for component in group for text in str(component).split('\n')), '']
    return '\n'.join(lines).rstrip()


def components_json(components: Sequence[Component]) -> str:
    """Return the components as a JSON list."""
    return json.dumps([asdict(component) for component in components], ensure_ascii=False, indent=1)


def _summary(cls: Any) -> str:
    # Not inspect.getdoc: a class does not inherit what its parent says of itself.
    paragraph = inspect.cleandoc(getattr(cls, '__doc__', None) or '').split('\n\n')[0]
    return ' '.join(paragraph.split())


def _arguments(cls: Any) -> Optional[Tuple[Argument, ...]]:
    try:
        accepted = accepted_arguments(cls)
    except (TypeError, ValueError):  # a function of an extension module has no signature
        return None
    if accepted is None:
        return None
    empty = inspect.Parameter.empty
    defaults = {name: parameter.default for name, parameter in accepted.items()}
    return tuple(Argument(name, None if value is empty else _default(value)) for name, value in defaults.items())


def _default(value: Any) -> str:
    if inspect.isclass(value) or inspect.isroutine(value):
        return value.__name__
    text = repr(value)
    return text if ' at 0x' not in text else f'<{type(value).__name__}>'


def _source(cls: Any) -> str:
    module = getattr(cls, '__module__', '') or ''
    try:
        return f'{module}:{inspect.getsourcelines(cls)[1]}'
    except (OSError, TypeError):  # built in, or made by a function
        return module


def _plain(name: str) -> str:
    name = name.lower().replace('_', ' ').replace('-', ' ').strip()
    return name[:-2] if name.endswith('ses') else name.rstrip('s')
