"""Keypoints drawn as heat maps for a backbone on clips."""

from typing import Dict, Optional, Sequence, Tuple

import torch
from mmengine.model import BaseModule

from cslrkit.errors import ConfigError
from cslrkit.models.backbones.keypoints import check_keypoints, take_joints
from cslrkit.models.weights.pretrained import ScopedInit
from cslrkit.registry import BACKBONES
from cslrkit.structures.stream_spec import stream_specs
from cslrkit.utils.checks import positive
from cslrkit.utils.config_path import config_path

# Points of COCO-WholeBody: a third of the face, hands, half of the mouth, upper body.
PUBLISHED_POINTS = (*range(23, 69, 3), *range(91, 133), 71, *range(73, 90, 2), *range(11))


@BACKBONES.register_module()
class KeypointHeatMaps(ScopedInit, BaseModule):
    """Draws each keypoint as a Gaussian on a map of its own, on the device, and hands the maps to a 3-D backbone.

    A map has ``2 exp(-d^2 / (2 sigma^2)) - 1`` at a distance of d pixels. Source: the keypoint stream of "Two-Stream
    Network for Sign Language Recognition and Translation" (Chen et al., NeurIPS 2022), FangyunWei/SLRT 38a4f7b
    ``TwoStreamNetwork/utils/gen_gaussian.py``, which draws maps of the frames' size, a sigma of 8 there, and resizes
    them to 112 x 112. Differs: drawn at ``size`` at once, and points that were not found are left out.

    Args:
        backbone: What sees the maps; config of a ``BACKBONES`` class that takes ``in_channels``, e.g. ``SlowOnly``.
        points: Positions, among the K keypoints, of those that are drawn, one for each map; the published ones of
            COCO-WholeBody by default.
        size: Height and width of the maps in pixels.
        sigma: Standard deviation of a Gaussian in pixels of the map.
        min_score: Points with at most this score count as not found.
        draw_missing: Whether points that were not found are drawn where they are, as published.
        init_cfg: Initial weights; see :class:`~cslrkit.models.weights.Pretrained`.

    Shape:
        - Input: (N, 3, T, K): x and y in [-1, 1], y upwards, and score
        - Output: the streams of ``backbone``

    Raises:
        ConfigError: For no points, a size or sigma that is not positive, or a backbone that cannot be built.
    """

    data_preprocessor = 'KeypointDataPreprocessor'

    def __init__(
        self,
        backbone: dict,
        *,
        points: Sequence[int] = PUBLISHED_POINTS,
        size: Tuple[int, int] = (112, 112),
        sigma: float = 4.0,
        min_score: float = 0.0,
        draw_missing: bool = False,
        init_cfg: Optional[dict] = None,
    ) -> None:
        super().__init__(init_cfg)
        if not points or not all(isinstance(point, int) and point >= 0 for point in points):
            raise ConfigError(f'got {points!r}, expected positions of keypoints.', path='points')
        if not sigma > 0:
            raise ConfigError(f'got {sigma!r}, expected a positive number.', path='sigma')
        self.points = list(points)
        self.num_keypoints = max(self.points) + 1
        self.size = tuple(positive('size', side) for side in size)
        self.sigma = float(sigma)
        self.min_score = float(min_score)
        self.draw_missing = draw_missing
        with config_path('backbone'):
            self.backbone = BACKBONES.build(backbone, default_args=dict(in_channels=len(self.points)))
            self.stream_specs = stream_specs(self.backbone)

    def forward(self, x: torch.Tensor) -> Dict[str, torch.Tensor]:
        """Return the backbone's streams."""
        check_keypoints(x, self.num_keypoints, type(self).__name__)
        return self.backbone(self.maps(x))

    def maps(self, x: torch.Tensor) -> torch.Tensor:
        """Return the maps (N, P, T, H, W) of P points, in [-1, 1]."""
        across, up, score = take_joints(x, self.points).transpose(2, 3).unbind(1)  # (N, P, T) each
        height, width = self.size
        rows, columns = self._profile(-up, height), self._profile(across, width)
        if not self.draw_missing:
            rows = rows * (score > self.min_score)[..., None]
        return 2 * rows[..., None] * columns[..., None, :] - 1

    def _profile(self, position: torch.Tensor, length: int) -> torch.Tensor:
        """The Gaussian along a side: (N, P, T) to (N, P, T, length)."""
        pixels = torch.arange(length, device=position.device) + 0.5
        distance = pixels - (position[..., None] + 1) * (length / 2)
        return torch.exp(-(distance**2) / (2 * self.sigma**2))
