"""From the data loader's lists of features to the network's batch."""

from typing import Any, Dict, List, Optional

import torch
from mmengine.model import BaseDataPreprocessor

from cslrkit.errors import DataError
from cslrkit.models.data_preprocessor import check_batch
from cslrkit.registry import MODELS
from cslrkit.structures.padding import longest_first, pad_features
from cslrkit.structures.temporal_spec import TemporalSpec


@MODELS.register_module()
class FeatureDataPreprocessor(BaseDataPreprocessor):
    """Move features to the device and pad them there, longest clip first.

    Features that were computed with the padding that the neck asks for keep it, so that they give what their frames
    give. All others lose what padding they have and get copies of their first and last row.

    Args:
        temporal_spec: Geometry of the temporal stack, handed over by the recognizer; None pads only to the longest
            clip.
        non_blocking: Whether copies to the device may overlap with computation.

    Shape:
        ``data['inputs']``: features (T, C), in a list, with ``data['data_samples']`` of the same length, whose
        ``padding`` says how many of the rows before and after the clip are padding. Returns ``inputs`` float32
        (N, T_pad, C), ``frame_lens`` int64 (N,) on the CPU, and ``data_samples``, both in the new order.

    Raises:
        DataError: For inputs that are not features of one width, or not one sample each.
    """

    def __init__(self, *, temporal_spec: Optional[TemporalSpec] = None, non_blocking: bool = True) -> None:
        super().__init__(non_blocking=non_blocking)
        self.temporal_spec = TemporalSpec(()) if temporal_spec is None else temporal_spec

    def forward(self, data: Dict[str, Any], training: bool = False) -> Dict[str, Any]:
        """Return the batch; ``training`` changes nothing, augmentation belongs to the pipeline."""
        rows, samples = data['inputs'], data['data_samples']
        check_batch(type(self).__name__, rows, samples)
        for position, clip in enumerate(rows):
            if not isinstance(clip, torch.Tensor) or not clip.is_floating_point() or clip.dim() != 2:
                got = f'{tuple(clip.shape)} of {clip.dtype}' if isinstance(clip, torch.Tensor) else type(clip).__name__
                raise DataError(
                    f'FeatureDataPreprocessor: clip {position} is {got}, expected features, a float tensor (T, C); '
                    "begin the pipeline with dict(type='LoadFeatures') and set features of the dataset."
                )
        paddings: List[Any] = [sample.get('padding', (0, 0)) for sample in samples]
        lengths = [clip[sum(padding) :] for clip, padding in zip(rows, paddings)]
        order = longest_first(lengths)
        batch, frame_lens = pad_features(
            self.cast_data([rows[position].float() for position in order]),
            self.temporal_spec,
            paddings=[paddings[position] for position in order],
        )
        on_cpu = [samples[position].to('cpu') for position in order]
        return dict(inputs=batch, frame_lens=frame_lens, data_samples=on_cpu)
