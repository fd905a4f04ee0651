import weakref
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from cslrkit.apis.infer.frames import SampledFrame
from cslrkit.apis.infer.parts import Video
from cslrkit.apis.infer.windows import WindowDecoder, WindowPlan, cut_windows, joint, plan_windows
from cslrkit.decoders import GreedyDecoder
from cslrkit.errors import ConfigError
from cslrkit.structures import GlossSpan, GlossVocab, Hypothesis, NBestEntry, TemporalSpec
from cslrkit.video import ArrayClip

STRIDE = 4
SPEC = TemporalSpec(('K5', 'P2', 'K5', 'P2'))


def sample(index):
    return SampledFrame(np.full((1, 1, 3), index % 256, np.uint8), index, (index / 25, (index + 1) / 25))


@pytest.mark.parametrize('total', [1, 31, 32, 33, 40, 41, 64, 100, 203])
def test_windows_cover_everything(total):
    plan = WindowPlan(32, 8, 8)
    windows = list(cut_windows(map(sample, range(total)), plan))
    assert windows[0].start == 0
    assert windows[-1].start + len(windows[-1].frames) == total
    for window in windows:
        assert window.start % plan.align == 0
        assert [s.index for s in window.frames] == list(range(window.start, window.start + len(window.frames)))
    for before, after in zip(windows, windows[1:]):
        assert len(before.frames) == 32
        assert before.start < after.start <= before.start + 32 - 8
    assert len(windows[-1].frames) > 32 - plan.align or len(windows) == 1


def test_memory_does_not_grow_with_the_length():
    def most_alive(total):
        alive = most = 0

        def samples():
            nonlocal alive, most
            for index in range(total):
                made = sample(index)

                def gone():
                    nonlocal alive
                    alive -= 1

                weakref.finalize(made.image, gone)
                alive += 1
                most = max(most, alive)
                yield made

        for _ in cut_windows(samples(), WindowPlan(32, 8, 8)):
            pass
        return most

    assert most_alive(200) == most_alive(2000) <= 2 * 32 + 8


def test_plan_in_seconds():
    assert plan_windows(16, 4, rate=25, align=8) == WindowPlan(400, 96, 8)  # 100 is no multiple of 8
    assert plan_windows(0.1, 0, rate=25, align=4) == WindowPlan(16, 8, 4)
    assert plan_windows(16, None, rate=25, align=4) == WindowPlan(400, 100, 4)
    assert plan_windows(1, None, rate=24, align=4) == WindowPlan(24, 12, 4)  # the overlap follows a short window
    with pytest.raises(ConfigError, match='half'):
        plan_windows(4, 3, rate=25, align=4)
    with pytest.raises(ConfigError, match='inf s'):
        plan_windows(float('inf'), 3, rate=25, align=4)


def test_windows_are_joined_where_the_blank_is_most_probable():
    def steps(blank):
        return np.log(np.stack([blank, 1 - np.asarray(blank)], 1))

    # They share steps 4..8, of which 5..7 are in the middle; both give the blank 0.9 at 6, only the first at 5 and 7.
    first = steps([0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9])
    second = steps([0.9, 0.1, 0.9, 0.2, 0.3])
    assert joint(first[4:, 0], second[:4, 0]) == 2
    decoder = WindowDecoder(GreedyDecoder(), keep=True)
    decoder.add(0, first)
    decoder.add(4, second)
    decoder.finish()
    np.testing.assert_array_equal(decoder.log_probs, np.concatenate([first[:6], second[2:]]))


def outputs(glosses, total_steps):
    """Log-probabilities of a network that is sure: one step for each (step, gloss id)."""
    probs = np.full((total_steps, 4), 1e-6)
    probs[:, 0] = 1
    for step, gloss_id in glosses:
        probs[step, 0], probs[step, gloss_id] = 0.1, 0.9
    return np.log(probs / probs.sum(1, keepdims=True)).astype(np.float32)


def run(log_probs, plan, total):
    source = ArrayClip(np.zeros((1, 1, 1, 3), np.uint8), frame_rate=25.0)
    video = Video(source, partial(WindowDecoder, GreedyDecoder()))
    most = 0
    for part, window in video.windows([(0, map(sample, range(total)))], plan):
        first = window.start // STRIDE
        part.decoder.add(first, log_probs[first : first + -(-len(window.frames) // STRIDE)])
        most = max(most, part.decoder.num_held)
    model = SimpleNamespace(vocab=GlossVocab.from_list(['A', 'B', 'C']), neck=SimpleNamespace(temporal_spec=SPEC))
    return video.result(model), most


def test_windows_give_what_the_whole_gives():
    rng = np.random.RandomState(0)
    total = 4001
    places = np.flatnonzero(rng.rand(1000) < 0.2)
    log_probs = outputs([(step, 1 + rng.randint(3)) for step in places], 1001)
    whole, _ = run(log_probs, None, total)
    result, most = run(log_probs, WindowPlan(64, 16, 8), total)
    assert result.num_windows > 70
    assert result.glosses == whole.glosses
    assert len(whole.glosses) > 100
    for one, other in zip(whole.spans, result.spans):
        assert (one.start, one.end, one.frames) == (other.start, other.end, other.frames)
        assert one.confidence == pytest.approx(other.confidence, abs=1e-5)
    assert result.score == pytest.approx(whole.score, abs=1e-3)
    assert most < 16 * 5


def test_spans_and_confidence_by_hand():
    # Step 2 stands for frames 8..12, at 25 frames a second 0.32 to 0.48 s; the repeat at step 4 is merged:
    # it ends at frame 20, and is signed with 1 - 0.1 * 0.1.
    result, _ = run(outputs([(2, 1), (4, 1)], 6), None, 24)
    span = result.spans[0]
    assert result.glosses == ('A',)
    assert (span.start, span.end, span.frames) == (pytest.approx(0.32), pytest.approx(0.8), (8, 20))
    assert span.confidence == pytest.approx(0.99, abs=1e-4)


def test_never_a_blank():
    log_probs = np.log(np.tile([[0.01, 0.97, 0.01, 0.01]], (500, 1))).astype(np.float32)
    result, most = run(log_probs, WindowPlan(64, 16, 8), 2000)
    assert result.glosses == ('A',)
    assert result.spans[0].frames == (0, 2000)
    assert most < 64 * 5


def test_nbest_of_pieces():
    def two_best(log_probs, lengths):
        entries = (NBestEntry((1,), -1.0), NBestEntry((2,), -3.0), NBestEntry((1, 1), -3.5))
        return [Hypothesis([GlossSpan(1, confidence=0.5)], -1.0, entries)]

    decoder = WindowDecoder(two_best, nbest=5)
    decoder.add(0, outputs([], 16))
    decoder.add(8, outputs([], 16))
    hyp = decoder.finish()
    assert [(entry.gloss_ids, entry.score) for entry in hyp.nbest] == [((1,), -2.0), ((1, 2), -4.0), ((2, 1), -4.0)]
    assert (hyp.gloss_ids, hyp.confidences, hyp.score) == ((1,), (0.75,), -2.0)
