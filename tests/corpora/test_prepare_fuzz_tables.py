"""Damaged tables of recordings and prepared files give a clear error or what is in them."""

import csv
import io
import json
import random

import pytest
from damaged_files import FILES, ROWS, SPLIT_ROWS, damage
from downloaded_corpora import UNLISTED, write

from cslrkit.corpora import Custom, find_corpus
from cslrkit.corpora.info_file import read_entries
from cslrkit.corpora.prepare import (
    check_corpus,
    prepare_corpus,
)
from cslrkit.errors import CSLRKitError
from cslrkit.structures import GlossVocab
from cslrkit.utils.npy import load_object, save_object


def test_split_file(tmp_path):
    rng = random.Random(5)
    name, text = FILES['csl-daily']
    write(tmp_path / name, text)
    split_file = 'name|split\n' + ''.join(f'{name}|{split}\n' for name, split in SPLIT_ROWS.items())
    whole = {name for name, split in SPLIT_ROWS.items() if split == 'train'} | {UNLISTED}
    (tmp_path / 'sentence/frames_512x512').mkdir(parents=True)
    results = 0
    for _ in range(300):
        data = damage(split_file.encode('utf-8'), rng)
        (tmp_path / 'sentence_label/split_1.txt').write_bytes(data)
        try:
            names = {own.sample_id for own in find_corpus('csl-daily').read(tmp_path, 'train')}
        except CSLRKitError:
            continue
        results += 1
        says = dict(line.strip().split('|') for line in data.decode('utf-8-sig').split('\n') if line.strip())
        assert names == {n for n in [*SPLIT_ROWS, UNLISTED] if says.get(n, 'train').strip() == 'train'}
        if data.count(b'|') == ROWS + 1:
            assert names == whole or b'|train' in data
    assert results > 50


def test_tables_of_recordings(tmp_path):
    rng = random.Random(6)
    text = 'id,video,glosses,signer,split\n' + ''.join(f'v{row},{row}.mp4,"X Ü{row}",S{row},dev\n' for row in range(6))
    path = tmp_path / 'own.csv'
    errors = results = unnamed = 0
    for _ in range(800):
        data = damage(text.replace(',', '|').encode('utf-8'), rng)
        path.write_bytes(data)
        try:
            rows = Custom().read_file(path)
        except CSLRKitError as error:
            errors += str(path) in str(error)
            unnamed += str(path) not in str(error)
            continue
        results += 1
        header, *plain = csv.reader(io.StringIO(data.decode('utf-8-sig'), newline=''), delimiter='|')
        plain = [[field.strip() for field in row] for row in plain if any(field.strip() for field in row)]
        plain = [dict(zip([name.strip() for name in header], row)) for row in plain]
        assert [(row.sample_id, row.folder, tuple(row.label.split(' ')), row.split) for row in rows] == [
            (row['id'], row['video'], tuple(row['glosses'].split()), row['split']) for row in plain
        ]
    assert unnamed == 0
    assert errors > 200
    assert results > 100


def test_json_tables(tmp_path):
    rng = random.Random(7)
    path = tmp_path / 'own.json'
    unnamed = 0
    values = [None, 1, 1.5, True, [], {}, '', 'x y', [1], [[]], ['a'], 10**30, float('nan'), 'train', '\ud800', '\0']
    for _ in range(800):
        rows = [{'id': f'v{row}', 'video': 'v', 'glosses': ['X', 'Ü'], 'split': 'dev'} for row in range(3)]
        row = rng.choice(rows)
        key = rng.choice([*row, 'signer', 'frame_rate', 'folder'])
        if rng.random() < 0.2:
            row.pop(key, None)
        else:
            row[key] = rng.choice(values)
        text = json.dumps(rows)
        path.write_bytes(text[: rng.randrange(len(text))].encode() if rng.random() < 0.2 else text.encode())
        try:
            table = Custom().read_file(path)
        except CSLRKitError as error:
            unnamed += str(path) not in str(error)
            continue
        assert [own.sample_id for own in table] == [str(own['id']) for own in rows]
        for own, given in zip(table, rows):
            given_glosses = given['glosses'] if isinstance(given['glosses'], list) else str(given['glosses']).split()
            assert own.label == ' '.join(map(str, given_glosses))
    assert unnamed == 0


INFO_VALUES = [None, -1, 2.5, '', 'x', b'x', [], {}, True, float('nan'), '-3', ' 7 ', 'v1', 10**20]


@pytest.mark.slow
def test_info_files(tmp_path):
    rng = random.Random(8)
    path = tmp_path / 'dev_info.npy'
    entry = dict(folder='f/*.png', signer='S', label='REGEN SÜD', num_frames=3, original_info='o')
    errors = results = unnamed = 0
    for _ in range(1500):
        info = {'prefix': 'p', **{index: dict(entry, fileid=f'v{index}') for index in range(3)}}
        kind, index = rng.randrange(6), rng.randrange(3)
        if kind == 0:
            del info[rng.choice([0, 1, 2, 'prefix'])]
        elif kind == 1:
            del info[index][rng.choice(list(info[index]))]
        elif kind == 2:
            info[index][rng.choice([*info[index], 'frame_rate'])] = rng.choice(INFO_VALUES)
        elif kind == 3:
            info[rng.choice([3, 7, -1, 1.0, 'x', None, (1,)])] = rng.choice([dict(entry, fileid='v9'), *INFO_VALUES])
        elif kind == 4:
            info = rng.choice([*INFO_VALUES, [info], list(info.values())])
        save_object(path, info)
        if kind == 5:
            data = path.read_bytes()
            path.write_bytes(rng.choice([data[: rng.randrange(len(data))], b'', b'PK' + data, data[9:]]))
        try:
            entries = read_entries(path, where='dev')
        except CSLRKitError as error:
            errors += str(path) in str(error)
            unnamed += str(path) not in str(error)
            continue
        results += 1
        assert kind != 5, 'a part of a file was taken for the whole'
        plain = [info[key] for key in sorted(key for key in info if key != 'prefix')]
        assert [(own['sample_id'], own['num_frames'], own['glosses']) for own in entries] == [
            (own['fileid'], int(own['num_frames']), tuple(w for w in own['label'].split(' ') if w)) for own in plain
        ]
        assert len({own['sample_id'] for own in entries}) == len(entries)
    assert unnamed == 0
    assert errors > 500
    assert results > 100


@pytest.mark.slow
def test_changed_bytes_of_npy_files(tmp_path):
    rng = random.Random(9)
    entry = dict(folder='f/*.png', signer='S', label='REGEN SÜD', num_frames=3, original_info='o')
    save_object(tmp_path / 'dev_info.npy', {index: dict(entry, fileid=f'v{index}') for index in range(3)})
    save_object(tmp_path / 'gloss_dict.npy', {'REGEN': [1, 2], 'SÜD': [2, 5]})
    for path in (tmp_path / 'dev_info.npy', tmp_path / 'gloss_dict.npy'):
        whole = path.read_bytes()
        for _ in range(600):
            data = bytearray(whole)
            for _ in range(rng.randrange(1, 4)):
                data[rng.randrange(len(data))] = rng.randrange(256)
            path.write_bytes(data)
            try:
                if 'info' in path.name:
                    entries = read_entries(path, where='dev')
                    assert all(own['num_frames'] >= 0 and isinstance(own['sample_id'], str) for own in entries)
                else:
                    vocab = GlossVocab.from_file(path)
                    assert vocab.encode(vocab.glosses) == (list(range(1, len(vocab) + 1)), [])
            except CSLRKitError:
                continue


def test_whole_runs(tmp_path):
    """Prepare and check with a damaged file: the summary's figures are those of the files."""
    rng = random.Random(10)
    for layout, (name, text) in FILES.items():
        root = tmp_path / layout
        splits = ('train', 'dev', 'test') if '{split}' in name or 'train' in name else ('train',)
        for split in splits:
            write(root / name.replace('train', split), text)
        split_file = 'name|split\n' + ''.join(f'{name}|{split}\n' for name, split in SPLIT_ROWS.items())
        write(root / 'sentence_label/split_1.txt', split_file)
        for _ in range(40):
            (root / name).write_bytes(damage(text.encode('utf-8'), rng))
            try:
                summary = prepare_corpus(root, layout)
                (root / summary.frame_dir).mkdir(parents=True, exist_ok=True)
                problems = check_corpus(root, layout, workers=1).problems
            except CSLRKitError:
                continue
            infos = {split: load_object(summary.out / f'{split}_info.npy') for split in summary.splits}
            words = 0
            for split, info in infos.items():
                entries = [own for key, own in info.items() if key != 'prefix']
                assert summary.num_samples[split] == len(entries) == len(summary.splits[split].missing_frames)
                words += sum(len(own['label'].split()) for own in entries)
            gloss_dict = load_object(summary.out / 'gloss_dict.npy')
            assert summary.num_glosses == len(gloss_dict)
            assert sum(count for _, count in gloss_dict.values()) == words
            assert sum('no frames match' in problem for problem in problems) == sum(summary.num_samples.values())
