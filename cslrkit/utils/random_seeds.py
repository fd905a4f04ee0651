"""Seed every generator that a sample or a layer may draw from."""

import random
from contextlib import contextmanager
from typing import Iterator, List

import numpy as np
import torch


def seed_all(*keys: int) -> None:
    """Seed ``random``, ``numpy.random`` and torch (all devices) from a tuple of integers."""
    python, numpy, torch_seed = _seeds(keys)
    random.seed(python)
    np.random.seed(numpy)
    torch.manual_seed(torch_seed)


@contextmanager
def seeded(*keys: int) -> Iterator[None]:
    """Draw in the block from generators that ``keys`` seed, and leave them after it as they were before it.

    It is for reading samples, so generators of GPUs are not touched.

    Args:
        keys: Integers from 0.
    """
    python_state, numpy_state = random.getstate(), np.random.get_state()
    python, numpy, torch_seed = _seeds(keys)
    try:
        with torch.random.fork_rng(devices=[]):
            random.seed(python)
            np.random.seed(numpy)
            torch.default_generator.manual_seed(torch_seed)
            yield
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)


def _seeds(keys) -> List[int]:
    return [int(seed) for seed in np.random.SeedSequence(keys).generate_state(3)]
