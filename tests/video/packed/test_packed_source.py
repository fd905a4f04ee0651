import json
import pickle
import random
import struct
import zlib

import cv2
import numpy as np
import pytest
import torch
from corpus_files import entry, write_annotation
from small_datasets import TEST, TRAIN, assert_same_samples, make_dataset, read_all, write_noisy_corpus

from cslrkit.datasets import CSLDailyDataset
from cslrkit.errors import ConfigError, DataError, DataNotFoundError
from cslrkit.video import PackedFrames
from cslrkit.video.packed import pack_frames
from cslrkit.video.packed.shard import read_footer

PACKED = dict(backend='packed')


@pytest.mark.parametrize('steps', [TRAIN, TEST])
@pytest.mark.parametrize('interval', [1, 2, 3])
def test_same_tensors_as_from_folders(packed, steps, interval):
    shared = dict(pipeline=steps, frame_interval=interval)
    folders, pack = make_dataset(packed, **shared), make_dataset(packed, frames=PACKED, **shared)
    for seed in range(4):
        assert_same_samples(read_all(pack, seed), read_all(folders, seed))


@pytest.mark.parametrize('suffix', ['.jpg', '.png'])
def test_same_tensors_in_the_layout_of_csl_daily(tmp_path, suffix):
    write_noisy_corpus(tmp_path, [9, 12], size=(70, 50), suffix=suffix)
    write_annotation(tmp_path, [entry('s0', folder='s0'), entry('s1', folder='s1')])
    load = dict(type='LoadFrames', crop_top=40, resize=(36, 40))
    shared = dict(kind=CSLDailyDataset, pipeline=[load, *TRAIN[1:]])
    folders = make_dataset(tmp_path, **shared)
    pack_frames(folders, str(tmp_path / 'packed/frames'), workers=1)
    for seed in range(3):
        assert_same_samples(read_all(make_dataset(tmp_path, frames=PACKED, **shared), seed), read_all(folders, seed))


def test_two_workers_read_what_one_process_reads(packed):
    dataset = make_dataset(packed, frames=PACKED, pipeline=TEST)
    alone = read_all(dataset, 0)  # maps are open before the workers begin
    loader = torch.utils.data.DataLoader(dataset, num_workers=2, batch_size=None)
    assert_same_samples(list(loader), alone)


def test_frames_are_read_in_any_subset(packed):
    dataset = make_dataset(packed, frames=PACKED)
    frames = dataset.clip_reader.clip('s0/*.png', where='test')
    assert (len(frames), frames.paths, frames.frame_size(3)) == (11, None, (40, 36))
    assert [frames.frame_name(index) for index in range(11)] == [f'f{index:03d}.png' for index in range(11)]
    truth = [cv2.imread(str(packed / f's0/f{index:03d}.png'))[..., ::-1] for index in range(11)]
    rng = random.Random(0)
    for _ in range(40):
        indices = sorted(rng.sample(range(11), rng.randint(1, 11)))
        for index, frame in zip(indices, frames.decode(indices)):
            np.testing.assert_array_equal(frame, truth[index])
    out = np.empty((2, 20, 10, 3), np.uint8)
    frames.read_into(out, [4, 9], size=(40, 36), box=(5, 7), flip=True)
    np.testing.assert_array_equal(out[1], truth[9][5:25, 7:17][:, ::-1])


def test_pickled_clips_and_datasets_read_again(packed):
    dataset = make_dataset(packed, frames=PACKED, pipeline=[dict(type='LoadFrames')])
    frames = dataset.clip_reader.clip('s2/*.png', where='test')
    first = next(iter(frames.decode([7]))).copy()
    np.testing.assert_array_equal(next(iter(pickle.loads(pickle.dumps(frames)).decode([7]))), first)
    again = pickle.loads(pickle.dumps(dataset))
    np.testing.assert_array_equal(again[2]['imgs'], dataset[2]['imgs'])


def test_frames_may_be_gone(packed):
    dataset = make_dataset(packed, pipeline=[dict(type='LoadFrames')])
    before = dataset[1]['imgs'].copy()
    for path in packed.glob('s*/*.png'):
        path.unlink()
    for folder in ('s0', 's1', 's2'):
        (packed / folder).rmdir()
    dataset = make_dataset(packed, frames=PACKED, pipeline=[dict(type='LoadFrames')])
    np.testing.assert_array_equal(dataset[1]['imgs'], before)


@pytest.mark.parametrize('change', ['added', 'removed', 'renamed', 'replaced'])
def test_a_pack_older_than_the_frames_is_an_error(packed, change):
    path = packed / 's0/f001.png'
    if change == 'added':
        (packed / 's0/f0015.png').write_bytes(path.read_bytes())
    elif change == 'removed':
        path.unlink()
    elif change == 'renamed':
        path.rename(packed / 's0/g001.png')
    else:
        path.unlink()
        cv2.imwrite(str(path), np.zeros((40, 36, 3), np.uint8))
    dataset = make_dataset(packed, frames=PACKED, pipeline=[dict(type='LoadFrames')])
    with pytest.raises(DataError, match=r"sample 's0': the pack .* is older than the frames: .*Run tools/pack_frames"):
        dataset[0]
    assert len(dataset[1]['imgs']) == 9


def test_a_folder_that_was_only_touched_is_no_error(packed):
    (packed / 's0/notes.txt').write_text('x')
    assert len(make_dataset(packed, frames=PACKED, pipeline=[dict(type='LoadFrames')])[0]['imgs']) == 11


def test_no_pack_says_how_to_make_one(noisy):
    with pytest.raises(DataNotFoundError, match=r"packed/frames' does not exist\. Pack the corpus with tools/pack_"):
        make_dataset(noisy, frames=PACKED)
    with pytest.raises(DataNotFoundError, match='elsewhere'):
        make_dataset(noisy, frames=dict(backend='packed', path='elsewhere'))


def test_a_sample_that_is_not_packed(packed):
    write_noisy_corpus(packed / 'more', [2])
    write_annotation(packed, [entry('s9', folder='s9/*.png')], split='dev')
    dataset = make_dataset(packed, split='dev', frames=PACKED)
    with pytest.raises(DataNotFoundError, match=r"sample 's9': 's9/\*\.png' is not among .*packed there: train"):
        dataset.prepare_data(0)


def damage(packed, number, change):
    path = sorted((packed / 'packed/frames').glob('*.frames'))[number]
    data = bytearray(path.read_bytes())
    path.write_bytes(change(data))
    return make_dataset(packed, frames=PACKED, pipeline=[dict(type='LoadFrames')])


def flipped(position):
    def change(data):
        data[position] ^= 0x10
        return data

    return change


def test_damage_names_file_sample_and_what_to_do(packed):
    with pytest.raises(DataError, match=r"sample 's0': .*frame 'f000\.png' in '.*train-00000.*damaged.*Delete 'train-"):
        damage(packed, 0, flipped(300))[0]['imgs']


def test_damaged_record(packed):
    index = json.loads((packed / 'packed/frames/train.index.json').read_text())
    offset = index['samples']['s0/*.png'][1]
    with pytest.raises(DataError, match=r"sample 's0': .*record at byte \d+ has a wrong checksum"):
        damage(packed, 0, flipped(offset + 5))[0]


@pytest.mark.parametrize(
    'change',
    [
        dict(lengths=[1]),
        dict(lengths=[1 << 70] * 11),
        dict(references=[5] * 11),
        dict(references=['0'] * 11),
        dict(sizes=[[0, 4]]),
        dict(sizes=[7]),
        dict(names=[], sizes=[], kinds='', references=[], lengths=[]),
        dict(start=-8),
        dict(more=1),
    ],
)
def test_a_record_that_no_packing_writes(packed, change):
    """With a right checksum, too."""
    index_file = packed / 'packed/frames/train.index.json'
    index = json.loads(index_file.read_text())
    shard, offset, length, _, frames = index['samples']['s0/*.png']
    path = packed / 'packed/frames' / index['shards'][shard][0]
    data = path.read_bytes()
    record = json.dumps({**json.loads(data[offset : offset + length]), **change}).encode()
    path.write_bytes(data + record)
    index['shards'][shard][1] = len(data) + len(record)
    index['samples']['s0/*.png'] = [
        shard,
        len(data),
        len(record),
        zlib.crc32(record),
        len(change.get('names', 'f' * frames)),
    ]
    index_file.write_text(json.dumps(index))
    with pytest.raises(DataError, match=r"sample 's0': .*is damaged"):
        make_dataset(packed, frames=PACKED, pipeline=[dict(type='LoadFrames')])[0]


def test_a_trailer_that_points_anywhere(packed):
    path = sorted((packed / 'packed/frames').glob('*.frames'))[0]
    for content in (b'[]', b'{}', b'no JSON', b'[' * 100_000):
        path.write_bytes(
            path.read_bytes()[:16] + content + struct.pack('<QII8s', 16, len(content), zlib.crc32(content), b'KCAPRLSC')
        )
        with pytest.raises(DataError, match='cut off or damaged at its end'):
            read_footer(str(path))
    path.write_bytes(path.read_bytes()[:16] + struct.pack('<QII8s', 2**64 - 1, 9, 0, b'KCAPRLSC'))
    with pytest.raises(DataError, match='cut off or damaged at its end'):
        read_footer(str(path))


def test_truncated_shard(packed):
    dataset = damage(packed, 1, lambda data: data[:-100])
    assert len(dataset[0]['imgs']) == 11
    with pytest.raises(DataError, match=r"sample 's2': .* bytes, expected \d+: it was cut off"):
        dataset[2]


def test_missing_shard(packed):
    sorted((packed / 'packed/frames').glob('*.frames'))[0].unlink()
    dataset = make_dataset(packed, frames=PACKED, pipeline=[dict(type='LoadFrames')])
    with pytest.raises(DataNotFoundError, match=r"sample 's1': .*does not exist\. Run tools/pack_frames\.py again"):
        dataset[1]


def test_another_version_of_a_shard(packed):
    def change(data):
        data[8:12] = struct.pack('<I', 99)
        return data

    with pytest.raises(DataError, match='version 99 of the format, this cslrkit reads 1'):
        damage(packed, 0, change)[0]


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (dict(version=2), 'has version 2 of the format'),
        (dict(format='other'), 'cannot be read as an index'),
        (dict(codec='zip'), "codec 'zip', expected one of"),
        (dict(shards=[]), 'no such shard'),
        (dict(samples={'s0/*.png': [0, 1]}), 'is damaged'),
        (dict(samples={'s0/*.png': [0, -1, 5, 5, 5]}), 'is damaged'),
        (dict(shards=[['train-0.frames', float('inf')]]), 'is damaged'),
    ],
)
def test_a_strange_index(packed, change, message):
    path = packed / 'packed/frames/train.index.json'
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises((DataError, ConfigError), match=message):
        make_dataset(packed, frames=PACKED)


def test_a_cut_off_index(packed):
    path = packed / 'packed/frames/train.index.json'
    path.write_text(path.read_text()[:50])
    with pytest.raises(DataError, match='cannot be read as an index'):
        make_dataset(packed, frames=PACKED)


def test_every_byte_of_a_shard_is_guarded(packed):
    """Whatever byte is damaged: the right pixels or an error."""
    truth = make_dataset(packed, pipeline=[dict(type='LoadFrames')])[2]['imgs']
    place = dict(frame_root=str(packed), data_root=str(packed), where='test')
    path = sorted((packed / 'packed/frames').glob('*.frames'))[1]
    original = path.read_bytes()
    rng = random.Random(1)
    errors = 0
    for _ in range(100):
        data = bytearray(original)
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        path.write_bytes(data)
        try:
            frames = PackedFrames(**place).clip('s2/*.png', where='test')
            imgs = np.array(list(frames.decode(range(10))))
        except DataError:
            errors += 1
        else:
            np.testing.assert_array_equal(imgs, truth)
    assert errors > 80  # the others are in the footer, which only the next packing reads
