import subprocess
import sys

import pytest

from cslrkit import registry
from cslrkit.errors import ConfigError
from cslrkit.registry import Registry, accepted_arguments, build_from_cfg, check_arguments


@pytest.fixture
def shapes():
    shapes = Registry('shape', [])

    @shapes.register_module()
    class Circle:
        def __init__(self, radius, *, colour='red'):
            self.radius, self.colour = radius, colour

    @shapes.register_module()
    class Ring(Circle):
        def __init__(self, hole, **kwargs):
            super().__init__(**kwargs)
            self.hole = hole

    return shapes


def test_import_is_cheap():
    code = "import sys, cslrkit; sys.exit('torch' in sys.modules or 'mmengine' in sys.modules)"
    assert subprocess.run([sys.executable, '-c', code], check=False).returncode == 0


def test_builds_with_defaults(shapes):
    circle = shapes.build(dict(type='Circle', radius=2))
    assert (circle.radius, circle.colour) == (2, 'red')
    ring = build_from_cfg(dict(type='Ring', hole=1), shapes, default_args=dict(radius=3))
    assert (ring.hole, ring.radius) == (1, 3)


def test_misspelt_type_names_registry_and_nearest(shapes):
    with pytest.raises(
        ConfigError, match=r"'Circel' is not registered in the shape registry.*'Circle'.*custom_imports"
    ):
        shapes.build(dict(type='Circel', radius=2))


def test_wrong_argument_names_class_and_argument(shapes):
    with pytest.raises(ConfigError, match=r"radios: Circle has no argument 'radios'. Did you mean 'radius'"):
        shapes.build(dict(type='Circle', radios=2))


def test_a_class_without_a_constructor_takes_no_argument():
    pets = Registry('pet', [])

    @pets.register_module()
    class Cat:
        pass

    with pytest.raises(ConfigError, match="Cat has no argument 'name'"):
        pets.build(dict(type='Cat', name='Tom'))


def test_a_type_error_inside_a_constructor_is_not_taken_for_a_wrong_argument(shapes):
    @shapes.register_module()
    class Square:
        def __init__(self, side):
            self.area = side**2

    with pytest.raises(TypeError, match='unsupported operand'):
        shapes.build(dict(type='Square', side='2'))


def test_missing_argument(shapes):
    with pytest.raises(ConfigError, match=r"radius: Circle needs the argument 'radius'"):
        shapes.build(dict(type='Circle'))
    check_arguments(shapes.lookup('Circle'), {}, provided=('radius',))


def test_missing_type(shapes):
    with pytest.raises(ConfigError, match="has no 'type'"):
        shapes.build(dict(radius=2))
    with pytest.raises(ConfigError, match='expected a dict'):
        build_from_cfg('Circle', shapes)


def test_keyword_arguments_are_followed_to_the_parent_class(shapes):
    assert set(accepted_arguments(shapes.lookup('Ring'))) == {'hole', 'radius', 'colour'}
    with pytest.raises(ConfigError, match="no argument 'collor'"):
        shapes.build(dict(type='Ring', hole=1, radius=2, collor='blue'))


def test_a_plugin_that_takes_a_built_in_name_fails_where_it_registers():
    with pytest.raises(KeyError, match='SlowFast is already registered in backbone'):

        @registry.BACKBONES.register_module(name='SlowFast')
        class Mine:
            pass


def test_the_runner_finds_our_classes_through_mmengines_roots():
    from mmengine.registry import DATASETS

    assert DATASETS.get('cslrkit.Phoenix2014Dataset').__name__ == 'Phoenix2014Dataset'


def install(folder, name, text):
    """Make a distribution that declares a plugin, as pip leaves it."""
    (folder / f'{name}.py').write_text(text)
    info = folder / f'{name}-1.0.dist-info'
    info.mkdir()
    (info / 'METADATA').write_text(f'Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n')
    (info / 'entry_points.txt').write_text(f'[cslrkit.plugins]\n{name} = {name}\n')


def run(folder, code):
    code = f'import sys; sys.path.insert(0, {str(folder)!r})\n{code}'
    return subprocess.run([sys.executable, '-c', code], check=True, capture_output=True, text=True).stdout


def test_an_installed_plugin_is_loaded_without_naming_it(tmp_path):
    register = (
        'from cslrkit.registry import DECODERS\n\n\n@DECODERS.register_module()\nclass RainbowDecoder:\n    pass\n'
    )
    install(tmp_path, 'rainbow', register)
    code = "from cslrkit.registry import DECODERS; print(DECODERS.build(dict(type='RainbowDecoder')))"
    assert 'RainbowDecoder' in run(tmp_path, code)


@pytest.mark.slow
def test_a_plugin_that_cannot_be_imported_fails_every_time(tmp_path):
    install(tmp_path, 'broken', "raise OSError('no such library')\n")
    code = """
from cslrkit.errors import ConfigError
from cslrkit.registry import BACKBONES, DECODERS
for registry in (DECODERS, DECODERS, BACKBONES):
    try:
        registry.names()
    except ConfigError as error:
        print(error)
"""
    lines = run(tmp_path, code).splitlines()
    assert len(lines) == 3
    assert set(lines) == {lines[0]}
    assert lines[0].startswith("plugin 'broken' (broken): OSError: no such library. Mend or uninstall")
