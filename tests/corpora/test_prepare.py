import os

import pytest
from downloaded_corpora import (
    FRAMES,
    HEADER_2014,
    HEADER_DAILY,
    HEADER_T,
    MAKERS,
    UNLISTED,
    make_csl,
    make_csl_daily,
    make_phoenix2014,
    make_phoenix2014_t,
    touch_frames,
    write,
)

from cslrkit.corpora import find_corpus
from cslrkit.corpora.prepare import build_infos, describe, find_frames, prepare_corpus, write_stm
from cslrkit.errors import ConfigError, DataError, DataNotFoundError, OutputError
from cslrkit.utils.npy import load_object


@pytest.fixture
def phoenix2014(tmp_path):
    return make_phoenix2014(tmp_path)


@pytest.fixture
def phoenix2014_t(tmp_path):
    return make_phoenix2014_t(tmp_path)


@pytest.fixture
def csl_daily(tmp_path):
    return make_csl_daily(tmp_path)


def test_phoenix2014_files(phoenix2014):
    summary = prepare_corpus(phoenix2014, 'phoenix2014')
    assert summary.out == phoenix2014 / 'preprocess'
    assert summary.num_samples == {'train': 1, 'dev': 1, 'test': 1}
    assert summary.num_frames == {'train': 3, 'dev': 3, 'test': 3}
    assert summary.num_glosses == 3
    assert load_object(summary.out / 'train_info.npy') == {
        'prefix': FRAMES,
        0: {
            'fileid': 'train-0',
            'folder': 'train/train-0/1/*.png',
            'signer': 'Signer01',
            'label': 'REGEN  WOLKE ',  # blanks stay as annotated
            'num_frames': 3,
            'original_info': 'train-0|train-0/1/*.png|Signer01|REGEN  WOLKE ',
        },
    }
    assert load_object(summary.out / 'gloss_dict.npy') == {'ABEND': [1, 1], 'REGEN': [2, 1], 'WOLKE': [3, 3]}
    stm = (summary.out / 'phoenix2014-groundtruth-train.stm').read_bytes()
    assert stm == b'train-0 1 Signer01 0.0 1.79769e+308 REGEN  WOLKE \n'
    assert len([path for path in summary.out.rglob('*') if path.is_file()]) == 10  # no temporary file is left


def test_phoenix2014_leaves_out_the_broken_clip(phoenix2014):
    broken = '13April_2011_Wednesday_tagesschau_default-14'
    with (phoenix2014 / 'annotations/manual/train.corpus.csv').open('a') as file:
        file.write(f'{broken}|{broken}/1/*.png|Signer01|REGEN\nlast|train-0/1/*.png|Signer01|REGEN\n')
    ids = [annotation.sample_id for annotation in find_corpus('phoenix2014').read(phoenix2014, 'train')]
    assert ids == ['train-0', 'last']


def test_phoenix2014_t_follows_the_frames(phoenix2014_t):
    # As released: the annotations say /1/, the frames are one folder higher.
    info = load_object(prepare_corpus(phoenix2014_t, 'phoenix2014-T').out / 'dev_info.npy')
    assert info['prefix'] == FRAMES
    assert info[0] == {
        'fileid': 'dev-0',
        'folder': 'dev/dev-0/*.png',
        'signer': 'Signer08',
        'label': 'DRUCK TIEF',
        'num_frames': 4,
        'original_info': 'dev-0|dev-0/1/*.png|-1|-1|Signer08|DRUCK TIEF|tiefer luftdruck',
    }


@pytest.mark.parametrize(('annotated', 'on_disk'), [('/1', '/1'), ('', '/1'), ('', ''), ('/1', '')])
def test_phoenix2014_t_with_and_without_the_inner_folder(tmp_path, annotated, on_disk):
    path = tmp_path / 'annotations/manual/PHOENIX-2014-T.dev.corpus.csv'
    write(path, f'{HEADER_T}a|a{annotated}/*.png|-1|-1|Signer01|REGEN|regen\n')
    touch_frames(tmp_path / FRAMES / 'dev' / f'a{on_disk}', 2)
    annotations = find_corpus('phoenix2014-T').read(tmp_path, 'dev')
    corpus = find_corpus('phoenix2014-T')
    frames = find_frames(corpus, tmp_path / FRAMES, annotations)
    info = build_infos(corpus, annotations, frames, frame_dir=FRAMES)['dev']
    assert (info[0]['folder'], info[0]['num_frames']) == (f'dev/a{on_disk}/*.png', 2)


def test_csl_daily_files(csl_daily):
    summary = prepare_corpus(csl_daily, 'csl-daily')
    assert summary.num_samples == {'train': 2, 'dev': 1, 'test': 1}
    train = load_object(summary.out / 'train_info.npy')
    assert train[0] == {
        'fileid': 'S000001_P0000_T00',
        'folder': 'S000001_P0000_T00/*.jpg',
        'signer': 'unknown',
        'label': '他 今天',
        'num_frames': '3',  # as annotated: a string
        'original_info': 'S000001_P0000_T00|3|他 今天|他 今 天 。|他 今天 。|r t w\n',
    }
    # The published script puts the clip that split_1.txt leaves out into train.
    assert train[1]['fileid'] == 'S000007_P0003_T00'
    assert train[1]['original_info'].endswith('r t w')  # the file's last line has no line end
    assert (summary.out / 'CSL-Daily-groundtruth-dev.stm').read_text(encoding='utf-8') == (
        'S000002_P0000_T00 1 unknown 0.0 1.79769e+308 他 今天\n'
    )


def test_csl_files(tmp_path):
    make_csl(tmp_path)
    summary = prepare_corpus(tmp_path, 'csl')
    assert summary.num_samples == {'train': 2, 'dev': 1}  # as distributed there is no test split
    assert load_object(summary.out / 'train_info.npy') == {
        0: {
            'fileid': '/disk/CSL/video0',
            'folder': 'video0',
            'signer': 'unknown',
            'label': '他 同学',
            'num_frames': 2,
            'original_info': '/disk/CSL/video0|他 同学\n',
        },
        1: {
            'fileid': '/disk/CSL/video2',
            'folder': 'video2',
            'signer': 'unknown',
            'label': '同学',
            'num_frames': 2,
            'original_info': '/disk/CSL/video2|同学',
        },
    }


def test_out_folder(phoenix2014, tmp_path):
    out = tmp_path / 'elsewhere/deep'
    assert prepare_corpus(phoenix2014, 'phoenix2014', out=out).out == out
    assert (out / 'gloss_dict.npy').is_file()


def test_windows_line_ends_and_byte_order_mark(phoenix2014):
    path = phoenix2014 / 'annotations/manual/dev.corpus.csv'
    path.write_bytes(('\ufeff' + path.read_text()).replace('\n', '\r\n').encode('utf-8'))
    (annotation,) = find_corpus('phoenix2014').read(phoenix2014, 'dev')
    assert (annotation.label, annotation.original_info) == ('WOLKE', 'dev-0|dev-0/1/*.png|Signer01|WOLKE')


@pytest.mark.parametrize(
    ('row', 'message'),
    [
        ('x|x/1/*.png|Signer01', r"dev\.corpus\.csv', line 3: got 3 fields separated by \|, expected 4"),
        ('x|x/1/*.png||REGEN', r"dev\.corpus\.csv', line 3: the sample's signer is empty"),
        ('x|x/1/*.png|Signer 1|REGEN', r"line 3: got the signer 'Signer 1', expected a word without white space"),
        (';;x|x/1/*.png|S|REGEN', r"line 3: got the name ';;x', but lines that begin with ;; are comments"),
        ('x|x/1/*.png|S|<REGEN> WOLKE', r"line 3: got the glosses '<REGEN> WOLKE': in an STM file"),
        ('x|x/1/*.png|S|REGEN\0', r"line 3: got the glosses 'REGEN.x00', which hold a control character"),
        ('x|../../x/*.png|S|REGEN', r"line 3: got the folder '../../x/\*.png', expected a folder below"),
        ('x|/etc/*.png|S|REGEN', r"line 3: got the folder '/etc/\*.png', expected a folder below"),
        ('|x/1/*.png|Signer01|REGEN', r"dev\.corpus\.csv', line 3: the sample's name"),
        ('x|x/1|Signer01|REGEN', r"dev\.corpus\.csv', line 3: got the folder 'x/1', expected a file pattern"),
        ('dev-0|x/1/*.png|S|REGEN', r"dev\.corpus\.csv', line 3: sample 'dev-0' is already in .*line 2"),
    ],
)
def test_malformed_row(phoenix2014, row, message):
    with (phoenix2014 / 'annotations/manual/dev.corpus.csv').open('a') as file:
        file.write(f'{row}\n')
    with pytest.raises(DataError, match=message):
        prepare_corpus(phoenix2014, 'phoenix2014')
    assert not (phoenix2014 / 'preprocess').exists()


def test_missing_annotations(phoenix2014):
    (phoenix2014 / 'annotations/manual/test.corpus.csv').unlink()
    with pytest.raises(DataNotFoundError, match=r"test\.corpus\.csv' does not exist"):
        prepare_corpus(phoenix2014, 'phoenix2014')


@pytest.mark.parametrize(('content', 'got'), [('', 'an empty file'), ('id,folder\n', 'id,folder')])
def test_wrong_header(phoenix2014, content, got):
    write(phoenix2014 / 'annotations/manual/dev.corpus.csv', content)
    with pytest.raises(DataError, match=f'line 1: got .*{got}.*, expected the header'):
        find_corpus('phoenix2014').read(phoenix2014, 'dev')


def test_no_sample(phoenix2014):
    write(phoenix2014 / 'annotations/manual/dev.corpus.csv', HEADER_2014)
    with pytest.raises(DataError, match=r"dev\.corpus\.csv' has no sample"):
        find_corpus('phoenix2014').read(phoenix2014, 'dev')


def test_not_utf8(phoenix2014):
    (phoenix2014 / 'annotations/manual/dev.corpus.csv').write_bytes(HEADER_2014.encode() + b'a|a/*.png|S|\xfc\n')
    with pytest.raises(DataError, match='is not UTF-8'):
        find_corpus('phoenix2014').read(phoenix2014, 'dev')


def test_csl_daily_mistakes(csl_daily):
    write(csl_daily / 'sentence_label/split_1.txt', 'name|split\nS000000_P0000_T00|valid\n')
    with pytest.raises(DataError, match=r"split_1\.txt', line 2: got the split 'valid', expected one of train"):
        prepare_corpus(csl_daily, 'csl-daily')
    write(csl_daily / 'sentence_label/video_map.txt', f'{HEADER_DAILY}0|a|many|他|他|他|r\n')
    write(csl_daily / 'sentence_label/split_1.txt', 'name|split\na|train\n')
    with pytest.raises(DataError, match=r"video_map\.txt', line 2: got the length 'many'"):
        prepare_corpus(csl_daily, 'csl-daily')


def test_frame_dir(tmp_path):
    with pytest.raises(DataNotFoundError, match=r"has no folder 'features/fullFrame-\*x\*px'"):
        find_corpus('phoenix2014').find_frame_dir(tmp_path)
    (tmp_path / 'features/fullFrame-64x64px').mkdir(parents=True)
    assert find_corpus('phoenix2014').find_frame_dir(tmp_path) == 'features/fullFrame-64x64px'
    (tmp_path / 'features/fullFrame-96x96px').mkdir()
    with pytest.raises(DataError, match=r'fullFrame-64x64px, features/fullFrame-96x96px.*Name it by frame_dir'):
        find_corpus('phoenix2014').find_frame_dir(tmp_path)
    (tmp_path / FRAMES).mkdir()
    assert find_corpus('phoenix2014').find_frame_dir(tmp_path) == FRAMES


def test_unknown_corpus(tmp_path):
    with pytest.raises(
        ConfigError, match=r"'phoenix14' is not registered in the corpus registry\. Did you mean 'phoenix2014'"
    ):
        prepare_corpus(tmp_path, 'phoenix14')


def test_unwritable_output(phoenix2014):
    (phoenix2014 / 'preprocess').touch()
    with pytest.raises(OutputError, match=r"train_info\.npy' cannot be written"):
        prepare_corpus(phoenix2014, 'phoenix2014')


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / 'a.stm'
    path.write_text('old')

    def fail(*_):
        raise OSError('disk full')

    monkeypatch.setattr(os, 'replace', fail)
    with pytest.raises(OutputError, match='disk full'):
        write_stm(path, {0: {'fileid': 'a', 'signer': 's', 'label': 'REGEN'}})
    assert path.read_text() == 'old'
    assert list(tmp_path.iterdir()) == [path]


def test_phoenix2014_cleaned_references(phoenix2014):
    path = phoenix2014 / 'annotations/manual/train.corpus.csv'
    write(path, f'{HEADER_2014}a|train-0/1/*.png|S|loc-NORD REGEN REGEN __PU__\n')
    path = phoenix2014 / 'annotations/manual/dev.corpus.csv'
    write(path, f'{HEADER_2014}b|dev-0/1/*.png|S|cl-NORD REGEN REGEN __PU__\n')
    out = prepare_corpus(phoenix2014, 'phoenix2014').out
    cleaned = out / 'ground-truth'
    # Repeats are merged in train only.
    assert (cleaned / 'phoenix2014-groundtruth-train.stm').read_text() == 'a 1 S 0.0 1.79769e+308 NORD REGEN\n'
    assert (cleaned / 'phoenix2014-groundtruth-dev.stm').read_text() == 'b 1 S 0.0 1.79769e+308 NORD REGEN REGEN\n'
    assert (out / 'phoenix2014-groundtruth-dev.stm').read_text().endswith('cl-NORD REGEN REGEN __PU__\n')


@pytest.mark.parametrize(('rows', 'left'), [(5672, 5671), (5671, 5671), (5670, 5670)])
def test_phoenix2014_leaves_out_row_2390_of_5672(tmp_path, rows, left):
    text = ''.join(f'v{row}|v{row}/1/*.png|S|REGEN\n' for row in range(rows))
    write(tmp_path / 'annotations/manual/train.corpus.csv', HEADER_2014 + text)
    ids = [annotation.sample_id for annotation in find_corpus('phoenix2014').read(tmp_path, 'train')]
    assert len(ids) == left
    assert ('v2390' in ids) == (rows != 5672)
    assert ids[2391 - (rows == 5672)] == 'v2391'


@pytest.mark.parametrize('layout', list(MAKERS))
def test_missing_frames_are_told_by_id(tmp_path, layout):
    corpus = find_corpus(layout)
    annotations = corpus.read(MAKERS[layout](tmp_path), 'train')
    frames = find_frames(corpus, tmp_path / corpus.find_frame_dir(tmp_path), annotations)
    assert [own.problem for own in frames] == [''] * len(annotations)
    for name in frames[0].names:
        os.rename(os.path.join(frames[0].place, name), os.path.join(frames[0].place, f'{name}.bak'))
    summary = prepare_corpus(tmp_path, layout)
    assert list(summary.splits['train'].missing_frames) == [annotations[0].sample_id]
    assert 'exists, but no file in it matches' in summary.splits['train'].missing_frames[annotations[0].sample_id]
    assert annotations[0].sample_id in describe(summary)
    assert len(load_object(summary.out / 'train_info.npy')) >= len(annotations)  # it is kept, as published


def test_fewer_frames_than_annotated(csl_daily):
    (csl_daily / 'sentence/frames_512x512' / UNLISTED / 'f0000.jpg').unlink()
    summary = prepare_corpus(csl_daily, 'csl-daily')
    assert summary.splits['train'].missing_frames == {UNLISTED: '4 frames of 5'}
    assert f'train: 1 sentences with missing frames:\n  {UNLISTED}: 4 frames of 5' in describe(summary)


@pytest.mark.parametrize('layout', list(MAKERS))
def test_annotations_without_any_frames(tmp_path, layout):
    MAKERS[layout](tmp_path, add_frames=lambda *args: None)
    summary = prepare_corpus(tmp_path, layout)
    for split, own in summary.splits.items():
        assert len(own.missing_frames) == own.num_sentences
        assert f'{split}: NO sentence has all its frames' in describe(summary)
    with pytest.raises(DataNotFoundError, match=r'has no folder|no sentence has frames'):
        prepare_corpus(tmp_path, layout, resize=(8, 8))


def test_summary(phoenix2014):
    summary = prepare_corpus(phoenix2014, 'phoenix2014')
    test = summary.splits['test']
    assert (test.num_sentences, test.num_frames, test.signers, test.num_words) == (1, 3, ('Signer01',), 2)
    assert summary.absent_from_train('test') == {'ABEND': 1}
    assert summary.absent_from_train('dev') == {}
    text = describe(summary)
    assert 'test: 1 glosses absent from train: ABEND (1)' in text
    assert 'note: dev: 1 sentences, the published corpus has 540' in text
    assert 'vocabulary: 3 glosses' in text


def test_notes_on_labels(phoenix2014):
    text = 'a|train-0/1/*.png|S|\nb|train-0/1/*.png|S|REGEN\u3000WOLKE\ndev-0|train-0/1/*.png|S|WOLKE\n'
    write(phoenix2014 / 'annotations/manual/train.corpus.csv', HEADER_2014 + text)
    notes = '\n'.join(prepare_corpus(phoenix2014, 'phoenix2014').notes)
    assert 'train: 1 sentences without glosses: a' in notes
    assert 'train: 1 labels have white space other than spaces' in notes
    assert 'dev: in another split as well: dev-0' in notes


def test_split_file_must_cover_the_annotations(csl_daily):
    write(csl_daily / 'sentence_label/split_1.txt', 'name|split\nS000000_P0000_T00|test\n')
    with pytest.raises(DataError, match=r"2 samples are in no split of '.*split_1\.txt', such as 'S000001_P0000_T00'"):
        prepare_corpus(csl_daily, 'csl-daily')
    write(csl_daily / 'sentence_label/split_1.txt', 'name|split\na|test\na|dev\n')
    with pytest.raises(DataError, match=r"line 3: sample 'a' is already in the split 'test', got 'dev'"):
        prepare_corpus(csl_daily, 'csl-daily')


def test_split_without_a_sentence(csl_daily):
    path = csl_daily / 'sentence_label/split_1.txt'
    write(path, path.read_text().replace('|train', '|dev') + '\ngone|train\n')
    video_map = csl_daily / 'sentence_label/video_map.txt'
    write(video_map, '\n'.join(video_map.read_text(encoding='utf-8').split('\n')[:-1]))  # without the unlisted one
    summary = prepare_corpus(csl_daily, 'csl-daily')
    assert list(summary.splits) == ['dev', 'test']
    assert not (summary.out / 'train_info.npy').exists()
    assert 'train: no sentence; no file was written for it' in summary.notes
    assert any('1 samples of sentence_label/split_1.txt are not in' in note for note in summary.notes)


def test_annotation_files_directly_in_the_root(csl_daily):
    for name in ('video_map.txt', 'split_1.txt'):
        os.rename(csl_daily / 'sentence_label' / name, csl_daily / name)
    assert prepare_corpus(csl_daily, 'csl-daily').num_samples == {'train': 2, 'dev': 1, 'test': 1}


def test_the_root_is_further_down(tmp_path):
    make_phoenix2014(tmp_path / 'release/phoenix-2014-multisigner')
    with pytest.raises(DataNotFoundError, match=r"but it does below '.*release/phoenix-2014-multisigner': that is"):
        prepare_corpus(tmp_path / 'release', 'phoenix2014')
    with pytest.raises(DataNotFoundError, match=r"The corpus root '.*nowhere' is no folder"):
        prepare_corpus(tmp_path / 'nowhere', 'phoenix2014')


def test_named_frame_dir(phoenix2014):
    os.rename(phoenix2014 / FRAMES, phoenix2014 / 'pictures')
    assert (
        load_object(prepare_corpus(phoenix2014, 'phoenix2014', frame_dir='pictures').out / 'dev_info.npy')[0][
            'num_frames'
        ]
        == 3
    )
    with pytest.raises(DataNotFoundError, match="frame_dir: 'picture' is not a folder below"):
        prepare_corpus(phoenix2014, 'phoenix2014', frame_dir='picture')
