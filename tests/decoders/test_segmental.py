"""Segments of signs: the search against all segmentations, and learning from a flat start."""

from itertools import product

import numpy as np
import pytest

from cslrkit.decoders.segmental import SignModel, find_segments, fit_signs
from cslrkit.decoders.segmental.fit import flat_segments, standardize
from cslrkit.decoders.segmental.search import OTHER, state_edges
from cslrkit.errors import DataError


def density(x, mean, variance):
    return -0.5 * sum((a - m) ** 2 / v + np.log(v) for a, m, v in zip(x, mean, variance))


def score(features, ids, segments, model):
    """The score of a segmentation, frame by frame from the definition."""
    total = 0.0
    other = [
        np.logaddexp.reduce(
            [density(x, m, v) + w for m, v, w in zip(model.other_means, model.other_variances, model.other_logs)]
        )
        for x in features
    ]
    for gloss, (start, end) in zip(ids, segments):
        edges = state_edges(end - start, model.means.shape[1])
        total += -0.5 * (np.log((end - start) / model.durations[gloss]) / model.spread) ** 2
        for state, (first, last) in enumerate(zip(edges, edges[1:])):
            for frame in range(start + first, start + last):
                total += density(features[frame], model.means[gloss, state], model.variance)
    bounds = [(0, 0), *segments, (len(features), len(features))]
    for place, ((_, first), (last, _)) in enumerate(zip(bounds, bounds[1:])):
        length = last - first
        if length == 0:
            total += model.gap_logs[0] if 0 < place < len(ids) else 0.0
            continue
        total += model.gap_logs[min(length, model.longest_gap + 1)]
        if length > model.longest_gap:
            total += sum(other[first:last]) + model.longest_gap * np.log(OTHER)
            continue
        begin = model.rest if place == 0 else model.means[ids[place - 1], -1]
        end = model.rest if place == len(ids) else model.means[ids[place], 0]
        for number, frame in enumerate(range(first, last), start=1):
            phase = number / (length + 1)
            pose = begin + phase**2 * (3 - 2 * phase) * (end - begin)
            way = density(features[frame], pose, model.way_variance)
            total += np.logaddexp(np.log(1 - OTHER) + way, np.log(OTHER) + other[frame])
    return total


def random_model(rng, *, longest_gap, duration=2.0):
    return SignModel(
        means=rng.normal(size=(3, 2, 2)),
        variance=rng.uniform(0.5, 1, 2),
        rest=rng.normal(size=2),
        way_variance=rng.uniform(0.5, 1, 2),
        other_means=rng.normal(size=(2, 2)),
        other_variances=rng.uniform(1, 2, (2, 2)),
        other_logs=np.log([0.3, 0.7]),
        gap_logs=np.log(rng.dirichlet(np.ones(longest_gap + 2))),
        durations=np.full(3, duration),
        spread=0.5,
    )


@pytest.mark.parametrize('longest_gap', [1, 2, 8])
def test_the_search_finds_the_best_of_all_segmentations(longest_gap):
    rng = np.random.default_rng(longest_gap)
    for _ in range(4):
        model, features = random_model(rng, longest_gap=longest_gap), rng.normal(size=(7, 2))
        lengths = model.sign_lengths()
        places = [(start, start + length) for length in lengths for start in range(8 - length)]
        candidates = [pair for pair in product(places, places) if pair[0][1] <= pair[1][0]]
        best = max(candidates, key=lambda pair: score(features, [2, 1], pair, model))
        assert find_segments(features, [2, 1], model) == list(best)


def test_a_clip_that_is_too_short_has_no_segments():
    model = random_model(np.random.default_rng(0), longest_gap=2, duration=5.0)
    assert model.sign_lengths() == range(2, 13)
    assert find_segments(np.zeros((3, 2)), [1, 2], model) is None
    assert find_segments(np.zeros((4, 2)), [1, 2], model) == [(0, 2), (2, 4)]


def drawn_clips(rng, count, *, num_glosses=4, dims=8):
    """Signs that move from one pose to another in 5 or 6 frames, ways of 1 to 6 frames, rest at both ends."""
    starts, ends, rest = rng.normal(size=(num_glosses, dims)), rng.normal(size=(num_glosses, dims)), np.zeros(dims)
    clips, truth = [], []
    for _ in range(count):
        ids, frames, segments, pose = rng.integers(0, num_glosses, 3), [rest, rest], [], rest
        for gloss in ids:
            way, length = rng.integers(1, 7), rng.integers(5, 7)
            frames += [pose + (starts[gloss] - pose) * (step + 1) / (way + 1) for step in range(way)]
            segments.append((len(frames), len(frames) + length))
            frames += [starts[gloss] + (ends[gloss] - starts[gloss]) * step / (length - 1) for step in range(length)]
            pose = ends[gloss]
        frames += [pose / 2, rest, rest]
        clips.append((np.stack(frames) + 0.05 * rng.normal(size=(len(frames), dims)), (ids + 1).tolist()))
        truth.append(segments)
    return clips, truth


def test_signs_are_learned_from_a_flat_start():
    clips, truth = drawn_clips(np.random.default_rng(3), 60)
    shares = []
    fitted = fit_signs(clips[:50], 5, dims=6, report=lambda number, changed: shares.append(changed))
    assert len(shares) == 6
    assert shares[-1] < shares[0]
    errors, flat_errors = [], []
    for (features, ids), segments in zip(clips[50:], truth[50:]):
        seen = standardize(features @ fitted.principal, fitted.scale) @ fitted.basis
        found = find_segments(seen, ids, fitted.model)
        errors += np.abs(np.subtract(found, segments)).ravel().tolist()
        flat_errors += np.abs(np.subtract(flat_segments(len(features), 3), segments)).ravel().tolist()
    assert np.mean(errors) < 0.5 < 1.0 < np.mean(flat_errors)


def test_one_clip_is_enough_to_be_fitted():
    (clip, *_), _ = drawn_clips(np.random.default_rng(0), 1)
    fitted = fit_signs([(clip[0], [1, 2, 3])], 5, dims=4)
    assert all(np.isfinite(value).all() for value in vars(fitted.model).values())


def test_clips_that_are_too_short_are_left_out_and_counted():
    clips, _ = drawn_clips(np.random.default_rng(0), 10)
    assert fit_signs([*clips, (np.zeros((4, 8)), [1, 2])], 5, dims=4, rounds=1).num_left_out == 1
    with pytest.raises(DataError, match='got 1 clips, none of which'):
        fit_signs([(np.zeros((4, 8)), [1, 2])], 5)
