"""The corpus that docs/add_a_corpus.md writes: drawn, prepared, checked, packed, trained, tested and inferred with."""

import os

import pytest
from docs_pages import REPO, read_blocks, read_commands, write_files

PAGE = REPO / 'docs/add_a_corpus.md'
SMALL = ['--cfg-options', 'train_cfg.max_epochs=1', 'train_dataloader.num_workers=0', 'val_dataloader.num_workers=0']


@pytest.mark.slow
def test_the_page(tmp_path, run_tool):
    pytest.importorskip('zstandard')
    write_files(PAGE, tmp_path)
    printed = {}
    for command in read_commands(PAGE):
        tool = command.words[1].partition('/')[2]
        options = SMALL if tool == 'train.py' else []
        done = run_tool(tool, *command.words[2:], *options, cwd=tmp_path)
        printed[tool, '--check' in command.words] = done.stdout
    assert 'my-signs' in printed['list_components.py', False]
    assert (tmp_path / 'data/my-signs/images-140x140/train-0000/000000.png').is_file()
    table = next(block.lines for block in read_blocks(PAGE) if block.lines[0].startswith('split '))
    prepared = printed['prepare_data.py', False] + printed['prepare_data.py', True]
    assert '\n'.join(table) == prepared.strip()
    assert 'train' in printed['pack_frames.py', False]
    assert 'best dev WER' in printed['train.py', False]
    assert 'dev' in printed['test.py', False]
    assert 'test-0000' in printed['infer.py', False]


@pytest.mark.slow
def test_without_the_import(tmp_path, run_tool):
    done = run_tool('prepare_data.py', 'my-signs', '--root', tmp_path, check=False, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("error: 'my-signs' is not registered in the corpus registry.")
    assert '--import' in done.stderr


@pytest.mark.slow
def test_as_an_installed_plugin(tmp_path, run_tool):
    write_files(PAGE, tmp_path)
    info = tmp_path / 'my_signs-1.0.dist-info'
    info.mkdir()
    (info / 'METADATA').write_text('Metadata-Version: 2.1\nName: my-signs\nVersion: 1.0\n')
    (info / 'entry_points.txt').write_text('[cslrkit.plugins]\nmy_signs = my_signs\n')
    environment = {'PYTHONPATH': os.pathsep.join((str(tmp_path), os.environ.get('PYTHONPATH', '')))}
    done = run_tool('prepare_data.py', 'my-signs', '--root', tmp_path, check=False, env=environment)
    assert done.stderr == f"error: '{tmp_path}/sentences.tsv' does not exist. Check the corpus root and its name.\n"
