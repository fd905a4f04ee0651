"""End a pipeline: hand the clip and its annotation over as tensors."""

from typing import Any, Dict, Tuple

import numpy as np
import torch
from mmcv.transforms import BaseTransform

from cslrkit.datasets.transforms.sample import CLIP, FEATURES, KEYPOINTS
from cslrkit.registry import TRANSFORMS
from cslrkit.structures import SignDataSample
from cslrkit.structures.padding import Statistic, normalize_


@TRANSFORMS.register_module()
class PackSignInputs(BaseTransform):
    """Pack a sample for the data preprocessor; the clip stays uint8 and unpadded, features have the padding they had.

    Required keys: ``imgs``, ``keypoints`` or ``features``, ``frame_indices``, ``sample_id``; optional ``gloss_ids``,
    ``glosses``, ``signer``, ``original_info``, ``frame_rate``, ``clip_len``, ``image_size``, ``padding``. Gives a new
    dict with ``inputs`` (uint8 (T, C, H, W) over (T, H, W, C) memory, keypoints, float32 (T, K, 3), or features,
    float32 (T, C)) and ``data_samples`` (a :class:`SignDataSample`). With several of them, ``inputs`` is a dict with
    ``frames``, ``keypoints`` and ``features``.
    """

    def transform(self, results: Dict[str, Any]) -> Dict[str, Any]:
        """Return the packed sample."""
        sample = SignDataSample.create(
            results['sample_id'],
            results.get('gloss_ids', ()),
            glosses=results.get('glosses', ()),
            signer=results.get('signer', ''),
            original_info=results.get('original_info', ''),
            frame_indices=results['frame_indices'],
            frame_rate=results.get('frame_rate'),
            clip_len=results.get('clip_len'),
            image_size=results.get('image_size'),
            padding=results.get('padding', (0, 0)),
        )
        media = {
            medium: torch.from_numpy(np.ascontiguousarray(results[medium]))
            for medium in (FEATURES, KEYPOINTS)
            if isinstance(results.get(medium), np.ndarray)
        }
        if CLIP in results or not media:
            media['frames'] = _as_clip(results[CLIP])
        return dict(inputs=media if len(media) > 1 else media.popitem()[1], data_samples=sample)


@TRANSFORMS.register_module()
class PackClassicalInputs(BaseTransform):
    """Pack a sample as the tuple of classical CSLR code, for ``make_collate_fn``.

    Source: ``BaseFeeder.__getitem__`` of kaistmm/SlowFastSign 37d1b6c.

    Required keys: ``imgs``, ``gloss_ids``, ``original_info``. Gives ``(video, labels, info)``: the
    normalized clip float32 (T, C, H, W), int64 gloss ids (L,), and the corpus's own line.

    Args:
        mean: Mean of pixels in 0-1, one number or one a channel.
        std: Standard deviation of pixels in 0-1, likewise.
    """

    def __init__(self, mean: Statistic = 0.45, std: Statistic = 0.225) -> None:
        self.mean = mean
        self.std = std

    def transform(self, results: Dict[str, Any]) -> Tuple[torch.Tensor, torch.Tensor, str]:
        """Return the tuple."""
        video = normalize_(_as_clip(results['imgs']).float(), mean=self.mean, std=self.std)
        return video, torch.tensor(results['gloss_ids'], dtype=torch.int64), results['original_info']


def _as_clip(imgs: np.ndarray) -> torch.Tensor:
    """View (T, H, W, C) pixels as (T, C, H, W); copies only what is not in one piece."""
    return torch.from_numpy(np.ascontiguousarray(imgs)).permute(0, 3, 1, 2)
