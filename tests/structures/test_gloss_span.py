from dataclasses import replace

import pytest

from cslrkit.structures import GlossSpan, GlossVocab, Hypothesis, TemporalSpec, merge_neighbors

A, BLURRED, B = (
    GlossSpan(1, 'A', (0, 2), (0, 12), (0.0, 0.48), peak=1, confidence=0.5, peak_prob=0.4),
    GlossSpan(1, 'A', (4, 4), (16, 20), (0.64, 0.8), peak=4, confidence=0.45, peak_prob=0.45),
    GlossSpan(2, 'B', (5, 5), (20, 24), (0.8, 0.96), peak=5, confidence=1.0, peak_prob=1.0),
)


def test_merged_neighbors_span_both_and_peak_at_the_higher():
    merged, b = merge_neighbors([A, BLURRED, B])
    assert b == B
    assert (merged.steps, merged.frames, merged.times) == ((0, 4), (0, 20), (0.0, 0.8))
    assert (merged.peak, merged.peak_prob) == (4, 0.45)
    assert merged.confidence == pytest.approx(1 - 0.5 * 0.55)
    assert merge_neighbors([BLURRED, replace(A, peak_prob=0.45)])[0].peak == 4  # the earlier one of equals
    assert merge_neighbors([]) == ()


def test_merging_in_pieces_is_merging_at_once():
    third = replace(A, peak=9, confidence=0.2, peak_prob=0.9)
    whole = merge_neighbors([A, BLURRED, third])
    in_pieces = merge_neighbors([*merge_neighbors([A, BLURRED]), third])
    assert len(whole) == len(in_pieces) == 1
    assert in_pieces[0] == replace(whole[0], confidence=pytest.approx(1 - 0.5 * 0.55 * 0.8))


def test_what_is_not_known_stays_unknown():
    merged = merge_neighbors([replace(A, times=None, confidence=None), BLURRED])[0]
    assert (merged.times, merged.start, merged.end, merged.confidence) == (None, None, None, None)


def test_equal_by_another_key():
    words = [replace(A, gloss='X'), replace(B, gloss='X')]
    assert len(merge_neighbors(words)) == 2
    assert len(merge_neighbors(words, key=lambda span: span.gloss)) == 1


def test_a_hypothesis_is_a_sequence_of_spans():
    hyp = Hypothesis([A, B], -1.0)
    assert (len(hyp), hyp[1], list(hyp), hyp.spans) == (2, B, [A, B], (A, B))
    assert (hyp.gloss_ids, hyp.glosses, hyp.timesteps) == ((1, 2), ('A', 'B'), (1, 5))
    assert (hyp.step_spans, hyp.frame_spans, hyp.confidences) == (((0, 2), (5, 5)), ((0, 12), (20, 24)), (0.5, 1.0))
    assert hyp.time_spans == [(0.0, 0.48), (0.8, 0.96)]
    assert A.shifted(3).steps == (3, 5)
    assert A.shifted(3).peak == 4


def test_times_by_the_clock_of_the_frames():
    hyp = Hypothesis([GlossSpan(1, steps=(0, 1))], 0.0)
    times = [(0.0, 0.1), (0.1, 0.5), (0.5, 2.0)]
    placed = hyp.resolve(GlossVocab.from_list('A'), TemporalSpec(('K3',)), frame_indices=(0, 3, 4), frame_times=times)
    assert (placed[0].frames, placed[0].times, placed[0].gloss) == ((0, 4), (0.0, 0.5), 'A')


@pytest.mark.parametrize(
    'build',
    [
        lambda: Hypothesis((1,), -1.0, (0,)),
        lambda: Hypothesis(gloss_ids=(1,), score=-1.0, timesteps=(0,), step_spans=((0, 0),)),
        lambda: replace(Hypothesis([A], -1.0), confidences=(0.5,)),
    ],
)
def test_the_form_of_an_earlier_release_is_refused_with_what_to_write(build):
    with pytest.raises(
        TypeError, match=r'since release 0\.2\.0 it is made of spans, Hypothesis\(\[GlossSpan\(gloss_id'
    ):
        build()
