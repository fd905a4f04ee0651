"""Signers: build, colours and pace."""

from dataclasses import dataclass
from typing import List, Tuple

import numpy as np

from cslrkit.corpora.synthsign.randomness import stream

Colour = Tuple[int, int, int]  # red, green, blue, 0-255

_SKINS: Tuple[Colour, ...] = (
    (244, 205, 178),
    (224, 172, 138),
    (198, 134, 98),
    (236, 188, 152),
    (150, 96, 66),
    (210, 154, 120),
)
_HAIRS: Tuple[Colour, ...] = ((58, 40, 28), (24, 22, 24), (168, 122, 62), (112, 62, 36), (122, 118, 114), (86, 28, 22))
_CLOTHES: Tuple[Colour, ...] = ((38, 44, 66), (34, 62, 58), (74, 34, 52), (52, 52, 56), (28, 34, 42), (64, 46, 92))
_BACKDROPS: Tuple[Colour, ...] = (
    (196, 204, 212),
    (184, 200, 190),
    (206, 200, 186),
    (172, 184, 204),
    (208, 208, 208),
    (190, 182, 200),
)
HAIRSTYLES = ('short', 'long', 'bald', 'bun')


@dataclass(frozen=True)
class Signer:
    """One signer.

    Args:
        name: As annotations call the signer, e.g. ``'Signer01'``.
        height: Size of the whole figure; 1 is average, as for all factors here.
        breadth: Width of the shoulders.
        head: Size of the head.
        hand: Size of the hands.
        pace: Speed of signing; 1.1 signs a tenth faster.
        reach: Size of the movements.
        habit: Own shift of every location, outwards and downwards, in body units.
        skin: Colour of face and hands.
        hair: Colour of the hair.
        clothes: Colour of the clothes.
        backdrop: Colour of the studio.
        hairstyle: One of ``HAIRSTYLES``.
    """

    name: str
    height: float
    breadth: float
    head: float
    hand: float
    pace: float
    reach: float
    habit: Tuple[float, float]
    skin: Colour
    hair: Colour
    clothes: Colour
    backdrop: Colour
    hairstyle: str


def make_signers(count: int, seed: int) -> List[Signer]:
    """Return ``count`` signers; each differs from the others in colours and build."""
    order = stream(seed, 'signers')
    palettes = [order.permutation(len(palette)) for palette in (_SKINS, _HAIRS, _CLOTHES, _BACKDROPS, HAIRSTYLES)]
    signers = []
    for index in range(count):
        rng = stream(seed, 'signer', index)
        # Each further round through the palettes combines them anew.
        skin, hair, clothes, backdrop, style = (
            int(palette[(index + rank * (index // len(_SKINS))) % len(palette)])
            for rank, palette in enumerate(palettes)
        )
        signers.append(
            Signer(
                name=f'Signer{index + 1:02d}',
                height=_factor(rng, 0.06),
                breadth=_factor(rng, 0.1),
                head=_factor(rng, 0.08),
                hand=_factor(rng, 0.08),
                pace=_factor(rng, 0.12),
                reach=_factor(rng, 0.1),
                habit=(float(rng.uniform(-0.04, 0.04)), float(rng.uniform(-0.04, 0.04))),
                skin=_SKINS[skin],
                hair=_shade(_HAIRS[hair], rng),
                clothes=_shade(_CLOTHES[clothes], rng),
                backdrop=_shade(_BACKDROPS[backdrop], rng),
                hairstyle=HAIRSTYLES[style],
            )
        )
    return signers


def _factor(rng: np.random.RandomState, width: float) -> float:
    return float(rng.uniform(1 - width, 1 + width))


def _shade(colour: Colour, rng: np.random.RandomState) -> Colour:
    shift = int(rng.randint(-10, 11))
    red, green, blue = (int(np.clip(channel + shift, 0, 255)) for channel in colour)
    return red, green, blue
