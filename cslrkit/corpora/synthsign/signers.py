"""Signers: build, colors and pace."""

from dataclasses import dataclass
from typing import List, Tuple

import numpy as np

from cslrkit.corpora.synthsign.randomness import stream

Color = Tuple[int, int, int]  # red, green, blue, 0-255

_SKINS = [(244, 205, 178), (224, 172, 138), (198, 134, 98), (236, 188, 152), (150, 96, 66), (210, 154, 120)]
_HAIRS = [(58, 40, 28), (24, 22, 24), (168, 122, 62), (112, 62, 36), (122, 118, 114), (86, 28, 22)]
_CLOTHES = [(38, 44, 66), (34, 62, 58), (74, 34, 52), (52, 52, 56), (28, 34, 42), (64, 46, 92)]
_BACKDROPS = [(196, 204, 212), (184, 200, 190), (206, 200, 186), (172, 184, 204), (208, 208, 208), (190, 182, 200)]
HAIRSTYLES = ('short', 'long', 'bald', 'bun')


@dataclass(frozen=True)
class Signer:
    """One signer; 1 is average for all factors."""

    name: str  # as annotations call the signer, e.g. 'Signer01'
    height: float  # factor of the whole figure
    breadth: float  # factor of the shoulders
    head: float  # factor
    hand: float  # factor
    pace: float  # factor of the speed: 1.1 signs a tenth faster
    reach: float  # factor of the movements
    habit: Tuple[float, float]  # own shift of every location, outwards and downwards, in body units
    skin: Color
    hair: Color
    clothes: Color
    backdrop: Color  # of the studio
    hairstyle: str  # one of HAIRSTYLES


def make_signers(count: int, seed: int) -> List[Signer]:
    """Return ``count`` signers; each differs from the others in colors and build."""
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


def _shade(color: Color, rng: np.random.RandomState) -> Color:
    shift = int(rng.randint(-10, 11))
    red, green, blue = (int(np.clip(channel + shift, 0, 255)) for channel in color)
    return red, green, blue
