"""What signers do between sentences: idle, scratch themselves, drink, fold their hands."""

from typing import Callable, Dict, List, Tuple

import numpy as np

from cslrkit.corpora.synthsign.motion import REST_POSE, transition
from cslrkit.corpora.synthsign.randomness import uniform_int
from cslrkit.corpora.synthsign.signs import HANDSHAPES
from cslrkit.corpora.synthsign.spec import FRAME_RATE

_PAUSES = (0.8, 20.0)  # seconds of a rest; its logarithm is uniform
_IDLE = (10, 60)  # frames with the hands down between two doings
_DOING = 0.6  # probability that something is done after these
_ITCHING = ((0.20, -0.52, 10.0), (0.22, -0.22, 10.0), (0.05, -0.30, 35.0), (-0.30, 0.35, 70.0), (0.12, 0.45, 60.0))
_TABLE, _MOUTH = (0.52, 0.70, 40.0), (0.06, -0.16, 35.0)
_LAP = (0.07, 0.66, 80.0)


def rest_frames(rng: np.random.RandomState) -> int:
    """Draw how many frames a rest takes."""
    return round(FRAME_RATE * float(np.exp(rng.uniform(*np.log(_PAUSES)))))


def rest(frames: int, rng: np.random.RandomState) -> Tuple[np.ndarray, List[Tuple[str, int, int]]]:
    """Return the poses of a signer who does not sign, and what is done when; it begins and ends in the rest pose.

    Args:
        frames: How many.
        rng: Draws what is done.

    Shape:
        poses: (frames, 2, HAND_POSE_SIZE); doings: name, first frame and the frame after the last.
    """
    pieces: List[np.ndarray] = []
    doings: List[Tuple[str, int, int]] = []
    position = 0
    while position < frames:
        piece, name = _idle(min(uniform_int(rng, _IDLE), frames - position), rng), 'idle'
        if rng.random_sample() < _DOING:
            chosen = str(rng.choice(list(_DOINGS)))
            done = _DOINGS[chosen](rng)
            if position + len(piece) + len(done) <= frames:
                doings.append((name, position, position + len(piece)))
                pieces.append(piece)
                position += len(piece)
                piece, name = done, chosen
        doings.append((name, position, position + len(piece)))
        pieces.append(piece)
        position += len(piece)
    return np.concatenate(pieces) if pieces else REST_POSE[None][:0], doings


def _idle(frames: int, rng: np.random.RandomState) -> np.ndarray:
    poses = np.repeat(REST_POSE[None], frames, axis=0)
    return poses + np.sin(np.linspace(0, np.pi, frames))[:, None, None] * _sway(frames, rng)


def _sway(frames: int, rng: np.random.RandomState) -> np.ndarray:
    """Slow small movements of both hands, (frames, 2, HAND_POSE_SIZE)."""
    moved = np.zeros((frames, *REST_POSE.shape))
    phase = 2 * np.pi * np.arange(frames)[:, None] / FRAME_RATE
    for channel, size in enumerate((0.02, 0.02, 4.0)):
        pace, start = rng.uniform(0.1, 0.5, 2), rng.uniform(0, 2 * np.pi, 2)
        moved[..., channel] = size * np.sin(pace * phase + start)
    return moved


def _scratch(rng: np.random.RandomState) -> np.ndarray:
    frames = uniform_int(rng, (15, 50))
    place = np.array(_ITCHING[rng.randint(len(_ITCHING))]) + rng.uniform(-1, 1, 3) * (0.04, 0.04, 10.0)
    hand = np.repeat(np.array((*place, *HANDSHAPES['claw']))[None], frames, axis=0)
    direction, pace = rng.uniform(0, np.pi), rng.uniform(2.0, 3.5)
    swing = 0.035 * np.sin(2 * np.pi * pace * np.arange(frames) / FRAME_RATE)[:, None]
    hand[:, :2] += swing * (np.cos(direction), np.sin(direction))
    return _by_one_hand([hand], rng)


def _drink(rng: np.random.RandomState) -> np.ndarray:
    shape = HANDSHAPES['claw']
    held = [(place, uniform_int(rng, length)) for place, length in ((_TABLE, (4, 10)), (_MOUTH, (15, 45)))]
    table, mouth = (np.repeat(np.array((*place, *shape))[None], frames, axis=0) for place, frames in held)
    mouth[:, 2] -= 25.0 * np.sin(np.linspace(0, np.pi, len(mouth)))  # the cup is tilted
    return _by_one_hand([table, mouth, table], rng)


def _fold(rng: np.random.RandomState) -> np.ndarray:
    frames = uniform_int(rng, (25, 100))
    hands = np.repeat(np.array((*_LAP, *HANDSHAPES['flat']))[None, None], 2, axis=1) + _sway(frames, rng)
    return _from_rest([hands], rng)


def _by_one_hand(pieces: List[np.ndarray], rng: np.random.RandomState) -> np.ndarray:
    """Poses whose acting or other hand does something while the other one rests."""
    side, both = int(rng.randint(2)), []
    for piece in pieces:
        poses = np.repeat(REST_POSE[None], len(piece), axis=0)
        poses[:, side] = piece
        both.append(poses)
    return _from_rest(both, rng)


def _from_rest(pieces: List[np.ndarray], rng: np.random.RandomState) -> np.ndarray:
    """Join pieces by ways of 6 to 12 frames, from the rest pose and back to it."""
    joined = [REST_POSE[None]]
    for piece in (*pieces, REST_POSE[None]):
        joined += [transition(joined[-1][-1], piece[0], uniform_int(rng, (6, 12))), piece]
    return np.concatenate(joined)


_DOINGS: Dict[str, Callable[[np.random.RandomState], np.ndarray]] = dict(scratch=_scratch, drink=_drink, fold=_fold)
