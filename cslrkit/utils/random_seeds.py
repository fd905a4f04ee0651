"""Seed every generator that a sample or a layer may draw from."""

import random

import numpy as np
import torch


def seed_all(*keys: int) -> None:
    """Seed ``random``, ``numpy.random`` and torch (all devices) from a tuple of integers."""
    seeds = np.random.SeedSequence(keys).generate_state(3)
    random.seed(int(seeds[0]))
    np.random.seed(int(seeds[1]))
    torch.manual_seed(int(seeds[2]))
