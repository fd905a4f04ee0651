"""What backbones on keypoints share: their input and their steps."""

import math
from functools import lru_cache
from typing import Any, Dict, List, Mapping, Sequence, Tuple

import torch

from cslrkit.errors import ConfigError, DataError
from cslrkit.structures.stream_spec import StreamSpec
from cslrkit.utils.checks import positive

Parts = Mapping[str, Sequence[int]]


class KeypointBackbone:
    """Takes keypoints (N, 3, T, K), x, y and score, and gives a feature for several frames; K is what its parts need.

    Its streams are ``pooled``: (N, C, T / frames_per_step).
    """

    data_preprocessor = 'KeypointDataPreprocessor'
    parts: Dict[str, List[int]]
    num_keypoints: int
    frames_per_step: int

    def set_geometry(self, parts: Parts, width: int, blocks: Sequence[Tuple[int, ...]]) -> None:
        """Check and keep the joints of each part, and how many frames a step has.

        Raises:
            ConfigError: For parts without joints, a width that 4 does not divide, or blocks of other numbers.
        """
        if not isinstance(parts, Mapping) or not parts or not all(_are_positions(joints) for joints in parts.values()):
            raise ConfigError(f'got {parts!r}, expected a dict of name to positions of joints.', path='parts')
        if positive('width', width) % 4:
            raise ConfigError(f'got {width}, expected a multiple of 4.', path='width')
        if not blocks or not all(isinstance(n, int) and n > 0 for block in blocks for n in block):
            raise ConfigError(f'got {blocks!r}, expected positive integers for each block.', path='blocks')
        self.parts = {name: list(joints) for name, joints in parts.items()}
        self.num_keypoints = 1 + max(joint for joints in self.parts.values() for joint in joints)
        self.frames_per_step = math.prod(block[-1] for block in blocks)

    def step_spec(self, channels: int) -> StreamSpec:
        """The spec of a stream of ``channels`` channels."""
        return StreamSpec(channels, stride=self.frames_per_step, pooled=True)

    def whole_steps(self, x: torch.Tensor) -> torch.Tensor:
        """Return a batch whose last frame is repeated up to whole steps.

        Raises:
            DataError: If it is not (N, 3, T, K) with the keypoints that the parts name.
        """
        check_keypoints(x, self.num_keypoints, type(self).__name__)
        missing = -x.shape[2] % self.frames_per_step
        return torch.cat([x, x[:, :, -1:].expand(-1, -1, missing, -1)], 2) if missing else x


def check_keypoints(x: torch.Tensor, num_keypoints: int, where: str) -> None:
    """Check that ``x`` is a batch (N, 3, T, K) of at least ``num_keypoints``.

    Raises:
        DataError: Otherwise.
    """
    if x.dim() != 4 or x.shape[1] != 3 or x.shape[2] == 0 or x.shape[3] < num_keypoints:
        raise DataError(
            f'{where} input: got the shape {tuple(x.shape)}, expected (N, 3, T, K) with T > 0 and K >= '
            f'{num_keypoints}. Load keypoints of the layout that the joints of model.backbone were chosen for.'
        )


def _are_positions(joints: Any) -> bool:
    return (
        isinstance(joints, (list, tuple, range))
        and len(joints) > 0
        and all(isinstance(n, int) and n >= 0 for n in joints)
    )


def take_joints(x: torch.Tensor, joints: Sequence[int]) -> torch.Tensor:
    """Return some joints of (N, C, T, K) in their order; which they are is brought to a device once."""
    return x.index_select(-1, _index(tuple(joints), x.device))


@lru_cache(maxsize=64)
def _index(joints: Tuple[int, ...], device: torch.device) -> torch.Tensor:
    return torch.tensor(joints).to(device, non_blocking=True)
