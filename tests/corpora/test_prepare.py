import os

import pytest
from downloaded_corpora import (
    FRAMES,
    HEADER_2014,
    HEADER_T,
    make_csl,
    touch_frames,
    write,
)

from cslrkit.corpora import find_corpus
from cslrkit.corpora.prepare import build_infos, find_frames, prepare_corpus
from cslrkit.errors import DataNotFoundError
from cslrkit.utils.npy import load_object


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


def test_split_without_a_sentence(csl_daily):
    path = csl_daily / 'sentence_label/split_1.txt'
    write(path, path.read_text().replace('|train', '|dev') + '\ngone|train\n')
    video_map = csl_daily / 'sentence_label/video_map.txt'
    write(video_map, '\n'.join(video_map.read_text(encoding='utf-8').split('\n')[:-1]))  # without the unlisted one
    summary = prepare_corpus(csl_daily, 'csl-daily')
    assert list(summary.splits) == ['dev', 'test']
    assert not (summary.out / 'train_info.npy').exists()
    assert 'train: no sentence; no file was written for it' in summary.notes
    assert any('1 sample of sentence_label/split_1.txt not in' in note for note in summary.notes)


def test_annotation_files_directly_in_the_root(csl_daily):
    for name in ('video_map.txt', 'split_1.txt'):
        os.rename(csl_daily / 'sentence_label' / name, csl_daily / name)
    assert prepare_corpus(csl_daily, 'csl-daily').num_samples == {'train': 2, 'dev': 1, 'test': 1}


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
