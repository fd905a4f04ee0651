import shutil
from pathlib import Path

import pytest
import torch
from mmengine.registry import DefaultScope

from cslrkit.datasets.seeded_dataset import build_loader
from cslrkit.engine.config import load_config
from cslrkit.errors import ConfigError

pytest.importorskip('zstandard')


@pytest.fixture(scope='module')
def packed(tiny_config, tmp_path_factory):
    """The pack of the tiny corpus's training sentences."""
    from cslrkit.corpora.packing import datasets_of_config
    from cslrkit.video.packed import pack_frames

    folder = tmp_path_factory.mktemp('pack')
    for dataset in datasets_of_config(load_config(tiny_config), ['train', 'dev']):
        pack_frames(dataset, str(folder), workers=1)
    return folder


def test_packs_are_made_from_image_files(tiny_config):
    from cslrkit.corpora.packing import datasets_of_config

    with pytest.raises(ConfigError, match="frames: got 'VideoFiles', but packs are made from image files"):
        datasets_of_config(load_config(tiny_config, {'frames.type': 'VideoFiles'}))


def test_packs_what_is_missing_and_verifies(run_tool, tiny_config, packed):
    done = run_tool('pack_frames.py', tiny_config, '--out', packed)
    assert [line.split(':')[0] for line in done.stdout.splitlines()] == ['train', 'dev', 'test']
    assert done.stdout.count('codec zstd, verified') == 3
    assert done.stdout.count('of them packed before') == 2
    assert (packed / 'test.index.json').is_file()


def test_verify_lists_problems_and_fails(run_tool, tiny_config, packed, tmp_path):
    damaged = Path(shutil.copytree(packed, tmp_path / 'damaged'))
    shard = next(damaged.glob('dev-*.frames'))
    shard.write_bytes(shard.read_bytes()[:-1])
    done = run_tool('pack_frames.py', tiny_config, '--out', damaged, '--verify', '--split', 'train', 'dev', check=False)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[0].startswith('train: ')
    assert lines[0].endswith(': all in order')
    assert 'it was cut off' in lines[1]
    assert lines[-1].endswith(f'{len(lines) - 2} problems')


def test_the_same_batches_with_two_workers(tiny_config, packed):
    batches = []
    for frames in ({}, {'frames.type': 'PackedFrames', 'frames.path': str(packed)}):
        config = load_config(tiny_config, {'train_dataloader.num_workers': 2, **frames})
        with DefaultScope.overwrite_default_scope('cslrkit'):
            batches.append(list(build_loader(config.train_dataloader, 0, training=True)))
    assert len(batches[0]) == len(batches[1]) > 1
    for one, other in zip(*batches):
        assert all(torch.equal(ours, theirs) for ours, theirs in zip(one['inputs'], other['inputs']))


def test_config_hands_frames_to_every_dataset_by_the_names_of_earlier_versions_too(tiny_config):
    config = load_config(tiny_config, {'frames.backend': 'packed', 'test_dataloader.dataset.frames.backend': 'folders'})
    loaders = (config.train_dataloader, config.val_dataloader, config.test_dataloader)
    assert [loader.dataset.frames.type for loader in loaders] == ['PackedFrames', 'PackedFrames', 'ImageFolders']


@pytest.mark.parametrize(
    ('override', 'message'),
    [
        ({'frames.type': 'PakedFrames'}, r"frames\.type: .*Did you mean 'PackedFrames'"),
        ({'train_dataloader.dataset.frames.tipe': 'PackedFrames'}, "has no 'tipe'. Did you mean 'type'"),
        ({'frames.type': 'PackedFrames', 'frames.pth': 'x'}, "frames has no 'pth'. Did you mean 'path'"),
    ],
)
def test_config_names_a_mistake(tiny_config, override, message):
    with pytest.raises(ConfigError, match=message):
        load_config(tiny_config, override)
