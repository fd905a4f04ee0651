"""From a gloss sequence to a pose for every frame."""

from dataclasses import dataclass
from typing import List, Mapping, Sequence, Tuple

import numpy as np

from cslrkit.corpora.synthsign.randomness import uniform_int
from cslrkit.corpora.synthsign.signers import Signer
from cslrkit.corpora.synthsign.signs import (
    BASE_HAND,
    BASE_PLACE,
    BOTH_HANDS,
    HAND_SIZE,
    HANDSHAPES,
    LOCATIONS,
    MOVEMENTS,
    REST_PLACE,
    REST_SHAPE,
    Sign,
)
from cslrkit.corpora.synthsign.spec import CorpusSpec

# One hand of a pose: outwards, downwards (body units), angle (degrees), then its configuration.
HAND_POSE_SIZE = 3 + HAND_SIZE
_REST_HAND = np.array((*REST_PLACE, *REST_SHAPE))
_BASE_POSE = np.array((*BASE_PLACE, *HANDSHAPES['flat']))
REST_POSE = np.stack((_REST_HAND, _REST_HAND))  # acting hand, other hand
_FOLDED = np.array(HANDSHAPES['fist'])


@dataclass(frozen=True)
class Performance:
    """A signed sentence."""

    poses: np.ndarray  # of the acting and the other hand in each frame, (T, 2, HAND_POSE_SIZE)
    spans: Tuple[Tuple[int, int], ...]  # first frame and frame after the last of each sign, without transitions


def perform(
    glosses: Sequence[str],
    lexicon: Mapping[str, Sign],
    *,
    signer: Signer,
    spec: CorpusSpec,
    rng: np.random.RandomState,
) -> Performance:
    """Sign ``glosses``: rest, signs joined by transitions, rest; ``rng`` draws durations and variation."""
    pieces: List[np.ndarray] = [np.repeat(REST_POSE[None], uniform_int(rng, spec.rest_frames), axis=0)]
    spans = []
    position = len(pieces[0])
    for gloss in glosses:
        poses = sign_poses(lexicon[gloss], signer=signer, spec=spec, rng=rng)
        joint = transition(pieces[-1][-1], poses[0], _paced(uniform_int(rng, spec.transition_frames), signer))
        start = position + len(joint)
        position = start + len(poses)
        spans.append((start, position))
        pieces += [joint, poses]
    rest = np.repeat(REST_POSE[None], uniform_int(rng, spec.rest_frames), axis=0)
    pieces += [transition(pieces[-1][-1], REST_POSE, _paced(uniform_int(rng, spec.transition_frames), signer)), rest]
    return Performance(np.concatenate(pieces), tuple(spans))


def sign_poses(sign: Sign, *, signer: Signer, spec: CorpusSpec, rng: np.random.RandomState) -> np.ndarray:
    """Return one repetition of ``sign``, (frames, 2, HAND_POSE_SIZE)."""
    frames = _paced(uniform_int(rng, spec.sign_frames), signer)
    noise = rng.standard_normal(4) * spec.variation
    out, down, angle = LOCATIONS[sign.location]
    place = np.array((out + signer.habit[0] + 0.02 * noise[0], down + signer.habit[1] + 0.02 * noise[1]))
    angle += 5.0 * noise[2]
    reach = signer.reach * (1 + 0.08 * np.clip(noise[3], -2, 2))
    shape = np.array(HANDSHAPES[sign.handshape])
    movement = MOVEMENTS[sign.movement]

    poses = np.empty((frames, 2, HAND_POSE_SIZE))
    for index in range(frames):
        motion = movement(index / (frames - 1))
        acting = poses[index, 0]
        acting[:2] = place + reach * np.array((motion.out, motion.down))
        acting[2] = angle + motion.turn
        acting[3:] = shape + motion.curl * (_FOLDED - shape)
        if sign.hands == BOTH_HANDS:
            poses[index, 1] = acting
        else:
            poses[index, 1] = _BASE_POSE if sign.hands == BASE_HAND else _REST_HAND
    return poses


def transition(start: np.ndarray, end: np.ndarray, frames: int) -> np.ndarray:
    """Poses strictly between ``start`` and ``end``, slow at both ends as human reaching is."""
    phase = np.arange(1, frames + 1) / (frames + 1)
    weight = (phase * phase * (3 - 2 * phase))[:, None, None]
    return start + weight * (end - start)


def _paced(frames: int, signer: Signer) -> int:
    return max(2, round(frames / signer.pace))
