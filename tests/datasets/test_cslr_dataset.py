import re

import numpy as np
import pytest
import torch
from corpus_files import GLOSSES, entry, write_annotation, write_frames
from mmengine.dataset import pseudo_collate
from torch.utils.data import DataLoader

from cslrkit.datasets import CSLRDataset
from cslrkit.datasets.cslr_dataset import corpus_of
from cslrkit.errors import ConfigError, DataNotFoundError
from cslrkit.registry import DATASETS
from cslrkit.structures import GlossVocab

PACKED = [dict(type='LoadFrames'), dict(type='PackSignInputs')]


def build(root, **options):
    return CSLRDataset(str(root), 'train', **options)


def test_sample_dict(corpus):
    sample = build(corpus, frame_rate=30, frame_interval=2)[1]
    assert [path[-14:] for path in sample['frame_paths']] == [f'images{t:04d}.png' for t in range(5)]
    frames = sample.pop('frames')
    assert (len(frames), frames.paths) == (5, sample.pop('frame_paths'))
    assert sample == dict(
        sample_id='b',
        split='train',
        signer='Signer01',
        original_info='b|WIND',
        glosses=('WIND',),
        gloss_ids=[3],
        num_frames=3,
        frame_rate=30.0,
        frame_interval=2,
        sample_idx=1,
    )


def test_properties(corpus):
    dataset = build(corpus)
    assert len(dataset) == 2
    assert dataset.vocab == GlossVocab(GLOSSES)
    assert dataset.sample_ids == ['a', 'b']
    assert dataset.references == {'a': ('REGEN', 'SONNE'), 'b': ('WIND',)}
    assert dataset.metainfo == dict(corpus='custom', split='train', glosses=['REGEN', 'SONNE', 'WIND'])
    assert dataset[-1]['sample_id'] == 'b'
    assert dataset.get_subset([1]).references == {'b': ('WIND',)}


def test_a_given_vocabulary_replaces_the_file(corpus):
    (corpus / 'preprocess' / 'gloss_dict.npy').unlink()
    dataset = build(corpus, vocab=GlossVocab.from_list(['WIND', 'SONNE', 'REGEN']))
    assert dataset[0]['gloss_ids'] == [3, 2]


def test_pseudo_collate_keeps_clips_ragged(corpus):
    loader = DataLoader(build(corpus, pipeline=PACKED), batch_size=2, collate_fn=pseudo_collate, num_workers=1)
    batch = next(iter(loader))
    assert [tuple(clip.shape) for clip in batch['inputs']] == [(3, 3, 6, 8), (5, 3, 6, 8)]
    assert all(clip.dtype == torch.uint8 for clip in batch['inputs'])
    assert [sample.sample_id for sample in batch['data_samples']] == ['a', 'b']


# --- arguments -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(frame_interval=0), 'frame_interval: got 0'),
        (dict(on_unknown_gloss='ignore'), "on_unknown_gloss: got 'ignore'"),
        (dict(frames='folders'), "frames: got 'folders', expected dict(type='ImageFolders')"),
        (dict(frames=dict(path='x')), "frames: got {'path': 'x'}, expected dict(type='ImageFolders')"),
        (
            dict(frames=dict(type='ImageFolder')),
            "'ImageFolder' is not registered in the clip reader registry. Did you mean",
        ),
        (dict(frames=dict(backend='folders', path='x')), "ImageFolders has no argument 'path'"),
        (
            dict(corpus='CSL-Daily'),
            "corpus: 'CSL-Daily' is not registered in the corpus registry. Did you mean 'csl-daily'",
        ),
        (dict(corpus=dict(type='custom', tabel='x')), "Custom has no argument 'tabel'. Did you mean 'table'"),
        (dict(pipeline=['LoadFrames']), "pipeline: got 'LoadFrames'"),
        (dict(pipeline=[dict(type='LoadFrame')]), "Did you mean 'LoadFrames'"),
    ],
)
def test_wrong_arguments(corpus, options, message):
    with pytest.raises(ConfigError, match=re.escape(message)):
        build(corpus, **options)


# --- corpora -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ('corpus', 'frames', 'folder', 'suffix', 'rate'),
    [
        ('phoenix2014', 'features/fullFrame-256x256px/train/a/1', 'train/a/1/*.png', '.png', 25.0),
        ('phoenix2014-T', 'features/fullFrame-256x256px/train/a', 'train/a/*.png', '.png', 25.0),
        ('csl', 'features/fullFrame-256x256px/a', 'a', '.jpg', None),
        ('csl-daily', 'a', 'a/*.jpg', '.jpg', None),
    ],
)
def test_published_folders(tmp_path, corpus, frames, folder, suffix, rate):
    write_annotation(tmp_path, [entry('a', folder=folder)])
    write_frames(tmp_path / frames, 3, suffix=suffix)
    dataset = build(tmp_path, corpus=corpus, pipeline=PACKED)
    packed = dataset[0]
    assert packed['inputs'][:, :, 0, 0].tolist() == [[t, 100 + t, 200 + t] for t in range(3)]
    assert packed['data_samples'].frame_rate == rate
    assert np.array_equal(packed['data_samples'].frame_indices, [0, 1, 2])


def test_distributed_frame_size_is_one_argument_away(tmp_path):
    write_annotation(tmp_path, [entry('a', folder='train/a/*.png')])
    write_frames(tmp_path / 'features/fullFrame-210x260px/train/a', 3)
    config = dict(type='CSLRDataset', corpus='phoenix2014-T', data_root=str(tmp_path), split='train')
    with pytest.raises(DataNotFoundError, match='has: fullFrame-210x260px; set frame_subdir'):
        DATASETS.build(config)
    assert len(DATASETS.build(dict(config, frame_subdir='fullFrame-210x260px'))[0]['frame_paths']) == 3


@pytest.mark.parametrize(
    ('kind', 'corpus'),
    [
        ('Phoenix2014Dataset', 'phoenix2014'),
        ('Phoenix2014TDataset', 'phoenix2014-T'),
        ('CSLDataset', 'csl'),
        ('CSLDailyDataset', 'csl-daily'),
    ],
)
def test_names_of_earlier_datasets(tmp_path, kind, corpus):
    write_annotation(tmp_path, [entry('a')])
    config = dict(type=kind, data_root=str(tmp_path), split='train', check_frames=False)
    dataset, new = DATASETS.build(config), build(tmp_path, corpus=corpus, check_frames=False)
    assert (str(dataset.corpus), dataset.frame_root, dataset.frame_rate) == (corpus, new.frame_root, new.frame_rate)
    assert str(corpus_of(dict(config, corpus='phoenix2014'))) == corpus  # as inference asks of a stored config
    # A config of 0.1.0 that changed the type of a base's dataset, whose corpus the base now names.
    assert str(DATASETS.build(dict(config, corpus='phoenix2014')).corpus) == corpus


def test_a_dataset_class_of_its_own_corpus_is_told_where_that_went():
    with pytest.raises(ConfigError, match=r'^Own: got features_dir, default_frame_rate .*add_a_corpus'):
        type('Own', (CSLRDataset,), dict(features_dir='frames', default_frame_rate=30.0))
