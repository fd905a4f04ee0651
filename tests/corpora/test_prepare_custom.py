import json
import os

import numpy as np
import pytest
from downloaded_corpora import draw_frames, write
from own_recordings import film, prepare_custom

from cslrkit.corpora import Custom
from cslrkit.corpora.prepare import check_corpus
from cslrkit.errors import DataError, DataNotFoundError
from cslrkit.evaluation.functional import load_stm
from cslrkit.registry import DATASETS
from cslrkit.utils.npy import load_object

HEADER = 'id,frames,glosses,signer,split\n'


def read_custom_table(path):
    return Custom().read_file(path)


@pytest.fixture
def recordings(tmp_path):
    film(tmp_path / 'hello.avi', 5)
    draw_frames(tmp_path / 'clips/rain [1]', 3, '.jpg', size=(48, 64))
    rows = 'hello,hello.avi,"नमस्ते دنیا",Aya,train\nrain,clips/rain [1],دنیا 雨,,dev\n'
    write(tmp_path / 'own.csv', HEADER + rows)
    return tmp_path


def dataset(root, split, **options):
    config = dict(type='CSLRDataset', data_root=str(root), split=split, pipeline=[dict(type='LoadFrames')])
    return DATASETS.build(dict(config, **options))


def test_video_and_folder(recordings):
    summary = prepare_custom(recordings / 'own.csv', workers=1)
    assert summary.num_frames == {'train': 5, 'dev': 3}
    sample = dataset(recordings, 'train')[0]
    assert sample['sample_id'] == 'hello'
    assert sample['glosses'] == ('नमस्ते', 'دنیا')
    assert sample['gloss_ids'] == [2, 1]  # in the order of code points: Arabic, Devanagari, Han
    assert sample['signer'] == 'Aya'
    assert sample['frame_rate'] == 30.0
    assert sample['imgs'].shape == (5, 48, 64, 3)
    for index, image in enumerate(sample['imgs'].astype(int)):  # RGB: red is first
        np.testing.assert_allclose(image[10, 10], [150 + 10 * index, 0, 0], atol=12)
        np.testing.assert_allclose(image[10, 50], [0, 0, 150 + 10 * index], atol=12)
    sample = dataset(recordings, 'dev')[0]
    assert sample['glosses'] == ('دنیا', '雨')
    assert (sample['signer'], sample['frame_rate'], len(sample['imgs'])) == ('unknown', None, 3)
    assert dataset(recordings, 'train', frame_rate=25)[0]['frame_rate'] == 25.0  # a config has the last word
    (entry,) = load_stm(summary.out / 'custom-groundtruth-train.stm')
    assert (entry.sample_id, entry.words, entry.signer) == ('hello', ('नमस्ते', 'دنیا'), 'Aya')
    assert load_object(summary.out / 'gloss_dict.npy') == {'دنیا': [1, 2], 'नमस्ते': [2, 1], '雨': [3, 1]}
    assert check_corpus(recordings, 'custom', workers=1).problems == ()
    assert 'test: no sentence' in summary.notes[0]


def test_resized_elsewhere_and_again(recordings, tmp_path):
    options = dict(out=tmp_path / 'ann', resize=(20, 10), frames_out=tmp_path / 'cache', workers=1)
    prepare_custom(recordings / 'own.csv', **options)
    for split, count in (('train', 5), ('dev', 3)):
        sample = dataset(recordings, split, ann_dir=str(tmp_path / 'ann'))[0]
        assert sample['imgs'].shape == (count, 10, 20, 3)
    folder = tmp_path / 'cache/frames-20x10px/hello'
    stamps = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    prepare_custom(recordings / 'own.csv', **options)
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == stamps
    (folder / '000002.png').unlink()  # a loss, or another video of the same name: made anew
    prepare_custom(recordings / 'own.csv', **options)
    assert (folder / '000002.png').exists()
    film(tmp_path / 'hello.avi', 7)
    (tmp_path / 'cache/frames-20x10px/.hello.part-1').mkdir()  # as a killed run leaves it
    assert prepare_custom(recordings / 'own.csv', **options).num_frames['train'] == 7
    assert sorted(os.listdir(tmp_path / 'cache/frames-20x10px')) == ['hello', 'rain']


def test_json(recordings):
    rows = [
        {'id': 7, 'video': 'hello.avi', 'glosses': ['a', 'b'], 'split': 'train', 'frame_rate': 12.5},
        {'id': 'x', 'frames': 'clips/rain [1]', 'video': None, 'glosses': 'b', 'signer': 'S', 'split': 'test'},
    ]
    write(recordings / 'own.json', json.dumps(rows))
    summary = prepare_custom(recordings / 'own.json', workers=1)
    assert summary.absent_from_train('test') == {}
    assert dataset(recordings, 'train')[0]['frame_rate'] == 12.5
    assert dataset(recordings, 'test')[0]['sample_id'] == 'x'


@pytest.mark.parametrize('delimiter', [';', '\t', '|'])
def test_other_delimiters_and_byte_order_mark(tmp_path, delimiter):
    rows = ['id,path,glosses,split', 'a,somewhere,X  Y,dev', '', '"b",else,"Z",test']
    write(tmp_path / 'own.csv', '\ufeff' + '\r\n'.join(rows).replace(',', delimiter))
    first, second = read_custom_table(tmp_path / 'own.csv')
    assert (first.sample_id, first.folder, first.label, first.split) == ('a', 'somewhere', 'X Y', 'dev')
    assert (second.sample_id, second.signer) == ('b', 'unknown')


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('', r'line 1: got nothing, which lacks id, glosses, split, frames or video or path'),
        (HEADER, r"own\.csv' has no sample"),
        ('id,frames,gloss,split\n', r"line 1: got id, frames, gloss, split, which lacks glosses.*Did you mean 'gloss'"),
        ('id,frames,frames,glosses,split\n', r'line 1: a column is there twice'),
        ('id,glosses,split\n', r'lacks frames or video or path'),
        (HEADER + 'a,b,c\n', r"line 2: got 3 fields separated by ',', expected 5"),
        (HEADER + 'a,b,,S,dev\n', r'line 2: there are no glosses'),
        (HEADER + ',b,X,S,dev\n', r"line 2: the sample's name is empty"),
        (HEADER + 'a b,b,X,S,dev\n', r"line 2: got the name 'a b', expected a word without white space"),
        (HEADER + 'a/b,b,X,S,dev\n', r"line 2: got the id 'a/b', expected one that can name a folder"),
        (HEADER + 'a,b,X,my name,dev\n', r"line 2: got the signer 'my name'"),
        (HEADER + 'a,,X,S,dev\n', r'line 2: got 0 paths in the columns frames, video, path, expected one'),
        (HEADER + 'a,b,X,S,dev\nA,b,X,S,dev\n', r"line 3: sample 'A' is already in .*line 2"),
        (HEADER + 'a,b,<X>,S,dev\n', r'in an STM file a first word in <> is a category'),
        (HEADER + 'a,"b,X,S,dev\n', r'line \d: not CSV'),
        ('id,frames,glosses,split,frame_rate\na,b,X,dev,0\n', r"line 2: 'frame_rate': got '0'"),
    ],
)
def test_malformed_csv(tmp_path, text, message):
    write(tmp_path / 'own.csv', text)
    with pytest.raises(DataError, match=message):
        read_custom_table(tmp_path / 'own.csv')


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('{', 'is not JSON'),
        ('[' * 100000, 'is not JSON'),
        ('{}', 'got a JSON dict, expected a list'),
        ('[1]', "entry 1: got '1', expected an object"),
        ('[{"id": "a", "id": "b"}]', 'an object has a key twice'),
        ('[{"id": "a", "glosses": [["X"]], "split": "dev", "video": "v"}]', "'glosses': got .* expected text"),
        ('[{"id": "a", "glosses": ["X Y"], "split": "dev", "video": "v"}]', "got the gloss 'X Y'"),
        ('[{"id": "\\ud800", "glosses": "X", "split": "dev", "video": "v"}]', 'is not Unicode text'),
        ('[{"id": 1.5, "glosses": "X", "split": "dev", "video": "v"}]', "'id': got '1.5', expected text"),
    ],
)
def test_malformed_json(tmp_path, text, message):
    write(tmp_path / 'own.json', text)
    with pytest.raises(DataError, match=message):
        read_custom_table(tmp_path / 'own.json')


def test_columns_that_are_not_read(recordings):
    text = 'id,video,glosses,split,translation,singer,,\nhello,hello.avi,X,train,Hallo,Aya,,\n'
    write(recordings / 'own.csv', text)
    (note,) = [n for n in prepare_custom(recordings / 'own.csv', workers=1).notes if 'columns' in n]
    assert note == "'own.csv': columns that are not read: translation, singer (Did you mean 'signer'?)"
    write(recordings / 'own.csv', text.replace(',train,', ',val,'))
    with pytest.raises(DataError, match=r"line 2: got the split 'val', expected one of train, dev, test"):
        prepare_custom(recordings / 'own.csv')


def test_recordings_that_cannot_be_used(tmp_path):
    with pytest.raises(DataNotFoundError, match=r"own\.csv' does not exist"):
        prepare_custom(tmp_path / 'own.csv')
    write(tmp_path / 'own.csv', HEADER + 'a,a.avi,X,S,dev\nb,b,X,S,dev\n')
    with pytest.raises(DataNotFoundError, match=r"line 2: sample 'a': '.*a\.avi' does not exist\n.*line 3: sample 'b'"):
        prepare_custom(tmp_path / 'own.csv')
    write(tmp_path / 'a.avi', 'no video')
    (tmp_path / 'b').mkdir()
    with pytest.raises(DataError, match=r"a\.avi' cannot be read as a video(.|\n)*'b': '.*b': got no image"):
        prepare_custom(tmp_path / 'own.csv', workers=1)
    assert not (tmp_path / 'preprocess').exists()
    assert not (tmp_path / 'frames/a').exists()


def test_frames_out_of_order_are_refused(tmp_path):
    for name in ('shot2.png', 'shot10.png'):
        write(tmp_path / 'a' / name, '')
    write(tmp_path / 'own.csv', HEADER + 'a,a,X,S,dev\n')
    with pytest.raises(DataError, match=r"'shot10\.png' before 'shot2\.png': rename them with leading zeros"):
        prepare_custom(tmp_path / 'own.csv')
    write(tmp_path / 'a/shot2.jpg', '')
    with pytest.raises(DataError, match=r'images named \*\.jpg and \*\.png, expected images of one suffix'):
        prepare_custom(tmp_path / 'own.csv')


def test_a_video_cut_off_is_noted(recordings):
    film(recordings / 'hello.avi', 40)
    whole = (recordings / 'hello.avi').read_bytes()
    (recordings / 'hello.avi').write_bytes(whole[: len(whole) // 2])
    summary = prepare_custom(recordings / 'own.csv', workers=1)
    assert 5 < summary.num_frames['train'] < 30
    assert any("hello.avi' is cut off: " in note for note in summary.notes)


def test_glosses_that_look_alike(recordings):
    rows = 'hello,hello.avi,caf\u00e9,,train\nrain,clips/rain [1],cafe\u0301,,dev\n'
    write(recordings / 'own.csv', HEADER + rows)
    assert 'glosses that look alike' in '\n'.join(prepare_custom(recordings / 'own.csv', workers=1).notes)
