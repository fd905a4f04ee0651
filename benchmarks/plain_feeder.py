"""A training feeder without any of the toolkit's shortcuts: what the data benchmark compares with.

It does what the published feeder does, in the same order: read every frame, work on a list of arrays,
turn the clip into floats, rescale it in time, normalize it, and collate by concatenation, all in the
worker.
"""

import random
from typing import Any, Callable, List, Sequence, Tuple

import cv2
import numpy as np
import torch
from torch.utils.data import Dataset

from cslrkit.structures.temporal_spec import TemporalSpec

Sample = Tuple[torch.Tensor, torch.Tensor]


class PlainFeeder(Dataset):
    """Training clips, normalized floats (T, 3, H, W), with their labels.

    Source: ``BaseFeeder`` of kaistmm/SlowFastSign 37d1b6c and its transforms.

    Args:
        files: Image files of each clip.
        size: Height and width of the crop.
    """

    def __init__(self, files: Sequence[Sequence[str]], *, size: int) -> None:
        self.files = files
        self.size = size

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> Sample:
        frames = [cv2.cvtColor(cv2.imread(path), cv2.COLOR_BGR2RGB) for path in self.files[index]]
        clip = self._augmented(frames)
        video = torch.from_numpy(clip.transpose(0, 3, 1, 2)).float()
        video = video[_rescaled(len(video))]
        return ((video / 255.0) - 0.45) / 0.225, torch.tensor([1, 2, 3])

    def _augmented(self, frames: List[np.ndarray]) -> np.ndarray:
        height, width = frames[0].shape[:2]
        left = random.randint(0, width - self.size)
        top = random.randint(0, height - self.size)
        clip = np.array([frame[top : top + self.size, left : left + self.size] for frame in frames])
        if random.random() < 0.5:
            clip = np.ascontiguousarray(np.flip(clip, axis=2))
        return clip


def plain_collate(spec: TemporalSpec) -> Callable[[List[Sample]], Tuple[Any, ...]]:
    """Return a collate function that pads by concatenation, as the published one does."""

    def collate(samples: List[Sample]) -> Tuple[Any, ...]:
        samples = sorted(samples, key=lambda sample: len(sample[0]), reverse=True)
        videos, labels = zip(*samples)
        lengths = torch.tensor([spec.frame_len(len(video)) for video in videos])
        total = int(lengths.max())
        padded = []
        for video in videos:
            left = video[0][None].expand(spec.left_pad, -1, -1, -1)
            right = video[-1][None].expand(total - len(video) - spec.left_pad, -1, -1, -1)
            padded.append(torch.cat((left, video, right)))
        return torch.stack(padded), lengths, torch.cat(labels), torch.tensor([len(label) for label in labels])

    return collate


def _rescaled(num_frames: int) -> List[int]:
    """Positions of the frames of a clip of another length."""
    length = min(max(int(num_frames * (0.8 + 0.4 * np.random.random())), 32), 230)
    length += -length % 4
    if length <= num_frames:
        return sorted(random.sample(range(num_frames), length))
    return sorted(random.choices(range(num_frames), k=length))
