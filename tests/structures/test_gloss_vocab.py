import numpy as np
import pytest

from cslrkit.errors import DataError, DataNotFoundError
from cslrkit.structures import GlossVocab
from cslrkit.utils.npy import save_object


def test_encode_drops_unknown_and_says_so():
    vocab = GlossVocab({'A': [1, 3], 'B': [2, 5], '他': [3, 2]})
    assert vocab.encode(['B', 'X', '他', 'B']) == ([2, 3, 2], ['X'])
    assert vocab.decode([3, 1]) == ['他', 'A']
    assert vocab.num_classes == 4
    assert 'A' in vocab


def test_the_blank_has_no_gloss():
    with pytest.raises(KeyError):
        GlossVocab({'A': 1}).decode([0])


@pytest.mark.parametrize('ids', [{'A': 0, 'B': 1}, {'A': 1, 'B': 1}, {'A': 1, 'B': 3}])
def test_ids_must_be_one_to_n(ids):
    with pytest.raises(DataError, match='expected each of'):
        GlossVocab(ids)


def test_from_file(tmp_path):
    path = tmp_path / 'gloss_dict.npy'
    save_object(path, {'A': [1, 3], 'B': [2, 5]})
    assert GlossVocab.from_file(path).glosses == ['A', 'B']
    assert np.load(path, allow_pickle=True).item() == {'A': [1, 3], 'B': [2, 5]}


def test_missing_file_and_wrong_content(tmp_path):
    with pytest.raises(DataNotFoundError, match=r'gloss_dict.npy.*does not exist.*ann_dir'):
        GlossVocab.from_file(tmp_path / 'gloss_dict.npy')
    save_object(tmp_path / 'list.npy', ['A'])
    with pytest.raises(DataError, match='holds a list'):
        GlossVocab.from_file(tmp_path / 'list.npy')


def test_difference_names_both_sides():
    small, large = GlossVocab.from_list('AB'), GlossVocab.from_list('ABC')
    assert small.difference(small) == ''
    assert '2 against 3 glosses' in small.difference(large)
    assert '1 only in the second (C)' in small.difference(large)
    assert small.difference(GlossVocab.from_list('BA')) == 'the same glosses with other ids'
