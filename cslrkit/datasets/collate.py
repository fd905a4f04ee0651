"""The classical batch of CSLR code, for training loops without mmengine."""

from functools import partial
from typing import Callable, Sequence, Tuple, Union

import torch

from cslrkit.structures.padding import longest_first, pad_clips
from cslrkit.structures.temporal_spec import TemporalSpec

ClassicalSample = Tuple[torch.Tensor, Sequence[int], str]
ClassicalBatch = Tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor, Tuple[str, ...]]


def make_collate_fn(
    kernel_spec: Union[Sequence[str], TemporalSpec], *, left_pad_rule: str = 'exact'
) -> Callable[[Sequence[ClassicalSample]], ClassicalBatch]:
    """Return a ``collate_fn`` that gives the batch of the published code.

    Samples are tuples ``(video, labels, info)``: a normalized clip (T, C, H, W), gloss ids, and the
    corpus's own line; the transform ``PackClassicalInputs`` makes them. Batches are ``(padded_video
    (N, T_pad, C, H, W), video_length (N,), labels_concat (sum L,), label_length (N,), info)``,
    longest clip first, equal lengths in their order; lengths and labels are int64.

    Source: ``BaseFeeder.collate_fn`` of kaistmm/SlowFastSign 37d1b6c. Differs: the kernel spec is
    an argument, not a module global; a batch without any label gives empty int64 tensors and
    lengths of 0, not lists; the branch for feature vectors is left out.

    Args:
        kernel_spec: Layers of the temporal stack, e.g. ``['K5', 'P2', 'K5', 'P2']``, or a
            :class:`TemporalSpec`, which has its own rule.
        left_pad_rule: ``'exact'`` or ``'slowfastsign'``, see :class:`TemporalSpec`.

    Raises:
        ConfigError: For a malformed kernel spec or an unknown rule.
    """
    spec = kernel_spec
    if not isinstance(spec, TemporalSpec):
        spec = TemporalSpec(kernel_spec, left_pad_rule=left_pad_rule)
    return partial(_collate, spec=spec)  # picklable, for workers that are spawned


def _collate(samples: Sequence[ClassicalSample], *, spec: TemporalSpec) -> ClassicalBatch:
    samples = [samples[position] for position in longest_first([video for video, _, _ in samples])]
    padded_video, video_length = pad_clips([video for video, _, _ in samples], spec)
    labels = [torch.as_tensor(label, dtype=torch.int64) for _, label, _ in samples]
    label_length = torch.tensor([len(label) for label in labels], dtype=torch.int64)
    return padded_video, video_length, torch.cat(labels), label_length, tuple(info for _, _, info in samples)
