"""Sizes and proportions of a synthetic corpus."""

from dataclasses import dataclass, field
from typing import Dict, Mapping, Tuple

from cslrkit.corpora.base import SPLITS
from cslrkit.errors import ConfigError
from cslrkit.utils.messages import nearest

FRAME_RATE = 25.0


@dataclass(frozen=True)
class CorpusSpec:
    """What a synthetic corpus is made of; every number that shapes it is here. Contradictions are a ConfigError."""

    frame_size: Tuple[int, int] = (112, 112)  # width, height in pixels
    num_sentences: Mapping[str, int] = field(default_factory=lambda: {'train': 300, 'dev': 40, 'test': 40})
    num_glosses: int = 14
    sentence_lengths: Mapping[int, float] = field(  # number of glosses of a sentence -> its weight
        default_factory=lambda: {2: 0.3, 3: 0.4, 4: 0.2, 5: 0.1}
    )
    sign_frames: Tuple[int, int] = (9, 12)  # fewest and most of a sign, before the signer's speed
    transition_frames: Tuple[int, int] = (3, 5)  # between two signs, before the signer's speed
    rest_frames: Tuple[int, int] = (2, 4)  # of the rest pose at either end of a clip
    num_signers: int = 5
    num_unseen_signers: int = 1  # how many of these sign in test only; they sign half of it
    handshape_pairs: int = 2  # of glosses that differ in the handshape alone
    movement_pairs: int = 2  # of glosses that differ in the movement alone
    repeat_probability: float = 0.02  # of a sentence to sign one of its glosses twice in a row
    hand_scale: float = 1.3  # relative to a natural build; small frames want larger hands
    variation: float = 1.0  # strength of the differences between repetitions of a sign; 0 draws them alike

    def __post_init__(self) -> None:
        counts, lengths = self.num_sentences, self.sentence_lengths
        glosses, signers = self.num_glosses, self.num_signers
        pairs = 2 * (self.handshape_pairs + self.movement_pairs)
        large = len(self.frame_size) == 2 and min(self.frame_size) >= 32
        every = set(counts) == set(SPLITS) and min(counts.values()) >= 1
        weighed = bool(lengths) and min(lengths) >= 1 and min(lengths.values()) > 0
        least = dict(sign_frames=4, transition_frames=1, rest_frames=1)
        ranges = [(name, frames, *getattr(self, name)) for name, frames in least.items()]
        rules = [
            ('frame_size', large, 'a width and a height of at least 32 pixels'),
            ('num_sentences', every, 'at least one sentence for each of train, dev and test'),
            ('num_glosses', 4 <= glosses <= 60, '4 to 60 glosses'),
            ('sentence_lengths', weighed, 'positive weights for lengths of one gloss or more'),
            *(
                (name, first <= low <= high, f'a range (fewest, most) from {first}')
                for name, first, low, high in ranges
            ),
            ('num_unseen_signers', 0 <= self.num_unseen_signers < signers, f'fewer than the {signers} signers'),
            ('handshape_pairs', self.handshape_pairs >= 0, 'no negative number'),
            ('movement_pairs', self.movement_pairs >= 0, 'no negative number'),
            ('handshape_pairs', pairs <= glosses, f'pairs that fit into {glosses} glosses with the movement pairs'),
            ('repeat_probability', 0 <= self.repeat_probability <= 1, 'a probability'),
            ('hand_scale', 0.5 <= self.hand_scale <= 2, 'a factor from 0.5 to 2'),
            ('variation', 0 <= self.variation <= 3, 'a factor from 0 to 3'),
        ]
        for name, kept, expected in rules:
            if not kept:
                raise ConfigError(f'CorpusSpec.{name}: got {getattr(self, name)!r}, expected {expected}.')


PRESETS: Dict[str, CorpusSpec] = {
    # For tests: drawn in about two seconds.
    'tiny': CorpusSpec(
        frame_size=(64, 64),
        num_sentences={'train': 8, 'dev': 3, 'test': 3},
        num_glosses=6,
        sentence_lengths={2: 0.5, 3: 0.5},
        num_signers=3,
        handshape_pairs=1,
        movement_pairs=1,
    ),
    # For the quickstart: a small network learns it from scratch on two CPU cores in minutes.
    'small': CorpusSpec(),
    # For benchmarks: frames of the real size, clips about as long as those of PHOENIX 2014 T.
    'large': CorpusSpec(
        frame_size=(210, 260),
        num_sentences={'train': 800, 'dev': 100, 'test': 100},
        num_glosses=60,
        sentence_lengths={3: 0.1, 4: 0.2, 5: 0.2, 6: 0.2, 7: 0.15, 8: 0.1, 10: 0.05},
        sign_frames=(9, 16),
        transition_frames=(3, 6),
        num_signers=9,
        num_unseen_signers=2,
        handshape_pairs=6,
        movement_pairs=6,
        hand_scale=1.1,
    ),
}


def find_preset(name: str) -> CorpusSpec:
    """Return the preset ``name``; a ConfigError lists those there are."""
    if name not in PRESETS:
        raise ConfigError(
            f"synthetic corpus: no preset '{name}'.{nearest(name, PRESETS)} There are: {', '.join(PRESETS)}."
        )
    return PRESETS[name]
