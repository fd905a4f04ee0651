"""Orders of the samples in an epoch."""

from cslrkit.datasets.samplers.curriculum_sampler import CurriculumSampler
from cslrkit.datasets.samplers.length_grouped_sampler import LengthGroupedSampler, padding_share

__all__ = ['CurriculumSampler', 'LengthGroupedSampler', 'padding_share']
