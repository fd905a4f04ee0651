"""Degradations of clips, and what makes a restored clip agree with a degraded one."""

from cslrkit.restoration.blur import CircularBlur, GaussianBlur, MotionBlur
from cslrkit.restoration.compose import Compose
from cslrkit.restoration.degradation import Degradation, LinearDegradation
from cslrkit.restoration.downsample import Downsample
from cslrkit.restoration.jpeg import JPEG
from cslrkit.restoration.neighbour_mean import NeighbourMean
from cslrkit.restoration.noise import Noise

__all__ = [
    'JPEG',
    'CircularBlur',
    'Compose',
    'Degradation',
    'Downsample',
    'GaussianBlur',
    'LinearDegradation',
    'MotionBlur',
    'NeighbourMean',
    'Noise',
]
