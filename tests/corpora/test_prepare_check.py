import cv2
import pytest
from downloaded_corpora import FRAMES, MAKERS, draw_frames, make_phoenix2014, picture

from cslrkit.corpora.prepare import check_corpus, prepare_corpus
from cslrkit.errors import DataNotFoundError
from cslrkit.utils.npy import load_object, save_object


@pytest.fixture
def root(tmp_path):
    prepare_corpus(make_phoenix2014(tmp_path, draw_frames), 'phoenix2014', resize=(256, 256), workers=1)
    return tmp_path


def problems(root, **options):
    return list(check_corpus(root, 'phoenix2014', workers=1, **options).problems)


@pytest.mark.parametrize('layout', list(MAKERS))
def test_in_order(tmp_path, layout):
    summary = prepare_corpus(MAKERS[layout](tmp_path, draw_frames), layout, resize=(20, 10), workers=1)
    for options in ({'frame_dir': summary.frame_dir}, {'resize': (20, 10)}):
        result = check_corpus(tmp_path, layout, workers=1, **options)
        assert result.problems == ()
        assert result.num_sentences == sum(summary.num_samples.values())
        assert result.num_frames == sum(summary.num_frames.values())


def test_frames_of_256x256_are_checked_first(root):
    assert check_corpus(root, 'phoenix2014').frame_root.endswith('features/fullFrame-256x256px')
    assert check_corpus(root, 'phoenix2014', frame_dir=FRAMES).frame_root.endswith(FRAMES)


def test_every_kind_of_problem(root):
    folder = root / 'features/fullFrame-256x256px'
    for path in (folder / 'train/train-0/1').iterdir():
        path.unlink()
    (folder / 'dev/dev-0/1/f0001.png').write_bytes((folder / 'dev/dev-0/1/f0001.png').read_bytes()[:100])
    cv2.imwrite(str(folder / 'test/test-0/1/f0003.png'), picture(3))
    info = load_object(root / 'preprocess/test_info.npy')
    info[0]['label'] += ' STURM'
    save_object(root / 'preprocess/test_info.npy', info)
    assert [problem.replace(str(folder), '~') for problem in problems(root)] == [
        "test: sample 'test-0': glosses outside the vocabulary: STURM",
        "train: sample 'train-0': no frames match '~/train/train-0/1/*.png'",
        "dev: sample 'dev-0': 1 frame cannot be read: '~/dev/dev-0/1/f0001.png'",
        "test: sample 'test-0': 4 frames match 'test/test-0/1/*.png', num_frames says 3",
        "test: sample 'test-0': frames of several sizes: 256x256 ('f0000.png'), 21x26 ('f0003.png')",
    ]


def test_damaged_files(root):
    (root / 'preprocess/dev_info.npy').write_bytes(b'')
    (root / 'preprocess/test_info.npy').unlink()
    (root / 'preprocess/gloss_dict.npy').write_bytes(b'nothing')
    first, second, third = problems(root)
    assert "gloss_dict.npy' cannot be read" in first
    assert second == 'test: there is no test_info.npy'
    assert "dev_info.npy' cannot be read" in third


def test_nothing_to_check(tmp_path):
    make_phoenix2014(tmp_path, draw_frames)
    with pytest.raises(DataNotFoundError, match=r"preprocess' has no \*_info\.npy. Prepare the corpus first"):
        check_corpus(tmp_path, 'phoenix2014')
    with pytest.raises(DataNotFoundError, match=r'fullFrame-9x9px. is not a folder below'):
        check_corpus(tmp_path, 'phoenix2014', resize=(9, 9))
