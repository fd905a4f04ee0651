"""Every class that cslrkit registers builds from a config, and says in its docstring what it is."""

import inspect

import pytest

from cslrkit import registry

PARTS = (registry.BACKBONES, registry.NECKS, registry.HEADS, registry.LOSSES, registry.DECODERS, registry.TRANSFORMS)

# Arguments that a class requires; a builder or a user gives them.
REQUIRED = {
    'neck': dict(in_channels={'slow': 8, 'fast': 4}),
    'head': dict(in_channels={'main': 8}, num_classes=5),
    'CTCLoss': dict(source='seq/main'),
    'RandomCrop': dict(size=8),
    'CenterCrop': dict(size=8),
    'RandomRotation': dict(degrees=10),
}


def own_classes():
    for part in PARTS:
        part.import_from_location()
        for name, cls in part.module_dict.items():
            if cls.__module__.startswith('cslrkit.'):
                yield pytest.param(part, name, id=f'{part.name}-{name}')


@pytest.mark.parametrize(('part', 'name'), own_classes())
def test_builds(part, name):
    arguments = {**REQUIRED.get(part.name, {}), **REQUIRED.get(name, {})}
    built = part.build(dict(type=name, **arguments))
    assert type(built).__name__ == name


@pytest.mark.parametrize(('part', 'name'), own_classes())
def test_is_documented(part, name):
    cls = part.lookup(name)
    text = inspect.getdoc(cls)
    assert text
    own = '__init__' in vars(cls) and len(inspect.signature(cls.__init__).parameters) > 1
    assert not own or 'Args:' in text
