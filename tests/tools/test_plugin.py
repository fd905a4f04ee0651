"""A backbone of one's own, as docs/add_a_component.md tells it."""

import re
from pathlib import Path

REPO = Path(__file__).parents[2]


def blocks(path, language):
    """Code blocks of a language in a markdown file."""
    return re.findall(rf'```{language}\n(.*?)```', path.read_text(encoding='utf-8'), flags=re.DOTALL)


def test_a_backbone_outside_the_package_trains(tmp_path, tiny_corpus, run_tool):
    module, config = blocks(REPO / 'docs/add_a_component.md', 'python')[:2]
    (tmp_path / 'my_backbone.py').write_text(module)
    (tmp_path / 'my_config.py').write_text(config.replace('path/to/cslrkit', str(REPO)))
    options = (
        f'data_root={tiny_corpus}',
        'train_cfg.max_epochs=1',
        'train_dataloader.num_workers=0',
        'val_dataloader.num_workers=0',
    )
    done = run_tool(
        'train.py', 'my_config.py', '--work-dir', tmp_path / 'work', '--cfg-options', *options, cwd=tmp_path
    )
    assert 'best dev WER' in done.stdout
    assert 'TinyBackbone' in next((tmp_path / 'work').rglob('*.log')).read_text()


def test_a_misspelt_class_says_how_to_import_it(tmp_path, tiny_corpus, run_tool):
    config = blocks(REPO / 'docs/add_a_component.md', 'python')[1]
    config = re.sub(r'custom_imports = .*\n', '', config).replace('path/to/cslrkit', str(REPO))
    (tmp_path / 'my_config.py').write_text(config)
    done = run_tool('train.py', 'my_config.py', '--work-dir', tmp_path / 'work', cwd=tmp_path, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("error: model.backbone.type: 'TinyBackbone' is not registered")
    assert 'custom_imports' in done.stderr
