"""Tables whose rows are parts of a recording."""

import cv2
import pytest
from downloaded_corpora import draw_frames, write
from own_recordings import film, prepare_custom

from cslrkit.corpora import custom
from cslrkit.corpora.base import SPLITS
from cslrkit.corpora.tables import read_text
from cslrkit.errors import DataError
from cslrkit.utils.npy import load_object

# Frames of the film at 25 a second: number 8 is shown from 0.32 s to 0.36 s.
PARTS = {
    'seconds.csv': 'id,video,start,end,glosses,split\na,long.avi,0.32,0.44,RAIN,train\nb,long.avi,,0.12,SUN,dev\n',
    'german.csv': 'Id;Video;Begin;Ende;End;Glosses;Split\n'
    'a;long.avi;0,32;x;0,44;RAIN;train\nb;long.avi;;;0,12;SUN;dev\n',
    'elan.txt': 'gloss\t\t00:00:00.320\t0.32\t00:00:00.440\t0.44\t00:00:00.120\t0.12\tRAIN\n'
    'gloss\t\t00:00:00.000\t0.0\t00:00:00.120\t0.12\t00:00:00.120\t0.12\tSUN\n',
    'seconds.txt': 'gloss\t0.32\t0.44\tRAIN\ngloss\t0.0\t0.12\tSUN\n',
    'milliseconds.txt': 'gloss\t320\t440\tRAIN\ngloss\t0\t120\tSUN\n',
    'header.txt': 'Begin Time - hh:mm:ss.ms\tBegin Time - msec\tEnd Time - hh:mm:ss.ms\tglosses\n'
    '00:00:00.320\t320\t00:00:00.440\tRAIN\n00:00:00.000\t0\t00:00:00.120\tSUN\n',
    'parts.json': '[{"video": "long.avi", "start": 0.32, "end": "0:00.440", "glosses": ["RAIN"]},'
    ' {"video": "long.avi", "end_ms": 120, "glosses": "SUN"}]',
    'folder.csv': 'id,frames,start,end,glosses,split,frame_rate\n'
    'a,images,0.32,0.44,RAIN,train,25\nb,images,0,0.12,SUN,dev,25\n',
}


@pytest.fixture(scope='module')
def long_recording(tmp_path_factory):
    root = tmp_path_factory.mktemp('long')
    film(root / 'long.avi', 20, rate=25.0)
    draw_frames(root / 'images', 20, '.png', size=(48, 64))
    return root


@pytest.mark.parametrize('name', list(PARTS))
def test_rows_that_are_parts_of_a_recording(long_recording, tmp_path, name):
    write(long_recording / name, PARTS[name])
    summary = prepare_custom(long_recording / name, out=tmp_path / 'pre', frames_out=tmp_path, workers=1)
    assert sum(summary.num_frames.values()) == 6
    entries = [e for s in summary.splits for k, e in load_object(tmp_path / f'pre/{s}_info.npy').items()]
    assert [entry['label'] for entry in entries] == ['RAIN', 'SUN']
    if not name.endswith('.csv'):
        assert [entry['fileid'] for entry in entries] == ['long-0001', 'long-0002']
        assert any('no column split: all sentences are for training' in note for note in summary.notes)
    if name != 'folder.csv':
        for entry, first in zip(entries, (8, 0)):
            images = [cv2.imread(str(path)) for path in sorted((tmp_path / 'frames' / entry['fileid']).glob('*.png'))]
            for image, index in zip(images, range(first, first + 3)):
                assert abs(int(image[10, 10, 2]) - 150 - 10 * (index % 8)) <= 12


@pytest.mark.parametrize(
    'row', ['long.avi,0.6,0.83,X,train,', 'long.avi,0.6,0.9,X,train,', 'images,0.6,0.9,X,train,25']
)
def test_a_part_that_ends_after_its_recording_is_noted(long_recording, tmp_path, row):
    write(long_recording / 'own.csv', f'id,video,start,end,glosses,split,frame_rate\na,{row}\n')
    summary = prepare_custom(long_recording / 'own.csv', out=tmp_path / 'pre', frames_out=tmp_path, workers=1)
    noted = [note for note in summary.notes if 'ends at 0.80 s: its part from 0.6 s to 0.9 s is shorter' in note]
    assert len(noted) == ('0.9' in row)
    assert sum(summary.num_frames.values()) == 5


def test_a_table_is_read_once(long_recording, tmp_path, monkeypatch):
    reads = []
    monkeypatch.setattr(custom, 'read_text', lambda path: reads.append(path) or read_text(path))
    write(tmp_path / 'own.csv', 'id,video,glosses,split\na,long.avi,X,train\n')
    table = custom.Custom(tmp_path / 'own.csv')
    for split in SPLITS:
        assert len(table.read(tmp_path, split)) == (split == 'train')
    assert table.notes(tmp_path, ['a']) == []
    assert len(reads) == 1
    write(tmp_path / 'own.csv', 'id,video,glosses,split\na,long.avi,X,train\nb,long.avi,X,dev\n')
    assert len(table.read(tmp_path, 'dev')) == 1


def test_parts_that_are_not_there(long_recording, tmp_path):
    head = 'id,video,start,end,glosses,split\n'
    for row, message in (
        ('a,long.avi,2,1,X,dev', r'line 2: got the start 2 s and the end 1 s, expected an end after the start'),
        ('a,long.avi,soon,1,X,dev', r"line 2: 'start': got 'soon', expected seconds or hh:mm:ss.mmm"),
        ('a,long.avi,5,6,X,dev', r"sample 'a': '.*long\.avi' has no frame from 5 s to 6 s"),
        ('a,images,0,1,X,dev', r"sample 'a': .*'.*images.*: nothing says when a frame is shown"),
    ):
        write(long_recording / 'own.csv', f'{head}{row}\n')
        with pytest.raises(DataError, match=message):
            prepare_custom(long_recording / 'own.csv', out=tmp_path, frames_out=tmp_path, workers=1)
    write(tmp_path / 'elan.txt', 'gloss\t0.1\t0.2\tA\nwords\t0.1\t0.2\tB\n')
    with pytest.raises(DataError, match='got annotations of the tiers gloss, words, expected those of one'):
        prepare_custom(tmp_path / 'elan.txt')
    write(tmp_path / 'elan.txt', 'gloss\t0.1\t0.2\tA\n')
    with pytest.raises(DataError, match=r'has no column video, and the videos beside it are: none\. Add the column'):
        prepare_custom(tmp_path / 'elan.txt')
