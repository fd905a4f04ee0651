"""Sizes and proportions of a synthetic corpus."""

from dataclasses import dataclass, field
from typing import Any, Dict, Mapping, Tuple

from cslrkit.corpora.base import SPLITS
from cslrkit.errors import ConfigError
from cslrkit.registry import nearest

FRAME_RATE = 25.0


@dataclass(frozen=True)
class CorpusSpec:
    """What a synthetic corpus is made of; every number that shapes it is here.

    Args:
        frame_size: Width and height of the frames in pixels.
        num_sentences: Clips of each split.
        num_glosses: Size of the vocabulary.
        sentence_lengths: Number of glosses of a sentence -> its weight.
        sign_frames: Fewest and most frames of a sign, before the signer's speed.
        transition_frames: Fewest and most frames between two signs, before the signer's speed.
        rest_frames: Fewest and most frames of the rest pose at either end of a clip.
        num_signers: Signers in all.
        num_unseen_signers: How many of these sign in test only; they sign half of it.
        handshape_pairs: Pairs of glosses that differ in the handshape alone.
        movement_pairs: Pairs of glosses that differ in the movement alone.
        repeat_probability: Chance of a sentence to sign one of its glosses twice in a row.
        hand_scale: Size of the hands relative to a natural build; small frames want larger hands.
        variation: Strength of the differences between repetitions of a sign; 0 draws them alike.

    Raises:
        ConfigError: If the numbers contradict each other.
    """

    frame_size: Tuple[int, int] = (112, 112)
    num_sentences: Mapping[str, int] = field(default_factory=lambda: {'train': 300, 'dev': 40, 'test': 40})
    num_glosses: int = 14
    sentence_lengths: Mapping[int, float] = field(default_factory=lambda: {2: 0.3, 3: 0.4, 4: 0.2, 5: 0.1})
    sign_frames: Tuple[int, int] = (9, 12)
    transition_frames: Tuple[int, int] = (3, 5)
    rest_frames: Tuple[int, int] = (2, 4)
    num_signers: int = 5
    num_unseen_signers: int = 1
    handshape_pairs: int = 2
    movement_pairs: int = 2
    repeat_probability: float = 0.02
    hand_scale: float = 1.3
    variation: float = 1.0

    def __post_init__(self) -> None:
        def refuse(name: str, expected: str) -> None:
            raise ConfigError(f'CorpusSpec.{name}: got {getattr(self, name)!r}, expected {expected}.')

        if len(self.frame_size) != 2 or min(self.frame_size) < 32:
            refuse('frame_size', 'a width and a height of at least 32 pixels')
        if set(self.num_sentences) != set(SPLITS) or min(self.num_sentences.values()) < 1:
            refuse('num_sentences', 'at least one sentence for each of train, dev and test')
        if not 4 <= self.num_glosses <= 60:
            refuse('num_glosses', '4 to 60 glosses')
        if not self.sentence_lengths or min(self.sentence_lengths) < 1 or min(self.sentence_lengths.values()) <= 0:
            refuse('sentence_lengths', 'positive weights for lengths of one gloss or more')
        for name, least in (('sign_frames', 4), ('transition_frames', 1), ('rest_frames', 1)):
            low, high = getattr(self, name)
            if not least <= low <= high:
                refuse(name, f'a range (fewest, most) that starts at {least} or more')
        if not 0 <= self.num_unseen_signers < self.num_signers:
            refuse('num_unseen_signers', f'fewer than the {self.num_signers} signers')
        if min(self.handshape_pairs, self.movement_pairs) < 0:
            refuse('handshape_pairs' if self.handshape_pairs < 0 else 'movement_pairs', 'no negative number')
        if 2 * (self.handshape_pairs + self.movement_pairs) > self.num_glosses:
            refuse('handshape_pairs', f'pairs that fit into {self.num_glosses} glosses with the movement pairs')
        if not 0 <= self.repeat_probability <= 1:
            refuse('repeat_probability', 'a probability')
        if not 0.5 <= self.hand_scale <= 2:
            refuse('hand_scale', 'a factor from 0.5 to 2')
        if not 0 <= self.variation <= 3:
            refuse('variation', 'a factor from 0 to 3')

    def as_dict(self) -> Dict[str, Any]:
        """Return the fields as JSON can hold them."""
        plain = {}
        for name in self.__dataclass_fields__:
            value = getattr(self, name)
            if isinstance(value, Mapping):
                value = {str(key): item for key, item in value.items()}
            plain[name] = list(value) if isinstance(value, tuple) else value
        return plain


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
    """Return the preset ``name``.

    Raises:
        ConfigError: If there is none; the message lists those there are.
    """
    if name not in PRESETS:
        raise ConfigError(
            f"synthetic corpus: no preset '{name}'.{nearest(name, PRESETS)} There are: {', '.join(PRESETS)}."
        )
    return PRESETS[name]
