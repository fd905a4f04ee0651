"""cslrkit and the example of a plugin, built and used outside the checkout."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import cslrkit
from cslrkit.__main__ import main
from cslrkit.errors import ConfigError
from cslrkit.utils.shipped import command_name, find_config

REPO = Path(__file__).parents[2]

# What the build reads; tests and pictures would only make the copy larger.
SOURCES = ('cslrkit', 'configs', 'tools', 'benchmarks', 'examples', 'setup.py', 'pyproject.toml', 'MANIFEST.in')
SOURCES += ('README.md', 'CHANGELOG.md', 'LICENSE')
IGNORED = shutil.ignore_patterns('__pycache__', '*.egg-info', 'build', '.*')

# Builds as `python -m build` does, by the functions that it calls.
SDIST = 'import sys; from setuptools import build_meta; print(build_meta.build_sdist(sys.argv[1]))'


def run(*command, cwd, path=None):
    environment = {key: value for key, value in os.environ.items() if key not in ('PYTHONPATH', 'CSLRKIT_DATA')}
    environment['OMP_NUM_THREADS'] = '1'
    if path is not None:
        environment['PYTHONPATH'] = str(path)
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, f'{command}\n{done.stdout}\n{done.stderr}'
    return done.stdout


def pip(*arguments, cwd):
    run(sys.executable, '-m', 'pip', '--quiet', '--disable-pip-version-check', *arguments, cwd=cwd)


@pytest.fixture(scope='module')
def source(tmp_path_factory):
    """The checkout without what a build leaves in it."""
    folder = tmp_path_factory.mktemp('source')
    for name in SOURCES:
        if (REPO / name).is_dir():
            shutil.copytree(REPO / name, folder / name, ignore=IGNORED)
        else:
            shutil.copyfile(REPO / name, folder / name)
    return folder


@pytest.fixture(scope='module')
def wheels(source, tmp_path_factory):
    """The wheel of cslrkit, made from its sdist, and that of the plugin."""
    out = tmp_path_factory.mktemp('dist')
    sdist = run(sys.executable, '-c', SDIST, out, cwd=source).strip().splitlines()[-1]
    for project in (out / sdist, source / 'examples/plugin'):
        pip('wheel', '--no-deps', '--no-build-isolation', '--wheel-dir', out, project, cwd=out)
    return {path.name.partition('-')[0]: path for path in out.glob('*.whl')}, out / sdist


@pytest.fixture(scope='module')
def installed(wheels, tmp_path_factory):
    """A folder with both wheels installed, and nothing of the checkout."""
    target = tmp_path_factory.mktemp('site')
    pip('install', '--no-deps', '--target', target, *wheels[0].values(), cwd=target)
    return target


def shipped_files(source):
    for name in ('configs', 'tools'):
        yield from (path.relative_to(source) for path in (source / name).rglob('*') if path.is_file())


@pytest.mark.slow
def test_the_wheel_carries_package_configs_and_tools(wheels, source):
    names = set(zipfile.ZipFile(wheels[0]['cslrkit']).namelist())
    missing = [f'cslrkit/.mim/{path.as_posix()}' for path in shipped_files(source)]
    modules = [path.relative_to(source).as_posix() for path in (source / 'cslrkit').rglob('*.py')]
    assert [name for name in [*missing, *modules] if name not in names] == []
    outside = ('benchmarks', 'tests', 'configs', 'tools')
    assert not [name for name in names if '__pycache__' in name or name.startswith(outside)]
    assert 'cslrkit/visualization/html_report/report.html.j2' in names
    assert {f'cslrkit/demo/{name}' for name in ('head.html', 'page.css', 'results.html.j2')} <= set(names)


@pytest.mark.slow
def test_the_sdist_carries_what_a_packager_needs(wheels, source):
    with tarfile.open(wheels[1]) as archive:
        names = {name.partition('/')[2] for name in archive.getnames()}
    assert {'setup.py', 'pyproject.toml', 'README.md', 'LICENSE', 'examples/plugin/pyproject.toml'} <= names
    assert {path.as_posix() for path in shipped_files(source)} <= names
    assert {'benchmarks/__main__.py', 'benchmarks/parity/judge_wer.py'} <= names


@pytest.mark.slow
def test_metadata(wheels):
    archive = zipfile.ZipFile(wheels[0]['cslrkit'])
    (metadata,) = [name for name in archive.namelist() if name.endswith('.dist-info/METADATA')]
    text = archive.read(metadata).decode()
    for line in ('Name: cslrkit', 'Requires-Python: >=3.9', 'License', 'Requires-Dist: torch', 'Classifier: '):
        assert f'\n{line}' in text, line
    (points,) = [name for name in archive.namelist() if name.endswith('entry_points.txt')]
    assert 'cslrkit = cslrkit.__main__:main' in archive.read(points).decode()


LOAD_CONFIGS = """
import json

import cslrkit
from cslrkit.engine.config import load_config
from cslrkit.utils.shipped import shipped_configs, shipped_root

names = shipped_configs()
loaded = {name: str(load_config(name).filename) for name in [*names, 'configs/' + names[0], names[0][:-3]]}
mine = [load_config(name) for name in ('mine.py', 'mine.yaml')]
own = [[config.train_cfg.max_epochs, config.model.backbone.type] for config in mine]
print(json.dumps(dict(module=cslrkit.__file__, root=str(shipped_root()), names=names, loaded=loaded, own=own)))
"""


@pytest.mark.slow
def test_shipped_configs_load_elsewhere_and_serve_as_bases(installed, source, tmp_path):
    (tmp_path / 'mine.py').write_text("_base_ = 'cslrkit::slowfast/synthsign.py'\ntrain_cfg = dict(max_epochs=3)\n")
    (tmp_path / 'mine.yaml').write_text('_base_: mine.py\nlog_level: WARNING\n')
    output = run(sys.executable, '-W', 'ignore', '-c', LOAD_CONFIGS, cwd=tmp_path, path=installed)
    found = json.loads(output.splitlines()[-1])
    assert Path(found['module']).parent == installed / 'cslrkit'
    assert Path(found['root']) == installed / 'cslrkit/.mim'
    assert all(Path(found['root']) in Path(filename).parents for filename in found['loaded'].values())
    configs = [path.relative_to('configs').as_posix() for path in shipped_files(source) if path.parts[0] == 'configs']
    assert found['names'] == sorted(name for name in configs if not name.startswith('_') and name.endswith('.py'))
    assert found['own'] == [[3, 'SlowFast'], [3, 'SlowFast']]


@pytest.mark.slow
def test_the_command_lists_the_tools(installed, source, tmp_path):
    for command in ((installed / 'bin/cslrkit',), ('-m', 'cslrkit')):
        output = run(sys.executable, *command, cwd=tmp_path, path=installed)
        for path in shipped_files(source):
            if path.parts[0] == 'tools' and path.suffix == '.py':
                assert f'  {command_name(path)} ' in output
    command = (sys.executable, '-m', 'cslrkit')
    assert 'cslrkit train configs/' in run(*command, 'train', '--help', cwd=tmp_path, path=installed)
    assert run(*command, '--version', cwd=tmp_path, path=installed).strip() == cslrkit.__version__


@pytest.mark.slow
def test_the_judges_come_with_a_checkout(installed, tmp_path):
    command = (sys.executable, '-m', 'cslrkit', 'check-parity', 'x.json')
    environment = {**os.environ, 'PYTHONPATH': str(installed)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, '')
    assert done.stderr == 'error: The judges of golden files come with a checkout of cslrkit, not with a wheel.\n'


def test_an_unknown_command_or_config_names_the_nearest(tmp_path, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(['tran'])
    assert stopped.value.code == 2
    assert "cslrkit has no command 'tran'. Did you mean 'train'" in capsys.readouterr().err
    for name, hint in (('slowfst/synthsign.py', 'slowfast/synthsign.py'), ('cslrkit::slowfast/csll.py', 'csl.py')):
        with pytest.raises(ConfigError, match=f'Did you mean .*{hint}'):
            find_config(name)
    with pytest.raises(ConfigError, match="there is no installed package 'nobody'"):
        find_config('nobody::mine.py')
    with pytest.raises(ConfigError, match=r"'torch::mine.py' does not exist. 'torch' is in"):
        find_config('torch::mine.py')


@pytest.mark.slow
def test_the_plugin_passes_its_own_tests_from_the_wheels(installed, source, tmp_path):
    shutil.copytree(source / 'examples/plugin/tests', tmp_path / 'tests')
    where = run(sys.executable, '-c', 'import cslrkit_example as e; print(e.__file__)', cwd=tmp_path, path=installed)
    assert installed in Path(where.strip()).parents
    output = run(sys.executable, '-m', 'pytest', '-q', '-p', 'no:cacheprovider', 'tests', cwd=tmp_path, path=installed)
    assert 'passed' in output
    assert 'failed' not in output
    assert 'skipped' not in output
