"""Annotations and frames that are malformed or missing."""

import re
import warnings

import pytest
from corpus_files import entry, write_annotation, write_frames

from cslrkit.datasets import CSLRDataset
from cslrkit.errors import DataError, DataNotFoundError

PACKED = [dict(type='LoadFrames'), dict(type='PackSignInputs')]


def build(root, **options):
    return CSLRDataset(str(root), 'train', **options)


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
