"""The plugin that docs/plugins.md writes from nothing: installed, checked, listed, and its config loaded."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).parents[2]

USE = """
import sys

import pytest
from cslrkit.engine.config import load_config
from cslrkit.doctor.components import list_components

print(load_config('my_plugin::config.py').model.losses)
print(list_components('losses', search='my-plugin'))
sys.exit(pytest.main(['-q', '-p', 'no:cacheprovider', 'test_my_plugin.py']))
"""


@pytest.mark.slow
def test_the_page(tmp_path):
    text = (REPO / 'docs/plugins.md').read_text(encoding='utf-8')
    (project,) = re.findall(r'```toml\n(.*?)```', text, flags=re.DOTALL)
    modules = re.findall(r'```python\n(.*?)```', text, flags=re.DOTALL)
    plugin = tmp_path / 'my-plugin'
    names = ('my_plugin/__init__.py', 'my_plugin/config.py', 'test_my_plugin.py')
    assert len(modules) == len(names)
    (plugin / 'my_plugin').mkdir(parents=True)
    (plugin / 'pyproject.toml').write_text(project)
    for name, module in zip(names, modules):
        (plugin / name).write_text(module)
    pip = [sys.executable, '-m', 'pip', '--quiet', '--disable-pip-version-check', 'install']
    pip += ['--no-deps', '--no-build-isolation', '--target', str(tmp_path / 'site'), str(plugin)]
    subprocess.run(pip, check=True, cwd=tmp_path)
    environment = {**os.environ, 'PYTHONPATH': str(tmp_path / 'site'), 'OMP_NUM_THREADS': '1'}
    done = subprocess.run(
        [sys.executable, '-c', USE], cwd=plugin, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "'type': 'FocalCTCLoss'" in done.stdout
    assert "package='my-plugin 0.1.0'" in done.stdout
    assert '1 passed' in done.stdout
