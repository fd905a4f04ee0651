"""Streams: what they say does not depend on how frames come, and memory does not grow."""

import json
import time

import numpy as np
import pytest

from cslrkit.apis import CSLRInferencer
from cslrkit.errors import ConfigError, DataError, DataNotFoundError
from cslrkit.video.clip import Frame
from cslrkit.video.live_frames import LiveFrames, open_live

RATE = 25.0
OPTIONS = dict(window=1.6, hop=0.32, lookahead=0.32)


@pytest.fixture(scope='module')
def inferencer(untrained_checkpoint):
    return CSLRInferencer(untrained_checkpoint, device='cpu')


@pytest.fixture(scope='module')
def frames():
    numbers = np.random.default_rng(0)
    scenes = numbers.integers(0, 256, (12, 64, 64, 3), dtype=np.uint8)
    return [scenes[index // 8] for index in range(90)]


@pytest.fixture(scope='module')
def events(inferencer, frames):
    return streamed(inferencer, frames, [1] * len(frames))


def streamed(inferencer, frames, sizes):
    stream = inferencer.stream(**OPTIONS)
    found, start = [], 0
    for size in sizes:
        found += stream.push(frames[start : start + size], [index / RATE for index in range(start, start + size)])
        start += size
    assert start == len(frames)
    return found + stream.flush()


@pytest.mark.parametrize('seed', range(4))
def test_any_grouping_of_frames_gives_the_same_glosses(inferencer, frames, events, seed):
    cuts = np.sort(np.random.default_rng(seed).integers(0, len(frames) + 1, 12))
    found = streamed(inferencer, frames, np.diff([0, *cuts, len(frames)]).tolist())
    told = [(event.kind, event.id, event.gloss, event.start, event.end, event.confidence) for event in found]
    assert told == [(event.kind, event.id, event.gloss, event.start, event.end, event.confidence) for event in events]


def test_each_gloss_ends_once(events):
    ends = [event.id for event in events if event.kind != 'partial']
    assert ends
    assert len(ends) == len(set(ends))
    assert {event.id for event in events if event.kind == 'partial'} <= set(ends)
    finals = [event for event in events if event.kind == 'final']
    assert [event.start for event in finals] == sorted(event.start for event in finals)
    assert all(one.gloss != other.gloss for one, other in zip(finals, finals[1:]))
    assert all(0 <= event.start < event.end <= event.emitted_at + 0.2 for event in finals)


def test_memory_does_not_grow(inferencer, frames):
    stream = inferencer.stream(**OPTIONS)
    held = []
    for index in range(240):
        stream.push([frames[index % len(frames)]], [index / RATE])
        held.append(stream.num_held)
    assert max(held[120:]) <= max(held[:120]) < 120


def test_late_frames_and_gaps(inferencer, frames):
    stream = inferencer.stream(**OPTIONS, gap=1.0)
    first = stream.push(frames[:40], [index / RATE for index in range(40)])
    assert stream.push(frames[:2], [1.0, 39 / RATE]) == []
    assert stream.num_late == 2
    after = stream.push(frames[40:60], [3600 + index / RATE for index in range(20)])
    ended = {event.id for event in [*first, *after] if event.emitted_at < 2 and event.kind != 'partial'}
    assert {event.id for event in first} <= ended  # the gap ended what was signed before it
    assert stream.num_held < 40
    later = [event for event in [*after, *stream.flush()] if event.emitted_at >= 3600]
    assert later
    assert all(event.start > 3599 for event in later)
    assert stream.flush() == []


def test_wrong_arguments(inferencer, frames):
    with pytest.raises(ConfigError, match='expected hop and gap above 0 and a window longer'):
        inferencer.stream(window=1.0, hop=0.5, lookahead=0.5)
    with pytest.raises(DataError, match='2 frames with 1 times'):
        inferencer.stream().push(frames[:2], [0.0])
    with pytest.raises(DataError, match='the time nan'):
        inferencer.stream().push(frames[:1], [float('nan')])


def test_waiting_frames_are_dropped_oldest_first(frames):
    live = LiveFrames((Frame(frames[0], index, index / RATE) for index in range(100)), held=1.0)
    batches = iter(live)
    found = next(batches)
    while not live._ended:
        time.sleep(0.01)
    found += [frame for batch in batches for frame in batch]
    assert found[-1].index == 99
    assert len(found) + live.num_dropped == 100
    assert live.num_dropped >= 40


def test_sources_that_stall_or_break_off(frames):
    def stalling():
        yield Frame(frames[0], 0, 0.0)
        time.sleep(1.0)

    live = LiveFrames(stalling(), quiet=0.05, stalled=0.15)
    with pytest.raises(DataError, match='no frame for 0 s'):
        assert [len(batch) for batch in live][:2] == [1, 0]

    def breaking():
        yield Frame(frames[0], 0, 0.0)
        raise DataError('camera 0: gone')

    with pytest.raises(DataError, match='gone'):
        list(LiveFrames(breaking()))


def test_what_there_is_to_open(tmp_path):
    with pytest.raises(DataError, match='cannot be opened'):
        next(open_live('7')[0])
    with pytest.raises(DataNotFoundError, match='does not exist'):
        open_live(str(tmp_path / 'none.mp4'))


def test_the_tool(run_tool, untrained_checkpoint, tiny_corpus, tmp_path):
    from cslrkit.corpora.synthsign import render_videos

    (video,) = render_videos(tiny_corpus, count=1, out_dir=tmp_path, suffix='.mp4')
    done = run_tool(
        'live.py', video, '--checkpoint', untrained_checkpoint, '--device', 'cpu', '--fast',
        '--jsonl', tmp_path / 'events.jsonl', '--video', tmp_path / 'shown.mp4',
    )  # fmt: skip
    events = [json.loads(line) for line in (tmp_path / 'events.jsonl').read_text(encoding='utf-8').splitlines()]
    assert len(done.stdout.splitlines()) == len(events)
    assert set(events[0]) == {'kind', 'id', 'gloss', 'start', 'end', 'emitted_at', 'confidence'}
    assert (tmp_path / 'shown.mp4').stat().st_size > 1000
