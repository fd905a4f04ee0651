"""The decoder, transform and reader that docs/add_parts.md writes: checked, trained, tested and inferred with."""

import shutil
import subprocess
import sys

import numpy as np
import pytest
from docs_pages import REPO, read_commands, write_files

from cslrkit.corpora.synthsign import render_videos

PAGE = REPO / 'docs/add_parts.md'
HERE = ['--cfg-options', 'data_root=data/synthsign']
SMALL = ['max_epochs=1', 'train_dataloader.num_workers=0', 'val_dataloader.num_workers=0']
OPTIONS = {'train.py': [*HERE, *SMALL], 'test.py': HERE}


@pytest.mark.slow
def test_the_page(tmp_path, run_tool, tiny_corpus, monkeypatch):
    write_files(PAGE, tmp_path)
    monkeypatch.chdir(tmp_path)
    shutil.copytree(tiny_corpus, tmp_path / 'data/synthsign')
    info = tmp_path / 'data/synthsign/preprocess/train_info.npy'
    entries = np.load(info, allow_pickle=True).item()
    np.save(info, {index: entries[index] for index in range(2)})  # trained on in no time
    videos = render_videos(tmp_path / 'data/synthsign')
    printed = {}
    for command in read_commands(PAGE):
        words = [str(videos[0]) if '*' in word else word for word in command.words]
        tool = words[1].partition('/')[2]
        if tool == 'make_synthetic.py':  # it is drawn already
            continue
        if not tool:
            run = [sys.executable, *(['-m'] if words[0] == 'pytest' else []), *words[words[0] == 'python' :]]
            done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout + done.stderr
            continue
        done = run_tool(tool, *words[2:], *OPTIONS.get(tool, []), cwd=tmp_path)
        printed[tool] = done.stdout
    assert not list((tmp_path / 'data/synthsign/features').rglob('*.png'))
    assert 'best dev WER' in printed['train.py']
    assert videos[0].stem in printed['infer.py']
