"""Positions as sines and cosines."""

import math

import torch


def sine_code(length: int, channels: int) -> torch.Tensor:
    """Return a code for each position: sines in even channels, cosines in odd ones, wavelengths from 2 pi to 20000 pi.

    Source: "Attention Is All You Need" (Vaswani et al., NeurIPS 2017), section 3.5.

    Shape:
        (length, channels) in float32; ``channels`` is even.
    """
    rates = torch.exp(torch.arange(0, channels, 2).float() * -(math.log(10000.0) / channels))
    angles = torch.arange(length).float()[:, None] * rates
    return torch.stack((angles.sin(), angles.cos()), -1).flatten(1)
