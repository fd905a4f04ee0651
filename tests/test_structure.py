"""The house: which room imports which, and how long its files are."""

import ast
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / 'cslrkit'
FILES = sorted(PACKAGE.rglob('*.py'))
# From the ground floor up: a room imports from those before it, as docs/concepts.md says.
ROOMS = [
    'errors',
    'utils',
    'registry',
    'structures',
    'video',
    'corpora',
    'restoration',
    'datasets',
    'decoders',
    'models',
    'evaluation',
    'engine',
    'apis',
    'visualization',
    'testing',
    'doctor',
    'demo',
    '__main__',
    '__init__',
]
# Lines of Python that the package may have; a room that shrinks lowers it.
MOST_LINES = 39_900


def room_of(path):
    """Name of the folder or module directly in the package that holds ``path``."""
    return path.relative_to(PACKAGE).parts[0].removesuffix('.py')


def imported_rooms(path):
    """Rooms that a file imports from, at its head or inside a function."""
    modules = []
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if isinstance(node, ast.ImportFrom):
            modules += [node.module] if node.module != 'cslrkit' else [f'cslrkit.{name.name}' for name in node.names]
        elif isinstance(node, ast.Import):
            modules += [name.name for name in node.names]
    rooms = {module.split('.')[1] for module in modules if module.startswith('cslrkit.')}
    return rooms - {room_of(path), '__version__'}


def test_no_two_rooms_import_each_other():
    arrows = {}
    for path in FILES:
        for room in imported_rooms(path):
            arrows.setdefault((room_of(path), room), path.relative_to(PACKAGE))
    assert len(arrows) > 20
    both = {pair: (str(arrows[pair]), str(arrows[pair[::-1]])) for pair in arrows if pair[::-1] in arrows}
    assert not both


def test_rooms_import_from_those_below():
    assert {room_of(path) for path in FILES} == set(ROOMS)
    upward = {
        f'{path.relative_to(PACKAGE)}: {room}'
        for path in FILES
        for room in imported_rooms(path)
        if ROOMS.index(room) > ROOMS.index(room_of(path))
    }
    assert not upward


def test_no_file_is_long():
    lines = {str(path.relative_to(PACKAGE)): len(path.read_text(encoding='utf-8').splitlines()) for path in FILES}
    assert len(lines) > 100
    assert not {name: count for name, count in lines.items() if count > 300}


def test_every_folder_is_a_package_that_a_wheel_carries():
    folders = {path.parent for path in FILES}
    assert len(folders) > 20
    assert not [str(folder.relative_to(PACKAGE)) for folder in folders if not (folder / '__init__.py').is_file()]


def lines_of(paths):
    """Lines of files together."""
    return sum(len(path.read_text(encoding='utf-8').splitlines()) for path in paths)


def test_the_package_does_not_grow_unnoticed():
    assert 0.95 * MOST_LINES < lines_of(FILES) <= MOST_LINES


def test_contract_checks_are_short():
    assert lines_of([path for path in FILES if room_of(path) == 'testing']) <= 800
