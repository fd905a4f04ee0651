import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from small_datasets import make_dataset, write_noisy_corpus

from cslrkit.errors import ConfigError, DataError, OutputError
from cslrkit.video.packed import CODECS, PackReader, pack_frames, verify_pack


def shards(folder):
    return sorted(Path(folder).glob('*.frames'))


def pixels_of(folder, pattern):
    shard, record, codec = PackReader(str(folder), where='test').find(pattern, where='test')
    return [np.array(frame) for frame in shard.decode(record, range(len(record.names)), codec=codec)]


@pytest.mark.parametrize('codec', CODECS)
@pytest.mark.parametrize('suffix', ['.png', '.jpg'])
def test_packed_frames_are_what_imread_reads(tmp_path, codec, suffix):
    write_noisy_corpus(tmp_path, [9, 1], suffix=suffix)
    summary = pack_frames(make_dataset(tmp_path), str(tmp_path / 'out'), codec=codec, workers=1)
    assert (summary.index.num_frames, summary.kept_frames) == (10, 0)
    assert summary.source_bytes == sum(path.stat().st_size for path in tmp_path.glob(f's*/*{suffix}'))
    assert summary.index.num_bytes == sum(path.stat().st_size for path in shards(tmp_path / 'out'))
    for name in ('s0', 's1'):
        files = sorted((tmp_path / name).glob('*'))
        for path, packed in zip(files, pixels_of(tmp_path / 'out', f'{name}/*{suffix}')):
            np.testing.assert_array_equal(packed[..., ::-1], cv2.imread(str(path)))


def test_frames_may_have_several_sizes(tmp_path):
    write_noisy_corpus(tmp_path, [5])
    cv2.imwrite(str(tmp_path / 's0/f002.png'), np.full((10, 20, 3), 7, np.uint8))
    pack_frames(make_dataset(tmp_path), str(tmp_path / 'out'), workers=1)
    shapes = [frame.shape for frame in pixels_of(tmp_path / 'out', 's0/*.png')]
    assert shapes == [(40, 36, 3)] * 2 + [(10, 20, 3)] + [(40, 36, 3)] * 2


def test_shards_are_bounded_and_samples_stay_whole(noisy):
    index = pack_frames(make_dataset(noisy), str(noisy / 'out'), shard_frames=20, workers=2).index
    assert [shard for shard, _ in index.samples.values()] == [0, 0, 1]  # 11 + 9, then 10
    index = pack_frames(make_dataset(noisy), str(noisy / 'out'), shard_frames=1, workers=2).index
    assert [shard for shard, _ in index.samples.values()] == [0, 1, 2]
    assert len(shards(noisy / 'out')) == 3  # those of the first run were removed


def test_a_second_run_writes_only_what_changed(packed):
    folder = packed / 'packed/frames'
    before = {path.name: path.stat().st_mtime_ns for path in shards(folder)}
    assert pack_frames(make_dataset(packed), str(folder), shard_frames=20, workers=1).kept_frames == 30
    assert {path.name: path.stat().st_mtime_ns for path in shards(folder)} == before
    cv2.imwrite(str(packed / 's2/f000.png'), np.zeros((40, 36, 3), np.uint8))
    assert pack_frames(make_dataset(packed), str(folder), shard_frames=20, workers=1).kept_frames == 20
    assert len(shards(folder)) == 2
    assert not pixels_of(folder, 's2/*.png')[0].any()


def test_a_damaged_shard_is_written_again(packed):
    folder = packed / 'packed/frames'
    path = shards(folder)[0]
    path.write_bytes(path.read_bytes()[:-30])
    assert pack_frames(make_dataset(packed), str(folder), shard_frames=20, workers=1).kept_frames == 10
    assert verify_pack(make_dataset(packed), str(folder), workers=1).problems == ()


def test_splits_do_not_touch_each_other(noisy):
    write_noisy_corpus(noisy / 'other', [3], split='train-a')
    pack_frames(make_dataset(noisy / 'other', split='train-a'), str(noisy / 'out'), workers=1)
    pack_frames(make_dataset(noisy), str(noisy / 'out'), workers=1)
    assert [path.name.rsplit('-', 1)[0] for path in shards(noisy / 'out')] == ['train-00000', 'train-a-00000']


def test_another_corpus_does_not_replace_a_split(packed):
    folder = packed / 'packed/frames'
    before = [path.name for path in shards(folder)]
    write_noisy_corpus(packed / 'other', [3], suffix='.jpg')
    with pytest.raises(ConfigError, match=r"other samples, such as 's0/\*\.png'; here they are such as .* --out"):
        pack_frames(make_dataset(packed / 'other'), str(folder), workers=1)
    assert [path.name for path in shards(folder)] == before


def test_corrupt_image_is_named(noisy):
    path = noisy / 's1/f004.png'
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(DataError, match=r"sample 's1': '.*s1/f004\.png' cannot be read as an image"):
        pack_frames(make_dataset(noisy), str(noisy / 'out'), workers=2)
    assert not list((noisy / 'out').glob('.*'))


def test_cut_off_jpeg_is_named(tmp_path):
    write_noisy_corpus(tmp_path, [2], suffix='.jpg')
    path = tmp_path / 's0/f001.jpg'
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DataError, match=r'f001\.jpg'):
        pack_frames(make_dataset(tmp_path), str(tmp_path / 'out'), workers=1)


def test_missing_frames_are_named_and_counted(noisy):
    for path in (noisy / 's1').glob('*'):
        path.unlink()
    with pytest.raises(DataError, match=r"sample 's1': no frames match.*1 of 3 samples of train have no frames"):
        pack_frames(make_dataset(noisy), str(noisy / 'out'), workers=1)


def test_a_full_disk_is_told_and_leaves_no_part(noisy):
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, limit[1]))
    try:
        with pytest.raises(OutputError, match=r'cannot be written: .* run again with more room'):
            pack_frames(make_dataset(noisy), str(noisy / 'out'), workers=1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, old)
    assert list((noisy / 'out').iterdir()) == []


def test_wrong_arguments(noisy):
    with pytest.raises(ConfigError, match='shard_frames: got 0'):
        pack_frames(make_dataset(noisy), str(noisy / 'out'), shard_frames=0)
    (noisy / 'file').write_text('')
    with pytest.raises(OutputError, match='--out'):
        pack_frames(make_dataset(noisy), str(noisy / 'file'))


def test_verify_names_every_difference(packed):
    folder = str(packed / 'packed/frames')
    result = verify_pack(make_dataset(packed), folder, workers=1)
    assert (result.num_samples, result.num_frames, result.num_compared, result.problems) == (3, 30, 30, ())
    cv2.imwrite(str(packed / 's0/f003.png'), np.zeros((40, 36, 3), np.uint8))
    (packed / 's1/f008.png').unlink()
    data = bytearray(shards(folder)[1].read_bytes())
    data[200] ^= 4
    shards(folder)[1].write_bytes(data)
    problems = verify_pack(make_dataset(packed), folder, workers=2).problems
    assert len(problems) == 3
    assert 's0/f003.png' in problems[0]
    assert 'other pixels' in problems[0]
    assert "'s1/*.png': the folder has 8 frames, the pack 9" in problems[1]
    assert "frame 'f000.png'" in problems[2]
    assert 'is damaged' in problems[2]


def test_verify_without_the_files_checks_sums(packed):
    for path in packed.glob('s*/*.png'):
        path.unlink()
    result = verify_pack(make_dataset(packed), str(packed / 'packed/frames'), workers=1)
    assert (result.num_frames, result.num_compared, result.problems) == (30, 0, ())


@pytest.mark.slow
def test_a_killed_run_goes_on_where_it_was(tmp_path):
    write_noisy_corpus(tmp_path, [40] * 10, size=(128, 128))
    arguments = ('custom', '--root', tmp_path, '--shard-frames', 40, '--workers', 1)
    repo = Path(__file__).parents[3]
    command = [sys.executable, str(repo / 'tools/pack_frames.py'), *map(str, arguments)]
    folder = tmp_path / 'packed/frames'
    process = subprocess.Popen(command, cwd=repo, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 120
    while len(shards(folder)) < 2 and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    kept = {path.name: path.stat().st_mtime_ns for path in shards(folder)}
    assert 2 <= len(kept) < 10
    assert not list(folder.glob('*.index.json'))

    summary = pack_frames(make_dataset(tmp_path), str(folder), shard_frames=40, workers=1)
    assert summary.kept_frames == 40 * len(kept)
    assert not list(folder.glob('.*'))
    after = {path.name: path.stat().st_mtime_ns for path in shards(folder)}
    assert len(after) == 10
    assert kept.items() <= after.items()
    assert verify_pack(make_dataset(tmp_path), str(folder), workers=1).problems == ()
