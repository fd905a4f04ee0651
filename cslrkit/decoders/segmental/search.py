"""Semi-Markov search: the best segments of a known sequence of glosses in a clip."""

from dataclasses import dataclass
from functools import cache
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

Segment = Tuple[int, int]

OTHER = 0.05  # prior probability that a frame between signs is of neither a way between poses nor rest
_SHORTEST, _LONGEST = 0.4, 2.5  # of a sign, as multiples of the mean duration
_NEVER = -1e18


@dataclass(frozen=True)
class SignModel:
    """What signs and the ways between them look like, and how long they last, in frames that the network sees.

    A sign runs through the states of its gloss at an even pace. Between two signs the hand goes from the last state
    of one to the first state of the next, slowly at both ends, from and to the rest pose at the ends of a clip; or
    it does something else. All densities are normal with diagonal covariance.

    Args:
        means: Of each gloss's states.
        variance: Of all states.
        rest: Mean of the rest pose.
        way_variance: Around the way between two poses.
        other_means: Of a mixture for other frames between signs.
        other_variances: Of the same.
        other_logs: Log-weights of the same.
        gap_logs: Log-probability of 0, 1, ... frames between two signs, the last entry for all that are longer.
        durations: Typical frames of each gloss's sign.
        spread: Standard deviation of the logarithm of a duration.

    Shape:
        means (V, S, D), other_means and other_variances (M, D), other_logs (M,), gap_logs (G + 2,), durations (V,),
        the others (D,).
    """

    means: np.ndarray
    variance: np.ndarray
    rest: np.ndarray
    way_variance: np.ndarray
    other_means: np.ndarray
    other_variances: np.ndarray
    other_logs: np.ndarray
    gap_logs: np.ndarray
    durations: np.ndarray
    spread: float

    @property
    def longest_gap(self) -> int:
        """Frames of the longest way between two signs; more are of something else."""
        return len(self.gap_logs) - 2

    def sign_lengths(self) -> range:
        """Frames that a sign may have."""
        mean = float(self.durations[1:].mean())
        return range(max(1, round(_SHORTEST * mean)), round(_LONGEST * mean) + 1)


def find_segments(features: np.ndarray, gloss_ids: Sequence[int], model: SignModel) -> Optional[List[Segment]]:
    """Return first frame and frame after the last of each gloss in the most probable segmentation of a clip.

    Args:
        features: Of the clip's frames, as the model was fitted.
        gloss_ids: The glosses, in order.
        model: What they look like.

    Shape:
        features: (T, D).

    Returns:
        None if the clip is too short for the glosses.
    """
    num_frames, lengths = len(features), model.sign_lengths()
    if num_frames < lengths.start * len(gloss_ids):
        return None
    frames = _Frames(features, model)
    best = np.full(num_frames + 1, _NEVER)
    best[0] = 0.0
    back = []
    for before, gloss in zip([None, *gloss_ids], [*gloss_ids, None]):
        best, starts = _after_gap(best, frames, before, gloss)
        if gloss is None:
            back.append((starts, starts))
            break
        scores = np.full((lengths.stop, num_frames + 1), _NEVER)
        for length in range(lengths.start, min(lengths.stop, num_frames + 1)):
            scores[length, length:] = best[: num_frames + 1 - length] + frames.sign(gloss, length)
        best = scores.max(0)
        back.append((starts, scores.argmax(0)))
    end, segments = int(back[-1][0][num_frames]), []
    for starts, chosen in back[-2::-1]:
        start = end - int(chosen[end])
        segments.append((start, end))
        end = int(starts[start])
    return segments[::-1]


def _after_gap(
    best: np.ndarray, frames: '_Frames', before: Optional[int], gloss: Optional[int]
) -> Tuple[np.ndarray, np.ndarray]:
    """Best scores of what ends with a gap at each frame, and where the gap begins."""
    model, num_frames = frames.model, len(best) - 1
    inner = before is not None and gloss is not None
    scores, starts = best + (model.gap_logs[0] if inner else 0.0), np.arange(num_frames + 1)
    ways = frames.ways(before, gloss)
    for length in range(1, min(model.longest_gap, num_frames) + 1):
        first = np.arange(num_frames + 1 - length)
        score = best[first] + model.gap_logs[length]
        for place, phase in enumerate(_phases(model.longest_gap)[1][length]):
            score = score + ways[first + place, phase]
        better = score > scores[length:]
        scores[length:][better] = score[better]
        starts[length:][better] = first[better]
    longer = model.longest_gap + 1
    if num_frames >= longer:
        # All frames of a longer gap are something else, so its best start is a running maximum.
        sums = np.concatenate([[0.0], np.cumsum(frames.other)])
        gains = (best - sums)[: num_frames + 1 - longer]
        tops = np.maximum.accumulate(gains)
        places = np.maximum.accumulate(np.where(gains >= tops, np.arange(len(gains)), 0))
        score = tops + sums[longer:] + model.gap_logs[-1] + model.longest_gap * np.log(OTHER)
        better = score > scores[longer:]
        scores[longer:][better] = score[better]
        starts[longer:][better] = places[better]
    return scores, starts


class _Frames:
    """Log-densities of a clip's frames."""

    def __init__(self, features: np.ndarray, model: SignModel) -> None:
        self.model = model
        self._features = features
        mixture = log_normal(features[:, None], model.other_means, model.other_variances) + model.other_logs
        self.other = np.logaddexp.reduce(mixture, axis=1)
        self._sums: Dict[int, np.ndarray] = {}

    def sign(self, gloss: int, length: int) -> np.ndarray:
        """Score of a sign of ``length`` frames that begins at each frame (T + 1 - length,)."""
        if gloss not in self._sums:
            states = log_normal(self._features[:, None], self.model.means[gloss], self.model.variance)
            self._sums[gloss] = np.concatenate([np.zeros((1, states.shape[1])), states.cumsum(0)])
        sums, first = self._sums[gloss], np.arange(len(self._features) + 1 - length)
        edges = state_edges(length, sums.shape[1])
        score = -0.5 * (np.log(length / self.model.durations[gloss]) / self.model.spread) ** 2
        for state, (start, end) in enumerate(zip(edges, edges[1:])):
            score = score + sums[first + end, state] - sums[first + start, state]
        return score

    def ways(self, before: Optional[int], gloss: Optional[int]) -> np.ndarray:
        """Log-densities (T, P) of the phases of the way between two glosses, None for rest, or of something else."""
        model = self.model
        start = model.rest if before is None else model.means[before, -1]
        end = model.rest if gloss is None else model.means[gloss, 0]
        poses = start + _phases(model.longest_gap)[0][:, None] * (end - start)
        ways = log_normal(self._features[:, None], poses, model.way_variance)
        return np.logaddexp(ways + np.log(1 - OTHER), self.other[:, None] + np.log(OTHER))


def log_normal(values: np.ndarray, mean: Any, variance: Any) -> np.ndarray:
    """Return log-densities over the last axis, without the constant that all share."""
    return -0.5 * (((values - mean) ** 2 / variance).sum(-1) + np.log(variance).sum(-1))


def state_edges(length: int, num_states: int) -> List[int]:
    """Return where each state of a sign of ``length`` frames begins, and where the last one ends.

    Examples:
        >>> state_edges(6, 4)
        [0, 2, 3, 4, 6]
    """
    return np.round(np.arange(num_states + 1) * length / num_states).astype(int).tolist()


@cache
def _phases(longest: int) -> Tuple[np.ndarray, Dict[int, List[int]]]:
    """How far along its way the hand is at each phase, and the phases of ways of 1, 2, ... frames."""
    times = {length: [(place + 1) / (length + 1) for place in range(length)] for length in range(1, longest + 1)}
    known = sorted({time for each in times.values() for time in each})
    return _eased(np.array(known)), {length: [known.index(time) for time in each] for length, each in times.items()}


def ease(length: int) -> np.ndarray:
    """Return how far along its way the hand is at each of ``length`` frames."""
    return _eased(np.arange(1, length + 1) / (length + 1))


def _eased(times: np.ndarray) -> np.ndarray:
    """Slow at both ends of 0 to 1."""
    return times**2 * (3 - 2 * times)
