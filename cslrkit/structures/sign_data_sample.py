"""The annotation and the result of one clip."""

from typing import Dict, Optional, Sequence, Tuple

import torch
from mmengine.structures import BaseDataElement

from cslrkit.structures.hypothesis import Hypothesis


class SignDataSample(BaseDataElement):
    """One clip's identity, reference and hypotheses.

    Meta information: ``sample_id`` (str), ``signer`` (str), ``glosses`` (reference gloss strings,
    those outside the vocabulary included), ``original_info`` (str, the corpus's own line),
    ``frame_indices`` (for each frame of the clip, its index in the source video), ``clip_len`` (frames
    that were read, before any temporal augmentation), ``frame_rate`` (frames per second or None), ``image_size`` (width
    and height in pixels of the picture that keypoints lie in; None of other media), ``padding`` (rows of features
    before and after the clip that were computed from padding; 0 of other media).
    Data: ``gloss_ids`` (int64 (L,), the reference as class ids) and ``hyps`` (hypotheses by the name
    of the logits that were decoded, e.g. ``'seq/main'``).
    """

    hyps: Dict[str, Hypothesis]

    @classmethod
    def create(
        cls,
        sample_id: str,
        gloss_ids: Sequence[int],
        *,
        glosses: Sequence[str] = (),
        signer: str = '',
        original_info: str = '',
        frame_indices: Sequence[int] = (),
        frame_rate: Optional[float] = None,
        clip_len: Optional[int] = None,
        image_size: Optional[Tuple[int, int]] = None,
        padding: Tuple[int, int] = (0, 0),
    ) -> 'SignDataSample':
        """Build a sample from plain values; ``clip_len`` is that of ``frame_indices`` by default."""
        sample = cls(
            metainfo=dict(
                sample_id=sample_id,
                signer=signer,
                glosses=tuple(glosses),
                original_info=original_info,
                frame_indices=tuple(int(index) for index in frame_indices),
                frame_rate=frame_rate,
                clip_len=len(frame_indices) if clip_len is None else int(clip_len),
                image_size=None if image_size is None else tuple(image_size),
                padding=(int(padding[0]), int(padding[1])),
            )
        )
        sample.gloss_ids = torch.as_tensor(list(gloss_ids), dtype=torch.int64)
        sample.hyps = {}
        return sample

    @property
    def gloss_ids(self) -> torch.Tensor:
        """Reference class ids, int64 (L,)."""
        return self._gloss_ids

    @gloss_ids.setter
    def gloss_ids(self, value: torch.Tensor) -> None:
        if not isinstance(value, torch.Tensor) or value.dim() != 1 or value.dtype != torch.int64:
            raise TypeError(f'SignDataSample.gloss_ids: expected an int64 tensor (L,), got {value!r}.')
        self.set_field(value, '_gloss_ids', dtype=torch.Tensor)
