"""What is registered: classes with their summaries, arguments and sources."""

import inspect
import json
import textwrap
from dataclasses import asdict, dataclass
from importlib.metadata import distributions
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from cslrkit import registry as registries
from cslrkit.errors import ConfigError
from cslrkit.registry import PLUGIN_GROUP, Registry, accepted_arguments, nearest


@dataclass(frozen=True)
class Argument:
    """An argument of a registered class.

    Args:
        name: Its name.
        default: Its default as Python writes it; None where the argument is required.
    """

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
        source: Module and line, e.g. ``'cslrkit.models.backbones.resnet:17'``; the module alone where
            the line is not known.
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
    wanted = _plain(name)
    for key, value in known.items():
        if wanted in (_plain(key), _plain(value.name)):
            return {key: value}
    hint = nearest(name.upper(), known) or ''
    raise ConfigError(f"registry: got '{name}', expected one of {', '.join(sorted(known))}.{hint}")


def list_components(name: Optional[str] = None, *, search: str = '') -> List[Component]:
    """Return what is registered in one registry or in all, plugins included.

    Args:
        name: A registry; all by default.
        search: Keep those that have this text, in any case, in their name, summary, source or
            arguments' names.

    Raises:
        ConfigError: For an unknown registry, or a plugin that cannot be imported.
    """
    plugins = plugin_packages()
    found = []
    for key, registry in find_registries(name).items():
        # cslrkit's and plugins' own before what mmengine and torch bring along.
        for inherited, component_name in sorted((name not in registry.module_dict, name) for name in registry.names()):
            found.append(_describe(key, component_name, registry.lookup(component_name), plugins, inherited))
    wanted = search.lower()
    return [component for component in found if wanted in _searched(component)]


def plugin_packages() -> Dict[str, str]:
    """Top-level module of each installed plugin -> its distribution and version."""
    packages = {}
    for distribution in distributions():
        for point in distribution.entry_points:
            if point.group == PLUGIN_GROUP:
                top_level = point.value.partition(':')[0].partition('.')[0]
                packages[top_level] = f'{distribution.metadata["Name"]} {distribution.version}'
    return packages


def format_components(components: Sequence[Component], *, width: int = 120) -> str:
    """Return the components as text, by registry."""
    lines: List[str] = []
    for key in dict.fromkeys(component.registry for component in components):
        lines.append(key)
        for component in components:
            if component.registry == key:
                lines += _text_of(component, width)
        lines.append('')
    return '\n'.join(lines).rstrip()


def components_json(components: Sequence[Component]) -> str:
    """Return the components as a JSON list."""
    return json.dumps([asdict(component) for component in components], ensure_ascii=False, indent=1)


def _describe(key: str, name: str, cls: Any, plugins: Mapping[str, str], inherited: bool) -> Component:
    module = getattr(cls, '__module__', '') or ''
    top_level = module.partition('.')[0]
    return Component(
        registry=key,
        name=name,
        summary=_summary(cls),
        arguments=_arguments(cls),
        source=_source(cls, module),
        package=plugins.get(top_level, top_level),
        inherited=inherited,
    )


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
    return tuple(
        Argument(name, None if parameter.default is empty else _default(parameter.default))
        for name, parameter in accepted.items()
    )


def _default(value: Any) -> str:
    if inspect.isclass(value) or inspect.isroutine(value):
        return value.__name__
    text = repr(value)
    return text if ' at 0x' not in text else f'<{type(value).__name__}>'


def _source(cls: Any, module: str) -> str:
    try:
        return f'{module}:{inspect.getsourcelines(cls)[1]}'
    except (OSError, TypeError):  # built in, or made by a function
        return module


def _text_of(component: Component, width: int) -> List[str]:
    arguments = component.arguments
    names = '...' if arguments is None else ', '.join(map(str, arguments))
    texts = [
        f'  {component.name}({names})',
        f'      {component.summary or "no docstring"}',
        f'      {component.source}  [{component.package}]',
    ]
    return [textwrap.fill(text, width, subsequent_indent=' ' * 10, break_on_hyphens=False) for text in texts]


def _searched(component: Component) -> str:
    names = [argument.name for argument in component.arguments or ()]
    return ' '.join([component.name, component.summary, component.source, component.package, *names]).lower()


def _plain(name: str) -> str:
    name = name.lower().replace('_', ' ').replace('-', ' ').strip()
    return name[:-2] if name.endswith('ses') else name.rstrip('s')
