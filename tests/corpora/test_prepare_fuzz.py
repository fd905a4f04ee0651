"""Damaged files give a clear error or what is in them, never a traceback from inside or a wrong number."""

import random

import pytest
from damaged_files import FILES, SPLIT_ROWS, damage
from downloaded_corpora import write

from cslrkit.corpora import find_corpus
from cslrkit.corpora.info_file import read_entries
from cslrkit.corpora.prepare import (
    build_gloss_dict,
    build_infos,
    find_frames,
    write_object,
    write_stm,
)
from cslrkit.errors import CSLRKitError
from cslrkit.evaluation.functional import load_stm

COLUMNS = {'phoenix2014': (0, 2, 3), 'phoenix2014-T': (0, 4, 5), 'csl': (0, None, 1), 'csl-daily': (1, None, 3)}
FIELDS = {'phoenix2014': 4, 'phoenix2014-T': 7, 'csl': 2, 'csl-daily': 7}


def plain_rows(data: bytes, layout: str):
    """What the file says, by the shortest reading; raises ValueError where it is not such a file."""
    lines = [line.rstrip('\r') for line in data.decode('utf-8-sig').split('\n')]
    lines = [line for line in lines[layout != 'csl' :] if line.strip()]
    name, signer, label = COLUMNS[layout]
    rows = []
    for line in lines:
        fields = line.split('|')
        if len(fields) != FIELDS[layout]:
            raise ValueError(line)
        fields = [field.strip() for field in fields] if layout == 'csl' else fields
        rows.append((fields[name], 'unknown' if signer is None else fields[signer], fields[label]))
    if len({row[0] for row in rows}) != len(rows):
        raise ValueError('twice')
    return rows


@pytest.mark.parametrize('layout', list(FILES))
def test_annotation_files(tmp_path, layout):
    rng = random.Random(layout)
    name, text = FILES[layout]
    path = tmp_path / name
    write(path, text)
    split_file = 'name|split\n' + ''.join(f'{name}|{split}\n' for name, split in SPLIT_ROWS.items())
    write(tmp_path / 'sentence_label/split_1.txt', split_file)
    errors = results = unnamed = 0
    for _ in range(800):
        data = damage(text.encode('utf-8'), rng)
        path.write_bytes(data)
        try:
            annotations = find_corpus(layout).read(tmp_path, 'train')
            frames = find_frames(find_corpus(layout), tmp_path, annotations)
        except CSLRKitError as error:
            errors += str(path) in str(error)  # it says which file
            unnamed += str(path) not in str(error)
            continue
        results += 1
        got = [(own.sample_id, own.signer, own.label) for own in annotations]
        expected = plain_rows(data, layout)
        if layout == 'csl-daily':
            expected = [row for row in expected if SPLIT_ROWS.get(row[0], 'train') == 'train']
        assert got == expected, data
        infos = build_infos(find_corpus(layout), annotations, frames, frame_dir='.')
        check_files(tmp_path, infos.get('train', {}), expected)
    assert unnamed == 0
    assert errors > 200
    assert results > 150


def check_files(folder, info, expected):
    """What is written is read back as the same sentences, by the scorer and by the dataset."""
    write_stm(folder / 'own.stm', info)
    stm = [(entry.sample_id, entry.signer, entry.words) for entry in load_stm(folder / 'own.stm')]
    words = [(sample_id, signer, tuple(w for w in label.split(' ') if w)) for sample_id, signer, label in expected]
    assert stm == words
    write_object(folder / 'own_info.npy', info)
    entries = read_entries(folder / 'own_info.npy', where='own')
    assert [(entry['sample_id'], entry['signer'], entry['glosses']) for entry in entries] == words
    counts = [label.split() for _, _, label in expected]
    gloss_dict = build_gloss_dict([info])
    assert sum(count for _, count in gloss_dict.values()) == sum(map(len, counts))
    assert sorted(gloss_id for gloss_id, _ in gloss_dict.values()) == list(range(1, len(gloss_dict) + 1))
