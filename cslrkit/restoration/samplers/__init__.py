"""Samplers: how a prior restores crops that agree with what was observed."""

from cslrkit.restoration.samplers.base import DiffusionSampler
from cslrkit.restoration.samplers.ddnm import DDNM, DDNMPlus
from cslrkit.restoration.samplers.diffpir import DiffPIR
from cslrkit.restoration.samplers.dps import DPS

__all__ = ['DDNM', 'DPS', 'DDNMPlus', 'DiffPIR', 'DiffusionSampler']
