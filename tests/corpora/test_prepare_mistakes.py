"""Files that are malformed or missing are named, with the line."""

import os

import pytest
from downloaded_corpora import (
    FRAMES,
    HEADER_2014,
    HEADER_DAILY,
    make_phoenix2014,
    write,
)

from cslrkit.corpora import find_corpus
from cslrkit.corpora.prepare import prepare_corpus, write_stm
from cslrkit.errors import ConfigError, DataError, DataNotFoundError, OutputError


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


def test_split_file_must_cover_the_annotations(csl_daily):
    write(csl_daily / 'sentence_label/split_1.txt', 'name|split\nS000000_P0000_T00|test\n')
    with pytest.raises(DataError, match=r"2 samples are in no split of '.*split_1\.txt', such as 'S000001_P0000_T00'"):
        prepare_corpus(csl_daily, 'csl-daily')
    write(csl_daily / 'sentence_label/split_1.txt', 'name|split\na|test\na|dev\n')
    with pytest.raises(DataError, match=r"line 3: sample 'a' is already in the split 'test', got 'dev'"):
        prepare_corpus(csl_daily, 'csl-daily')


def test_the_root_is_further_down(tmp_path):
    make_phoenix2014(tmp_path / 'release/phoenix-2014-multisigner')
    with pytest.raises(DataNotFoundError, match=r"but it does below '.*release/phoenix-2014-multisigner': that is"):
        prepare_corpus(tmp_path / 'release', 'phoenix2014')
    with pytest.raises(DataNotFoundError, match=r"The corpus root '.*nowhere' is no folder"):
        prepare_corpus(tmp_path / 'nowhere', 'phoenix2014')
