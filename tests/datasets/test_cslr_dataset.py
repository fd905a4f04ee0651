import re
import warnings

import numpy as np
import pytest
import torch
from corpus_files import GLOSSES, entry, write_annotation, write_frames
from mmengine.dataset import pseudo_collate
from torch.utils.data import DataLoader

from cslrkit.datasets import CSLRDataset
from cslrkit.datasets.cslr_dataset import corpus_of
from cslrkit.errors import ConfigError, DataError, DataNotFoundError
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


# --- annotations ---------------------------------------------------------------------------------


def test_double_spaces_string_counts_and_prefix(tmp_path):
    info = {'prefix': '/elsewhere', 0: entry('a', label=' REGEN  SONNE ', num_frames='54')}
    write_annotation(tmp_path, info)
    dataset = build(tmp_path, check_frames=False)
    assert dataset.references == {'a': ('REGEN', 'SONNE')}
    assert dataset.get_data_info(0)['num_frames'] == 54


def test_only_spaces_separate_glosses(tmp_path):
    write_annotation(tmp_path, [entry('a', label='REGEN SONNE\n')])
    with pytest.warns(UserWarning, match=re.escape(r"'SONNE\n' (1)")):
        assert build(tmp_path, check_frames=False).get_data_info(0)['gloss_ids'] == [1]


@pytest.mark.parametrize(('extra', 'expected'), [({}, ['a']), ({'prefix': 'x'}, ['a', 'b'])])
def test_drop_last_entry_follows_the_published_length(tmp_path, extra, expected):
    # The published length is the number of keys less one: right only where `prefix` is a key.
    write_annotation(tmp_path, {**extra, 0: entry('a'), 1: entry('b')})
    assert build(tmp_path, check_frames=False, drop_last_entry=True).sample_ids == expected
    assert build(tmp_path, check_frames=False).sample_ids == ['a', 'b']


def test_dropping_the_only_entry_is_an_error(tmp_path):
    write_annotation(tmp_path, [entry('a')])
    with pytest.raises(DataError, match='drop_last_entry leaves no entry'):
        build(tmp_path, check_frames=False, drop_last_entry=True)


def test_unknown_glosses_are_dropped_with_one_warning(tmp_path):
    write_annotation(tmp_path, [entry('a', label='REGEN NEBEL EIS'), entry('b', label='WIND'), entry('c', label='EIS')])
    with pytest.warns(UserWarning, match='glosses outside') as caught:
        dataset = build(tmp_path, check_frames=False)
    (message,) = [str(warning.message) for warning in caught]
    assert message == (
        'custom train: glosses outside the vocabulary: 2 (3 occurrences in 2 of 3 sentences): '
        "'EIS' (2), 'NEBEL' (1). They are dropped from the targets and stay in the references."
    )
    assert [dataset.get_data_info(index)['gloss_ids'] for index in range(3)] == [[1], [3], []]
    assert dataset.references['a'] == ('REGEN', 'NEBEL', 'EIS')


def test_unknown_glosses_can_be_an_error(tmp_path):
    write_annotation(tmp_path, [entry('a'), entry('b', label='EIS')])
    with pytest.raises(DataError, match=r"'EIS' \(1\)\. The first is in sample 'b'"):
        build(tmp_path, check_frames=False, on_unknown_gloss='error')


def test_no_warning_without_unknown_glosses(tmp_path):
    write_annotation(tmp_path, [entry('a')])
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        build(tmp_path, check_frames=False)


@pytest.mark.parametrize(
    ('info', 'message'),
    [
        ([], 'has no entries'),
        ('text', 'holds a str, expected a dict of entries'),
        ({0: entry('a'), 2: entry('b')}, 'got 2 entries that are not numbered 0, 1'),
        ({0: entry('a'), 'suffix': 'x'}, "got the key 'suffix'"),
        ([entry('a'), entry('b'), entry('a')], "entries 0 and 2 have one fileid 'a'"),
        ([entry('a'), 'text'], 'entry 1: got a str, expected a dict'),
        ([{'fileid': 'a'}], "entry 0 has no 'folder'; it has: fileid"),
        ([entry('a', label=None)], "entry 0: 'label': got None, expected a string"),
        ([entry('a', folder='')], "entry 0: 'folder' is empty"),
        ([entry('a', num_frames='many')], "'num_frames': got 'many'"),
        ([entry('a', num_frames=2.5)], "'num_frames': got 2.5"),
    ],
)
def test_malformed_annotations(tmp_path, info, message):
    write_annotation(tmp_path, info)
    with pytest.raises(DataError, match=re.escape(message)):
        build(tmp_path, check_frames=False)


# --- what is not there ---------------------------------------------------------------------------


def test_missing_data_root(tmp_path):
    with pytest.raises(
        DataNotFoundError, match=r"custom train: the data root '.*nowhere' was not found.*CSLRKIT_DATA.*ann_dir"
    ):
        build(tmp_path / 'nowhere')


def test_missing_ann_dir(tmp_path):
    with pytest.raises(DataNotFoundError, match=r"the folder of annotations '.*preprocess' was not found"):
        build(tmp_path)
    with pytest.raises(DataNotFoundError, match=r"the folder of annotations '.*other' was not found"):
        build(tmp_path / 'nowhere', ann_dir=str(tmp_path / 'other'))


def test_unknown_split_lists_what_is_there(corpus):
    write_annotation(corpus, [entry('a')], split='dev')
    with pytest.raises(DataNotFoundError, match=r'trian_info.npy.*Splits that are there: dev, train\.'):
        CSLRDataset(str(corpus), 'trian')
    with pytest.raises(DataNotFoundError, match=r'test_info.npy.*train with --cfg-options val_dataloader=None val_cfg'):
        CSLRDataset(str(corpus), 'test')


def test_missing_vocabulary(tmp_path):
    write_annotation(tmp_path, [entry('a')], gloss_dict=None)
    with pytest.raises(DataNotFoundError, match=r"gloss_dict.npy' was not found"):
        build(tmp_path)


def test_missing_folder_of_frames_names_the_others(corpus):
    (corpus / 'frames-210').mkdir()
    with pytest.raises(DataNotFoundError, match=r"'.*frames-256' does not exist.*has: a, b, frames-210, preprocess"):
        build(corpus, frame_subdir='frames-256')


def test_sample_without_frames(corpus):
    dataset = build(corpus)
    for path in (corpus / 'a').iterdir():
        path.unlink()
    with pytest.raises(DataError, match=r"sample 'a': no frames match '.*/a/\*\.png'. The folder exists but is empty"):
        dataset[0]
    (corpus / 'a' / 'x.jpg').touch()
    with pytest.raises(DataError, match=r'empty of such files \(1 others\)'):
        dataset[0]


def test_frames_under_another_subdir(tmp_path):
    write_annotation(tmp_path, [entry('a')])
    (tmp_path / 'frames-256').mkdir()
    write_frames(tmp_path / 'frames-210' / 'a', 3)
    with pytest.raises(DataNotFoundError, match="the frames are there for frame_subdir='frames-210'"):
        build(tmp_path, frame_subdir='frames-256')[0]


def test_brackets_in_folders_are_literal(tmp_path):
    root = tmp_path / 'data[1]'
    write_annotation(root, [entry('a[2]')])
    write_frames(root / 'a[2]', 2)
    assert len(build(root)[0]['frame_paths']) == 2


def test_folder_without_a_pattern_takes_every_file(tmp_path):
    write_annotation(tmp_path, [entry('a', folder='a')])
    write_frames(tmp_path / 'a', 2, suffix='.jpg')
    assert len(build(tmp_path)[0]['frame_paths']) == 2


def test_unreadable_image_is_an_error_not_another_sample(corpus):
    (corpus / 'a' / 'images0001.png').write_bytes(b'no image')
    dataset = build(corpus, pipeline=PACKED)
    with pytest.raises(DataError, match=r"sample 'a': '.*images0001.png' cannot be read as an image"):
        dataset[0]


def test_a_transform_that_returns_none_is_an_error(corpus):
    with pytest.raises(DataError, match='a transform returned None for sample 1'):
        build(corpus, pipeline=[lambda sample: None])[1]


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
