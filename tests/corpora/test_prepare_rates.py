"""Recordings of several frame rates become a corpus of one."""

import numpy as np
import pytest
from downloaded_corpora import draw_frames, write
from own_recordings import film, prepare_custom
from video_files import write_clip

from cslrkit.corpora.frame_rates import are_alike, commonest_rate
from cslrkit.corpora.prepare import prepare_corpus
from cslrkit.errors import ConfigError
from cslrkit.utils.npy import load_object
from cslrkit.video.images import read_image

HEADER = 'id,path,glosses,split,frame_rate,start,end\n'


def prepared(root, rows, **options):
    """The entries by id, and what was said of rates."""
    write(root / 'own.csv', HEADER + rows)
    summary = prepare_custom(root / 'own.csv', workers=1, **options)
    entries = load_object(summary.out / 'train_info.npy').values()
    return {entry['fileid']: entry for entry in entries}, [note for note in summary.notes if 'frames/s' in note]


def facts(entries):
    return {name: (entry['num_frames'], entry.get('frame_rate')) for name, entry in entries.items()}


@pytest.fixture
def two_rates(tmp_path):
    film(tmp_path / 'slow.avi', 25, rate=25.0)
    film(tmp_path / 'fast.avi', 50, rate=50.0)
    return tmp_path


def brightness(root, name):
    paths = sorted((root / 'frames' / name).glob('*.png'))
    return [int(read_image(str(path))[10, 10].max()) for path in paths]


def test_a_second_has_as_many_frames_in_each_recording(two_rates):
    rows = 'slow,slow.avi,A,train,,,\nfast,fast.avi,B,train,,,\n'
    entries, notes = prepared(two_rates, rows)
    assert facts(entries) == dict(slow=(25, 25.0), fast=(25, 25.0))
    assert notes == ['recordings of 25, 50 frames/s are resampled to 25 by their time-stamps (--frame-rate)']
    expected = [150 + 10 * (2 * tick % 8) for tick in range(25)]  # every other frame, the first one included
    np.testing.assert_allclose(brightness(two_rates, 'fast'), expected, atol=12)
    entries, _ = prepared(two_rates, rows, frame_rate=50.0)  # another rate: made anew
    assert facts(entries) == dict(slow=(50, 50.0), fast=(50, 50.0))
    expected = [150 + 10 * (tick // 2 % 8) for tick in range(50)]  # each frame twice
    np.testing.assert_allclose(brightness(two_rates, 'slow'), expected, atol=12)
    entries, notes = prepared(two_rates, 'fast,fast.avi,B,train,,,\n')  # alone it has the commonest rate
    assert (facts(entries), notes) == (dict(fast=(50, 50.0)), [])


def test_time_stamps_decide(tmp_path):
    times = [0.0, 0.1, 0.14, 0.5, 0.52, 0.54]  # after 0.1 s of the first frame two short ones, then a long one
    write_clip(tmp_path / 'phone.mp4', times=times, count=len(times))
    write_clip(tmp_path / 'even.mp4', count=10)
    entries, _ = prepared(tmp_path, 'phone,phone.mp4,A,train,,,\neven,even.mp4,B,train,,,\n', frame_rate=10)
    assert facts(entries) == dict(phone=(6, 10.0), even=(4, 10.0))
    first = read_image(str(tmp_path / 'frames/phone/000002.png')).astype(int)
    for index, same in ((3, True), (5, False)):  # nothing is between 0.14 s and 0.5 s
        other = read_image(str(tmp_path / f'frames/phone/{index:06d}.png')).astype(int)
        assert (np.abs(first - other).max() == 0) == same


def test_parts_and_folders(two_rates):
    draw_frames(two_rates / 'pictures', 10, '.png', size=(48, 64))
    rows = 'part,fast.avi,A,train,,0.5,1\nslow,slow.avi,A,train,,,\nown,slow.avi,A,train,50,,\n'
    folders = 'stays,pictures,B,train,25,,\ntwice,pictures,B,train,12.5,,\nunknown,pictures,B,train,,,\n'
    entries, notes = prepared(two_rates, rows + folders)
    assert facts(entries) == dict(
        part=(13, 25.0),  # 25 frames in half a second
        slow=(25, 25.0),
        own=(13, 25.0),  # its row says that it lasts half a second
        stays=(10, 25.0),
        twice=(20, 25.0),
        unknown=(10, None),
    )
    assert entries['stays']['folder'] == entries['unknown']['folder'] == 'pictures/*.png'
    assert entries['twice']['folder'] == 'frames/twice/*.png'
    assert notes[0].startswith('recordings of 12.5, 25, 50 frames/s are resampled to 25 ')
    assert entries['unknown'].keys() == entries['stays'].keys() - {'frame_rate'}


def test_a_video_that_does_not_say_its_rate_is_decoded_for_it(two_rates, monkeypatch):
    monkeypatch.setattr('cslrkit.video.video_clip._MAX_RATE', 40)  # 50 is then taken for the units of a clock
    entries, notes = prepared(two_rates, 'slow,slow.avi,A,train,,,\nfast,fast.avi,B,train,,,\n')
    assert facts(entries) == dict(slow=(25, 25.0), fast=(25, 25.0))
    assert notes[0].startswith('recordings of 25, 50 frames/s are resampled to 25 ')


def test_the_commonest_rate():
    assert commonest_rate([]) is None
    assert commonest_rate([50.0, 25.0]) == 25.0  # the lowest of equally common ones
    assert commonest_rate([60.0, 30.0, 29.97, 29.97, 25.0, 25.0, 25.0]) == 25.0
    assert commonest_rate([60.0, 30.0, 29.97, 29.97, 29.98, 25.0, 25.0, 25.0]) == 29.97  # four are about 30
    assert are_alike([30.0, 29.97])
    assert not are_alike([24.0, 25.0])


def test_wrong_rates(two_rates, phoenix2014):
    write(two_rates / 'own.csv', HEADER + 'slow,slow.avi,A,train,,,\n')
    with pytest.raises(ConfigError, match='frame_rate: got 0 for the corpus custom, expected frames per second'):
        prepare_custom(two_rates / 'own.csv', frame_rate=0)
    with pytest.raises(ConfigError, match='for the corpus phoenix2014, expected none: only recordings are resampled'):
        prepare_corpus(phoenix2014, 'phoenix2014', frame_rate=25.0)
