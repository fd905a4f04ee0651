"""Sentences of the synthetic corpora: [time] then clauses of [place] weather [degree]."""

from collections import Counter
from typing import Dict, List, Sequence, Set, Tuple

import numpy as np

from cslrkit.corpora.base import SPLITS
from cslrkit.corpora.synthsign.randomness import stream
from cslrkit.corpora.synthsign.spec import CorpusSpec
from cslrkit.corpora.synthsign.vocabulary import CATEGORIES, CATEGORY, DEGREE, PLACE, TIME, WEATHER
from cslrkit.errors import ConfigError

Sentence = Tuple[str, ...]

_CANDIDATES = 8  # of so many sentences the one with the rarest glosses is taken
_PATIENCE = 20000  # draws without a new sentence before the spec is called impossible


def make_sentences(spec: CorpusSpec, glosses: Sequence[str], seed: int) -> Dict[str, List[Sentence]]:
    """Draw the sentences of every split; a ConfigError says that the grammar does not give so many.

    No sentence of dev or test occurs in another split; every gloss occurs in train.
    """
    words = {category: [gloss for gloss in glosses if CATEGORY[gloss] == category] for category in CATEGORIES}
    sentences: Dict[str, List[Sentence]] = {}
    used: Set[Sentence] = set()
    for split in SPLITS:
        rng = stream(seed, 'sentences', split)
        sentences[split] = _draw_split(spec, words, used, rng, split=split)
        used.update(sentences[split])
    missing = set(glosses) - {gloss for sentence in sentences['train'] for gloss in sentence}
    if missing:
        raise ConfigError(
            f'synthetic corpus: {spec.num_sentences["train"]} train sentences leave out '
            f'{", ".join(sorted(missing))}. Ask for more sentences or fewer glosses.'
        )
    return sentences


def _draw_split(spec: CorpusSpec, words, used: Set[Sentence], rng, *, split: str) -> List[Sentence]:
    lengths = sorted(spec.sentence_lengths)
    weights = np.array([spec.sentence_lengths[length] for length in lengths], dtype=np.float64)
    counts: Counter = Counter()
    drawn: List[Sentence] = []
    own: Set[Sentence] = set()
    failures = 0
    while len(drawn) < spec.num_sentences[split]:
        # People repeat themselves: train may say a sentence again once new ones get rare.
        may_repeat = split == 'train' and failures > 50
        length = int(rng.choice(lengths, p=weights / weights.sum()))
        repeats = length > 1 and rng.random_sample() < spec.repeat_probability
        found = [_draw_sentence(length, repeats, words, rng) for _ in range(_CANDIDATES)]
        new = [s for s in found if s not in used and (may_repeat or s not in own)]
        if not new:
            failures += 1
            if failures > _PATIENCE:
                raise ConfigError(
                    f'synthetic corpus: the grammar gives only {len(drawn)} new sentences for {split}, expected '
                    f'{spec.num_sentences[split]}. Ask for fewer sentences, more glosses or longer sentences.'
                )
            continue
        best = min(new, key=lambda s: float(np.mean([counts[gloss] for gloss in s])))
        drawn.append(best)
        own.add(best)
        counts.update(best)
    return drawn


def _draw_sentence(length: int, repeats: bool, words, rng: np.random.RandomState) -> Sentence:
    glosses = _draw_glosses(length - int(repeats), words, rng)
    if repeats:
        position = int(rng.randint(len(glosses)))
        glosses.insert(position, glosses[position])
    return tuple(glosses)


def _draw_glosses(length: int, words, rng: np.random.RandomState) -> List[str]:
    """Draw from the grammar until a sentence has ``length`` glosses and no repeated neighbours."""
    while True:
        categories = [TIME] if rng.random_sample() < 0.45 else []
        while len(categories) < length:
            if rng.random_sample() < 0.6:
                categories.append(PLACE)
            categories.append(WEATHER)
            if rng.random_sample() < 0.5:
                categories.append(DEGREE)
        if len(categories) != length:
            continue
        glosses = [str(rng.choice(words[category])) for category in categories]
        if all(first != second for first, second in zip(glosses, glosses[1:])):
            return glosses
