"""Signs: their building blocks, and a lexicon that gives every gloss a sign of its own."""

from dataclasses import dataclass, replace
from itertools import product
from typing import Callable, Dict, List, Sequence, Tuple

import numpy as np

from cslrkit.corpora.synthsign.randomness import stream
from cslrkit.corpora.synthsign.spec import CorpusSpec
from cslrkit.corpora.synthsign.vocabulary import CATEGORY, choose_glosses
from cslrkit.errors import ConfigError

_DISTINCT_SHAPES = 2.5  # least distance of two handshapes that alone tell two signs apart

# A hand's configuration: curl of thumb, index, middle, ring and little finger (0 extended,
# 1 folded), spread of the fingers, and how far the thumb stands off the palm.
HAND_SIZE = 7

HANDSHAPES: Dict[str, Tuple[float, ...]] = {
    'flat': (0.2, 0, 0, 0, 0, 0.0, 0.1),
    'spread': (0, 0, 0, 0, 0, 1.0, 1.0),
    'fist': (0.9, 1, 1, 1, 1, 0.0, 0.0),
    'index': (0.9, 0, 1, 1, 1, 0.0, 0.0),
    'vee': (0.9, 0, 0, 1, 1, 0.9, 0.0),
    'three': (0, 0, 0, 1, 1, 0.9, 1.0),
    'angle': (0, 0, 1, 1, 1, 0.3, 1.2),
    'horns': (0.9, 0, 1, 1, 0, 0.9, 0.0),
    'phone': (0, 1, 1, 1, 0, 1.0, 1.2),
    'thumb': (0, 1, 1, 1, 1, 0.0, 1.2),
    'little': (0.9, 1, 1, 1, 0, 0.6, 0.0),
    'claw': (0.5, 0.55, 0.55, 0.55, 0.55, 1.0, 0.8),
}
REST_SHAPE: Tuple[float, ...] = (0.3, 0.35, 0.35, 0.35, 0.35, 0.2, 0.3)

# Where the middle of the palm is, in body units from the middle of the shoulders: outwards on the
# hand's own side, downwards; then the angle of the fingers from upright, turned to the midline.
LOCATIONS: Dict[str, Tuple[float, float, float]] = {
    'temple': (0.34, -0.26, 5.0),
    'chin': (0.12, -0.05, 30.0),
    'shoulder': (0.40, 0.12, 10.0),
    'chest': (0.14, 0.30, 55.0),
    'belly': (0.17, 0.56, 75.0),
    'side': (0.58, 0.34, 0.0),
    'high': (0.60, -0.20, -8.0),
    'across': (-0.28, 0.22, 60.0),
}
REST_PLACE = (0.27, 0.76, 125.0)
BASE_PLACE = (0.06, 0.54, 85.0)  # the still hand under a sign of one acting hand and a base

ONE_HAND, BOTH_HANDS, BASE_HAND = 'one', 'both', 'base'
HANDS = (ONE_HAND, BOTH_HANDS, BASE_HAND)


@dataclass(frozen=True)
class Motion:
    """What a movement adds at one moment: shift outwards and downwards, turn, extra curl."""

    out: float = 0.0
    down: float = 0.0
    turn: float = 0.0
    curl: float = 0.0


def _eased(phase: float) -> float:
    return phase * phase * (3 - 2 * phase)


def _path(out: float, down: float) -> Callable[[float], Motion]:
    """Move straight along (out, down), through the location at half time."""
    return lambda phase: Motion(out=out * (_eased(phase) - 0.5), down=down * (_eased(phase) - 0.5))


def _circle(phase: float) -> Motion:
    angle = 2 * np.pi * phase
    return Motion(out=0.16 * np.sin(angle), down=0.16 * (1 - np.cos(angle)) - 0.16)


def _wave(cycles: float, **amplitude: float) -> Callable[[float], Motion]:
    return lambda phase: Motion(**{name: size * np.sin(2 * np.pi * cycles * phase) for name, size in amplitude.items()})


# Directions are relative to the midline, so a mirrored frame never shows another sign.
MOVEMENTS: Dict[str, Callable[[float], Motion]] = {
    'hold': lambda phase: Motion(),
    'up': _path(0.0, -0.40),
    'down': _path(0.0, 0.40),
    'outwards': _path(0.42, 0.0),
    'inwards': _path(-0.42, 0.0),
    'circle': _circle,
    'shake': _wave(2.0, out=0.13),
    'twist': _wave(1.5, turn=50.0),
    'open': lambda phase: Motion(curl=1.0 - _eased(min(1.0, 1.6 * phase))),
}


@dataclass(frozen=True)
class Sign:
    """How a gloss is signed; the fields are keys of the tables of this module."""

    handshape: str
    location: str
    movement: str
    hands: str

    def differences(self, other: 'Sign') -> Tuple[str, ...]:
        """Names of the components in which the two signs differ."""
        return tuple(name for name in self.__dataclass_fields__ if getattr(self, name) != getattr(other, name))


def shape_distance(first: str, second: str) -> float:
    """How differently two handshapes look: the sum over fingers of the difference in curl."""
    return float(np.abs(np.subtract(HANDSHAPES[first], HANDSHAPES[second])).sum())


def is_possible(sign: Sign) -> bool:
    """Whether the components go together."""
    if sign.movement == 'open' and sign.handshape in ('fist', 'thumb', 'little'):
        return False  # hardly anything to open
    if sign.hands == BASE_HAND and sign.location in ('belly', 'across'):
        return False  # the acting hand would hide the base hand
    # Both hands in one place on the midline would hide each other.
    return not (sign.hands == BOTH_HANDS and (sign.location in ('chin', 'across') or sign.movement == 'inwards'))


@dataclass(frozen=True)
class MinimalPair:
    """Two glosses whose signs differ in one component."""

    first: str
    second: str
    component: str  # 'handshape' or 'movement'


@dataclass(frozen=True)
class Lexicon:
    """How each gloss is signed, and which pairs of signs are minimal."""

    signs: Dict[str, Sign]  # of each gloss
    minimal_pairs: Tuple[MinimalPair, ...]  # any two other signs differ in two components or more


def make_lexicon(spec: CorpusSpec, seed: int) -> Lexicon:
    """Draw the signs of ``spec.num_glosses`` glosses; a ConfigError says that there are not so many distinct ones."""
    rng = stream(seed, 'lexicon')
    combinations = [Sign(*parts) for parts in product(HANDSHAPES, LOCATIONS, MOVEMENTS, HANDS)]
    pool = [combinations[index] for index in rng.permutation(len(combinations)) if is_possible(combinations[index])]
    pair_components = ['handshape'] * spec.handshape_pairs + ['movement'] * spec.movement_pairs
    taken: List[Sign] = []
    paired: List[Tuple[Sign, Sign, str]] = []
    for component in pair_components:
        first, second = _find_pair(pool, taken, component)
        paired.append((first, second, component))
        taken += [first, second]
    single: List[Sign] = []
    while len(taken) < spec.num_glosses:
        sign = next((sign for sign in pool if _is_apart(sign, taken)), None)
        if sign is None:
            raise ConfigError(f'synthetic lexicon: no distinct signs left for {spec.num_glosses} glosses.')
        single.append(sign)
        taken.append(sign)
    return _assign(choose_glosses(spec.num_glosses), paired, single)


def _is_apart(sign: Sign, others: Sequence[Sign]) -> bool:
    return all(len(sign.differences(other)) >= 2 for other in others)


def _find_pair(pool: Sequence[Sign], taken: Sequence[Sign], component: str) -> Tuple[Sign, Sign]:
    for first in pool:
        # A held hand is what a slow part of any other movement looks like.
        if not _is_apart(first, taken) or (component == 'movement' and first.movement in ('hold', 'open')):
            continue
        for name in HANDSHAPES if component == 'handshape' else MOVEMENTS:
            second = replace(first, **{component: name})
            if second == first or not is_possible(second) or not _is_apart(second, taken):
                continue
            if component == 'handshape' and shape_distance(first.handshape, name) < _DISTINCT_SHAPES:
                continue
            if component == 'movement' and name in ('hold', 'open'):
                continue
            return first, second
    raise ConfigError(f'synthetic lexicon: no signs left for another pair that differs in the {component}.')


def _assign(glosses: Sequence[str], paired, single: Sequence[Sign]) -> Lexicon:
    """Give both signs of a pair to glosses of one category, so that grammar does not tell them apart."""
    by_category: Dict[str, List[str]] = {}
    for gloss in glosses:
        by_category.setdefault(CATEGORY[gloss], []).append(gloss)
    signs: Dict[str, Sign] = {}
    pairs = []
    for first, second, component in paired:
        category = max(by_category.values(), key=len)
        names = [category.pop(0), category.pop(0)] if len(category) > 1 else []
        if not names:  # every category is down to one gloss
            names = [left.pop() for left in by_category.values() if left][:2]
            for name in names:
                by_category[CATEGORY[name]] = []
        signs.update(zip(names, (first, second)))
        pairs.append(MinimalPair(*names, component))
    rest = [gloss for gloss in glosses if gloss not in signs]
    signs.update(zip(rest, single))
    return Lexicon({gloss: signs[gloss] for gloss in glosses}, tuple(pairs))
