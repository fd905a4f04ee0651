"""What a training changes from epoch to epoch: frame interval, clips, augmentation, loss weights."""

from cslrkit.datasets.curriculum.curriculum import Curriculum, Knob
from cslrkit.datasets.curriculum.schedules import Cosine, Linear, Schedule, Step

__all__ = ['Cosine', 'Curriculum', 'Knob', 'Linear', 'Schedule', 'Step']
