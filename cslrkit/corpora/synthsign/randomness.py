"""Named streams of random numbers, so that each part of a corpus depends on its own name alone."""

import zlib

import numpy as np


def stream(seed: int, *names: object) -> np.random.RandomState:
    """Return the generator of ``names`` under ``seed``.

    RandomState, because numpy promises never to change its stream; one per clip, because clips
    are then the same whichever process draws them and in whichever order.
    """
    return np.random.RandomState(zlib.crc32('/'.join(str(name) for name in (seed, *names)).encode()))


def uniform_int(rng: np.random.RandomState, bounds) -> int:
    """Return an integer from ``bounds``, both included."""
    low, high = bounds
    return int(rng.randint(low, high + 1))
