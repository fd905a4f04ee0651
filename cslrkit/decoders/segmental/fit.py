"""Learning what signs look like from sentences whose glosses are known and whose times are not."""

from typing import Callable, List, NamedTuple, Sequence, Tuple

import numpy as np

from cslrkit.decoders.segmental.search import Segment, SignModel, ease, find_segments, log_normal, state_edges
from cslrkit.errors import DataError

PRINCIPAL = 64  # components among which the discriminant ones are sought, at most
_FLOOR = 0.3  # of a component's usual deviation, below which one of a clip counts less
_SHRINKAGE = 0.1  # of the covariance within states, towards that of equal directions
_GAP = 0.4  # of a sign: how long a gap is at first
_PRIOR_SIGNS = 5.0  # how many signs of the mean duration each gloss has besides its own
MIXTURE = 4  # normal densities of what is neither sign nor way
_MEDIAN_OF_SQUARES = 0.455  # of a standard normal variable

Clip = Tuple[np.ndarray, Sequence[int]]  # features (T, C), gloss ids


class Fitted(NamedTuple):
    """What :func:`fit_signs` learned.

    Args:
        principal: From a backbone's features to their principal components (C, P).
        scale: Standard deviation of each component within clips (P,).
        basis: From standardized components, see :func:`standardize`, to features of the model (P, D).
        model: Of signs.
        changed: Share of segments that the last round moved.
        num_left_out: Clips too short for their glosses.
    """

    principal: np.ndarray
    scale: np.ndarray
    basis: np.ndarray
    model: SignModel
    changed: float
    num_left_out: int


def fit_signs(
    clips: Sequence[Clip],
    num_classes: int,
    *,
    dims: int = 24,
    states: int = 5,
    spread: float = 0.1,
    rounds: int = 6,
    report: Callable[[int, float], None] = lambda number, changed: None,
) -> Fitted:
    """Learn signs from a flat start: at first a clip's signs lie evenly in it, then they are sought again and again.

    This is Viterbi training as of hidden Markov models (Rabiner, Proc. IEEE 1989) with segments in the place of states.
    In each round the features are projected onto the directions that tell states apart (linear discriminant analysis),
    the model is estimated, and the segments are found anew. The mean duration of a sign stays that of the flat start.

    Args:
        clips: Features of each clip's frames, and its glosses.
        num_classes: Classes V, the blank included.
        dims: Features of the model D.
        states: States of a sign S.
        spread: Standard deviation of the logarithm of a sign's duration.
        rounds: How often.
        report: Called after each round with its number and the share of segments that it moved.

    Raises:
        DataError: If no clip has glosses and frames enough.
    """
    centered = [features.astype(np.float64) - features.mean(0, dtype=np.float64) for features, _ in clips]
    segments = [flat_segments(len(features), len(ids)) for features, ids in clips]
    used = [place for place, found in enumerate(segments) if found]
    if not used:
        raise DataError(f'fit_signs: got {len(clips)} clips, none of which has glosses and frames enough for them.')
    centered, ids = [centered[place] for place in used], [clips[place][1] for place in used]
    segments = [segments[place] for place in used]
    mean = float(np.exp(np.mean([np.log(end - start) for clip in segments for start, end in clip])))
    covariance = sum(clip.T @ clip for clip in centered) / sum(map(len, centered))
    variances, directions = np.linalg.eigh(covariance)
    principal, scale = directions[:, ::-1][:, :PRINCIPAL], np.sqrt(variances[::-1][:PRINCIPAL].clip(1e-12))
    reduced = [standardize(clip @ principal, scale) for clip in centered]
    for number in range(1, rounds + 1):
        labels = [_labels(len(clip), *known, states) for clip, known in zip(reduced, zip(ids, segments))]
        basis = _discriminant(np.concatenate(reduced), np.concatenate(labels), dims)
        projected = [clip @ basis for clip in reduced]
        model = _estimate(projected, ids, segments, labels, (num_classes, states, mean, spread))
        found = [find_segments(clip, glosses, model) or old for clip, glosses, old in zip(projected, ids, segments)]
        moved = [one != other for old, new in zip(segments, found) for one, other in zip(old, new)]
        segments, changed = found, float(np.mean(moved))
        report(number, changed)
    return Fitted(principal, scale, basis, model, changed, len(clips) - len(used))


def standardize(components: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Return the components of a clip less their mean, with about the deviation that clips have: signers differ in it.

    Args:
        components: Of a clip's frames.
        scale: Usual standard deviation of each.

    Shape:
        components (T, P), scale (P,).
    """
    centered = components - components.mean(0)
    return centered * scale / (centered.std(0) + _FLOOR * scale)


def flat_segments(num_frames: int, count: int) -> List[Segment]:
    """Return ``count`` segments that lie evenly in a clip; none if it is too short.

    Examples:
        >>> flat_segments(20, 2)
        [(4, 9), (12, 17)]
    """
    if not count or num_frames < 3 * count:
        return []
    sign = (num_frames - 2) / (count + (count + 1) * _GAP)
    starts = [1 + sign * (_GAP * (place + 1) + place) for place in range(count)]
    return [(round(start), max(round(start + sign), round(start) + 1)) for start in starts]


def _labels(num_frames: int, ids: Sequence[int], segments: Sequence[Segment], states: int) -> np.ndarray:
    """The state that each frame is of, counted over all glosses; -1 between signs."""
    labels = np.full(num_frames, -1)
    for gloss, (start, end) in zip(ids, segments):
        edges = state_edges(end - start, states)
        for state in range(states):
            labels[start + edges[state] : start + edges[state + 1]] = gloss * states + state
    return labels


def _discriminant(features: np.ndarray, labels: np.ndarray, dims: int) -> np.ndarray:
    """Directions that tell states apart, scaled to unit variance within states (C, D)."""
    features, labels = features[labels >= 0], labels[labels >= 0]
    places = np.unique(labels, return_inverse=True)[1]
    counts = np.bincount(places)
    means = np.stack([np.bincount(places, column) for column in features.T], 1) / counts[:, None]
    rest = features - means[places]
    within = rest.T @ rest / len(features)
    # Of few clips a state may have one frame, and nothing varies within states.
    within += max(_SHRINKAGE * np.trace(within) / len(within), 1e-6 * features.var() + 1e-12) * np.eye(len(within))
    apart = means - features.mean(0)
    between = (apart * counts[:, None]).T @ apart / len(features)
    whiten = np.linalg.inv(np.linalg.cholesky(within))
    return whiten.T @ np.linalg.eigh(whiten @ between @ whiten.T)[1][:, ::-1][:, :dims]


def _estimate(
    clips: Sequence[np.ndarray],
    ids: Sequence[Sequence[int]],
    segments: Sequence[Sequence[Segment]],
    labels: Sequence[np.ndarray],
    sizes: Tuple[int, int, float, float],
) -> SignModel:
    """Estimate a model from the segments of clips; a state is drawn to the overall mean by one frame."""
    num_classes, states, mean, spread = sizes
    features, label = np.concatenate(clips), np.concatenate(labels)
    signed, place = features[label >= 0], label[label >= 0]
    counts = np.bincount(place, minlength=num_classes * states)[:, None]
    sums = np.stack([np.bincount(place, column, minlength=num_classes * states) for column in signed.T], 1)
    means = (sums + features.mean(0)) / (counts + 1)
    variance = np.maximum(((signed - means[place]) ** 2).mean(0), 1e-6)
    means = means.reshape(num_classes, states, -1)
    rest = np.median([clip[place] for clip in clips for place in (0, -1)], axis=0)
    others = _mixture(features[label < 0] if (label < 0).any() else features, variance)
    ways, gaps = _ways(clips, ids, segments, (means, rest, round(1.6 * mean)))
    logs = [np.log(end - start) for clip in segments for start, end in clip]
    glosses = np.array([gloss for clip in ids for gloss in clip])
    numbers = np.bincount(glosses, minlength=num_classes)
    # Relative to the mean of this round, so that signs neither shrink nor grow together.
    offsets = np.bincount(glosses, logs - np.mean(logs), minlength=num_classes) / (numbers + _PRIOR_SIGNS)
    way_variance = variance if ways is None else np.median(ways**2, axis=0) / _MEDIAN_OF_SQUARES + 1e-6
    return SignModel(
        means, variance, rest, way_variance, *others, np.log(gaps / gaps.sum()), mean * np.exp(offsets), spread
    )


def _ways(
    clips: Sequence[np.ndarray],
    ids: Sequence[Sequence[int]],
    segments: Sequence[Sequence[Segment]],
    poses: Tuple[np.ndarray, np.ndarray, int],
) -> Tuple[np.ndarray, np.ndarray]:
    """How far frames between signs are from the way between poses (n, D), and how often gaps have 0, 1, ... frames."""
    means, rest, longest = poses
    residuals, gaps = [], np.full(longest + 2, 0.5)
    for clip, glosses, found in zip(clips, ids, segments):
        bounds = [(0, 0), *found, (len(clip), len(clip))]
        starts = [rest, *(means[gloss, -1] for gloss in glosses)]
        ends = [*(means[gloss, 0] for gloss in glosses), rest]
        for place, (start, end) in enumerate(zip(starts, ends)):
            first, last = bounds[place][1], bounds[place + 1][0]
            if 0 < place < len(glosses):
                gaps[min(last - first, longest + 1)] += 1
            if 0 < last - first <= longest:
                residuals.append(clip[first:last] - (start + ease(last - first)[:, None] * (end - start)))
    return (np.concatenate(residuals) if residuals else None), gaps


def _mixture(features: np.ndarray, variance: np.ndarray) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Means, variances and log-weights of normal densities, by k-means from frames at even distances."""
    means = features[np.linspace(0, len(features) - 1, MIXTURE).astype(int)]
    for _ in range(10):
        nearest = log_normal(features[:, None], means, variance).argmax(1)
        groups = [features[nearest == place] for place in range(MIXTURE)]
        means = np.stack([group.mean(0) if len(group) else mean for group, mean in zip(groups, means)])
    variances = np.stack([(group if len(group) > 5 else features).var(0) + 0.1 * variance for group in groups])
    weights = np.array([len(group) + 1.0 for group in groups])
    return means, variances, np.log(weights / weights.sum())
