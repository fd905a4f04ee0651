"""From the data loader's lists of several media to the network's batch."""

from typing import Any, Dict, Mapping, Optional

from mmengine.model import BaseDataPreprocessor
from torch import nn

from cslrkit.errors import DataError
from cslrkit.models.data_preprocessor import build_preprocessor
from cslrkit.registry import MODELS
from cslrkit.structures.temporal_spec import TemporalSpec
from cslrkit.utils.config_path import config_path


@MODELS.register_module()
class MultiMediaDataPreprocessor(BaseDataPreprocessor):
    """Give each medium of a batch to a data preprocessor of its own.

    Args:
        media: Name of a medium to the config of its data preprocessor, where it is not the one that the medium's
            backbone names.
        backbones: The backbone of each medium; the recognizer hands them over.
        temporal_spec: Geometry of the temporal stack, handed over by the recognizer; None pads only to the longest
            clip.

    Shape:
        ``data['inputs']``: for each medium a list as its data preprocessor takes it, with ``data['data_samples']`` of
        the same length. Returns ``inputs``, a dict of each medium's batch, ``frame_lens`` int64 (N,) on the CPU, and
        ``data_samples``, in the order that all media share: longest clip first.

    Raises:
        ConfigError: For a data preprocessor that cannot be built.
        DataError: If a medium is missing, or the media of a sample differ in length.
    """

    def __init__(
        self,
        media: Optional[Mapping[str, Optional[dict]]] = None,
        *,
        backbones: Mapping[str, nn.Module],
        temporal_spec: Optional[TemporalSpec] = None,
    ) -> None:
        super().__init__()
        self.media = nn.ModuleDict()
        for medium, backbone in backbones.items():
            with config_path(f'media.{medium}'):
                self.media[medium] = build_preprocessor((media or {}).get(medium), temporal_spec, backbone)

    def forward(self, data: Dict[str, Any], training: bool = False) -> Dict[str, Any]:
        """Return the batch; ``training`` is handed on."""
        inputs, samples = data['inputs'], data['data_samples']
        given = list(inputs) if isinstance(inputs, Mapping) else ['one medium']
        if set(self.media) - set(given):
            raise DataError(
                f'MultiMediaDataPreprocessor: got {", ".join(given)}, expected {", ".join(self.media)}. Load all of '
                'them in the pipeline: LoadFrames, then LoadKeypoints.'
            )
        for sample, *clips in zip(samples, *(inputs[medium] for medium in self.media)):
            lengths = dict(zip(self.media, map(len, clips)))
            if len(set(lengths.values())) > 1:
                raise DataError(
                    f"MultiMediaDataPreprocessor: sample '{sample.sample_id}' has media of {lengths} frames, expected "
                    'the same frames of each.'
                )
        batches = {
            medium: own(dict(inputs=inputs[medium], data_samples=samples), training)
            for medium, own in self.media.items()
        }
        first = next(iter(batches.values()))
        return dict(first, inputs={medium: batch['inputs'] for medium, batch in batches.items()})
