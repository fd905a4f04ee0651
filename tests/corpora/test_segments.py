"""Annotated segments from the record of a drawn corpus, from tables and from ELAN."""

import json

import pytest

from cslrkit.corpora.segments import read_segments
from cslrkit.errors import DataError, DataNotFoundError


def write(path, text):
    path.write_text(text, encoding='utf-8')
    return path


def test_a_drawn_corpus(tiny_corpus):
    clips = json.loads((tiny_corpus / 'synthetic.json').read_text())['clips']
    found = read_segments(tiny_corpus / 'synthetic.json')
    assert found.keys() == clips.keys()
    (gloss, first, last), *_ = clips[min(clips)]['glosses']
    assert found[min(clips)][0] == (gloss, first / 25, last / 25)


def test_a_table_in_any_order(tmp_path):
    path = write(tmp_path / 'truth.csv', 'id,glosses,start,end_ms\na,NORD,0.8,1200\na,REGEN,0.2,600\nb,SONNE,0,500\n')
    assert read_segments(path) == {'a': [('REGEN', 0.2, 0.6), ('NORD', 0.8, 1.2)], 'b': [('SONNE', 0.0, 0.5)]}


def test_an_export_of_elan_belongs_to_the_sample_of_its_name(tmp_path):
    path = write(tmp_path / 'clip7.txt', 'gloss\t\t00:00:00.200\t00:00:00.600\tREGEN\n')
    assert read_segments(path) == {'clip7': [('REGEN', 0.2, 0.6)]}


@pytest.mark.parametrize(
    ('name', 'text', 'message'),
    [
        ('a.csv', 'id,glosses,start,end\na,REGEN NORD,0,1\n', 'line 2: got 2 glosses'),
        ('a.csv', 'id,glosses,start,end\na,REGEN,1,0.5\n', r'from 1\.0 to 0\.5 s'),
        ('a.csv', 'id,glosses,start,end\n', 'holds no segment'),
        ('a.json', '{"clips": {"a": {}}}', 'no record of a drawn corpus'),
        ('a.json', '{', 'is not JSON'),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path, name, text, message):
    with pytest.raises(DataError, match=message):
        read_segments(write(tmp_path / name, text))


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(DataNotFoundError, match='does not exist'):
        read_segments(tmp_path / 'none.csv')
