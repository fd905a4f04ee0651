import os
from pathlib import Path

import pytest

from cslrkit.datasets import prepare
from cslrkit.datasets.prepare import (
    LAYOUTS,
    SPLITS,
    build_gloss_dict,
    build_info,
    find_frame_dir,
    prepare_corpus,
    read_annotations,
    write_stm,
)
from cslrkit.errors import ConfigError, DataError, DataNotFoundError, OutputError
from cslrkit.utils.npy import load_object

HEADER_2014 = 'id|folder|signer|annotation\n'
HEADER_T = 'name|video|start|end|speaker|orth|translation\n'
HEADER_DAILY = 'index|name|length|gloss|char|word|postag\n'
FRAMES_2014 = 'features/fullFrame-210x260px'


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode('utf-8'))


def add_frames(folder: Path, count: int, suffix: str = '.png') -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        (folder / f'f{index:04d}{suffix}').touch()


@pytest.fixture
def phoenix2014(tmp_path):
    for split, label in (('train', 'REGEN  WOLKE '), ('dev', 'WOLKE'), ('test', 'ABEND WOLKE')):
        write(
            tmp_path / f'annotations/manual/{split}.corpus.csv',
            f'{HEADER_2014}{split}-0|{split}-0/1/*.png|Signer01|{label}\n',
        )
        add_frames(tmp_path / FRAMES_2014 / split / f'{split}-0/1', 3)
    return tmp_path


@pytest.fixture
def phoenix2014_t(tmp_path):
    for split in SPLITS:
        write(
            tmp_path / f'annotations/manual/PHOENIX-2014-T.{split}.corpus.csv',
            f'{HEADER_T}{split}-0|{split}-0/1/*.png|-1|-1|Signer08|DRUCK TIEF|tiefer luftdruck\n',
        )
        add_frames(tmp_path / FRAMES_2014 / split / f'{split}-0', 4)
    return tmp_path


@pytest.fixture
def csl_daily(tmp_path):
    names = ('S000000_P0000_T00', 'S000001_P0000_T00', 'S000002_P0000_T00', 'S000007_P0003_T00')
    rows = [f'{index}|{name}|{index + 2}|他 今天|他 今 天 。|他 今天 。|r t w' for index, name in enumerate(names)]
    write(tmp_path / 'sentence_label/video_map.txt', HEADER_DAILY + '\n'.join(rows))
    splits = [f'{name}|{split}' for name, split in zip(names, ('test', 'train', 'dev'))]
    write(tmp_path / 'sentence_label/split_1.txt', 'name|split\n' + '\n'.join(splits))
    for index, name in enumerate(names):
        add_frames(tmp_path / 'sentence/frames_512x512' / name, index + 2, '.jpg')
    return tmp_path


def test_phoenix2014_files(phoenix2014):
    summary = prepare_corpus(phoenix2014, 'phoenix2014')
    assert summary.out == phoenix2014 / 'preprocess'
    assert summary.num_samples == {'train': 1, 'dev': 1, 'test': 1}
    assert summary.num_frames == {'train': 3, 'dev': 3, 'test': 3}
    assert summary.num_glosses == 3
    assert load_object(summary.out / 'train_info.npy') == {
        'prefix': FRAMES_2014,
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
    assert len(list(summary.out.iterdir())) == 7  # no temporary file is left


def test_phoenix2014_leaves_out_the_broken_clip(phoenix2014):
    broken = '13April_2011_Wednesday_tagesschau_default-14'
    with (phoenix2014 / 'annotations/manual/train.corpus.csv').open('a') as file:
        file.write(f'{broken}|{broken}/1/*.png|Signer01|REGEN\nlast|train-0/1/*.png|Signer01|REGEN\n')
    ids = [annotation.sample_id for annotation in read_annotations(phoenix2014, 'phoenix2014', 'train')]
    assert ids == ['train-0', 'last']


def test_phoenix2014_t_follows_the_frames(phoenix2014_t):
    # As released: the annotations say /1/, the frames are one folder higher.
    info = load_object(prepare_corpus(phoenix2014_t, 'phoenix2014-T').out / 'dev_info.npy')
    assert info['prefix'] == FRAMES_2014
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
    add_frames(tmp_path / FRAMES_2014 / 'dev' / f'a{on_disk}', 2)
    annotations = read_annotations(tmp_path, 'phoenix2014-T', 'dev')
    info = build_info(tmp_path, 'phoenix2014-T', 'dev', annotations, frame_dir=FRAMES_2014)
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
    write(tmp_path / 'train.txt', '/disk/CSL/video0|他 同学\n/disk/CSL/video2|同学')
    write(tmp_path / 'dev.txt', 'video1|他\n')
    for number in range(3):
        add_frames(tmp_path / f'video{number}', 2, '.jpg')
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
    (annotation,) = read_annotations(phoenix2014, 'phoenix2014', 'dev')
    assert (annotation.label, annotation.original_info) == ('WOLKE', 'dev-0|dev-0/1/*.png|Signer01|WOLKE')


@pytest.mark.parametrize(
    ('row', 'message'),
    [
        ('x|x/1/*.png|Signer01', r"dev\.corpus\.csv', line 3: got 3 fields separated by \|, expected 4"),
        ('x|x/1/*.png|Signer01|  ', r"dev\.corpus\.csv', line 3: the sample's name or its glosses are empty"),
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
        read_annotations(phoenix2014, 'phoenix2014', 'dev')


def test_no_sample(phoenix2014):
    write(phoenix2014 / 'annotations/manual/dev.corpus.csv', HEADER_2014)
    with pytest.raises(DataError, match="has no sample of the split 'dev'"):
        read_annotations(phoenix2014, 'phoenix2014', 'dev')


def test_not_utf8(phoenix2014):
    (phoenix2014 / 'annotations/manual/dev.corpus.csv').write_bytes(HEADER_2014.encode() + b'a|a/*.png|S|\xfc\n')
    with pytest.raises(DataError, match='is not UTF-8'):
        read_annotations(phoenix2014, 'phoenix2014', 'dev')


def test_empty_frame_folder(phoenix2014):
    folder = phoenix2014 / FRAMES_2014 / 'dev/dev-0/1'
    for path in folder.iterdir():
        path.rename(path.with_suffix('.jpg'))
    with pytest.raises(DataError, match=r"dev\.corpus\.csv', line 2: '.*dev-0/1' exists, but no file in it matches"):
        prepare_corpus(phoenix2014, 'phoenix2014')


def test_missing_frame_folder(phoenix2014_t):
    os.rename(phoenix2014_t / FRAMES_2014 / 'dev/dev-0', phoenix2014_t / 'gone')
    with pytest.raises(DataNotFoundError, match=r'line 2: the frame folder .*dev-0/1. does not exist'):
        prepare_corpus(phoenix2014_t, 'phoenix2014-T')


def test_csl_daily_mistakes(csl_daily):
    write(csl_daily / 'sentence_label/split_1.txt', 'name|split\nS000000_P0000_T00|valid\n')
    with pytest.raises(DataError, match=r"split_1\.txt', line 2: got the split 'valid', expected one of train"):
        prepare_corpus(csl_daily, 'csl-daily')
    write(csl_daily / 'sentence_label/video_map.txt', f'{HEADER_DAILY}0|a|many|他|他|他|r\n')
    write(csl_daily / 'sentence_label/split_1.txt', 'name|split\na|train\n')
    with pytest.raises(DataError, match=r"video_map\.txt', line 2: got the length 'many'"):
        prepare_corpus(csl_daily, 'csl-daily')


def test_frame_dir(tmp_path):
    with pytest.raises(DataNotFoundError, match=r"has no folder 'features/fullFrame-\*px'"):
        find_frame_dir(tmp_path, 'phoenix2014')
    (tmp_path / 'features/fullFrame-64x64px').mkdir(parents=True)
    assert find_frame_dir(tmp_path, 'phoenix2014') == 'features/fullFrame-64x64px'
    (tmp_path / 'features/fullFrame-96x96px').mkdir()
    with pytest.raises(DataError, match=r'fullFrame-64x64px, features/fullFrame-96x96px.*Name it by frame_dir'):
        find_frame_dir(tmp_path, 'phoenix2014')
    (tmp_path / FRAMES_2014).mkdir()
    assert find_frame_dir(tmp_path, 'phoenix2014') == FRAMES_2014


def test_unknown_layout(tmp_path):
    with pytest.raises(ConfigError, match=r"no corpus layout 'phoenix14'.*Did you mean 'phoenix2014'"):
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


REFERENCE = os.environ.get('CSLRKIT_REFERENCE_DATA')


@pytest.mark.skipif(not REFERENCE, reason='set CSLRKIT_REFERENCE_DATA to the folder of published annotations')
@pytest.mark.parametrize('layout', list(LAYOUTS))
def test_published_files(layout, tmp_path, monkeypatch):
    """The published lines give the published entries, vocabulary and STM files."""
    spec = LAYOUTS[layout]
    published = Path(REFERENCE, 'preprocess', spec.corpus)
    infos = {s: load_object(published / f'{s}_info.npy') for s in SPLITS if (published / f'{s}_info.npy').exists()}
    lines = {s: [v['original_info'] for k, v in info.items() if k != 'prefix'] for s, info in infos.items()}
    counts = {v['fileid']: v['num_frames'] for info in infos.values() for k, v in info.items() if k != 'prefix'}
    if spec.split_file:
        rows = [f'{index}|{line}' for index, line in enumerate(line for own in lines.values() for line in own)]
        write(tmp_path / spec.annotation_file, f'{spec.columns}\n{"".join(rows)}')
        write(tmp_path / spec.split_file, (published / 'split_1.txt').read_text(encoding='utf-8'))
    else:
        for split, own in lines.items():
            head = [f'{spec.columns}\n'] if spec.has_header else []
            text = ''.join(head + own) if layout == 'csl' else ''.join(head) + '\n'.join(own)
            write(tmp_path / spec.annotation_file.format(split=split), text)
    # The frames are not distributed with the annotations.
    monkeypatch.setattr(prepare, '_locate_frames', lambda *args: (args[3].folder, counts[args[3].sample_id]))
    for split, info in infos.items():
        annotations = read_annotations(tmp_path, layout, split)
        assert build_info(tmp_path, layout, split, annotations, frame_dir=info.get('prefix', '')) == info
        write_stm(tmp_path / 'own.stm', info)
        stm = published / f'{spec.corpus}-groundtruth-{split}.stm'
        assert (tmp_path / 'own.stm').read_bytes() == stm.read_bytes()
    if 'train' in infos:
        assert build_gloss_dict(infos.values()) == load_object(published / 'gloss_dict.npy')
