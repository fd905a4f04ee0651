"""Give every gloss a sign of its own, some differing in a single component."""

from dataclasses import dataclass, replace
from itertools import product
from typing import Dict, List, Sequence, Tuple

from cslrkit.corpora.synthsign.randomness import stream
from cslrkit.corpora.synthsign.signs import HANDS, HANDSHAPES, LOCATIONS, MOVEMENTS, Sign, is_possible, shape_distance
from cslrkit.corpora.synthsign.spec import CorpusSpec
from cslrkit.corpora.synthsign.vocabulary import CATEGORY, choose_glosses
from cslrkit.errors import ConfigError

_DISTINCT_SHAPES = 2.5  # least distance of two handshapes that alone tell two signs apart


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
