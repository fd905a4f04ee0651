"""Times of recognized glosses by what their signs look like to the backbone."""

from dataclasses import replace
from typing import List, Mapping

import numpy as np
import torch
from torch import nn

from cslrkit.decoders.segmental import SignModel, find_segments
from cslrkit.decoders.segmental.fit import MIXTURE, PRINCIPAL, Fitted, standardize
from cslrkit.registry import ALIGNERS
from cslrkit.structures import Hypothesis, StreamSpec
from cslrkit.structures.stream_spec import finest_streams, join_streams
from cslrkit.utils.checks import positive

_MOST = 24  # glosses that are placed together
_PAUSE = 10  # mean durations of a sign between two peaks: what lies apart so far is placed apart


@ALIGNERS.register_module()
class SegmentalAligner(nn.Module):
    """Places the glosses of a hypothesis by a semi-Markov search over features of the backbone; glosses stay.

    It is fitted after the recognizer, on sentences whose glosses are known and whose times are not, by
    ``tools/train_aligner.py``; until then it leaves hypotheses as they are. Peaks of the network say only which parts
    of a long video are searched together.

    Args:
        stream_specs: Streams of the backbone; the recognizer hands them over. Those of the smallest stride are seen.
        num_classes: Number of classes V; the recognizer hands it over.
        dims: Features that the search sees.
        states: States of a sign.
        longest_gap: Frames, as the network sees them, of the longest way from a sign to the next.
        spread: Standard deviation of the logarithm of a sign's duration.

    Shape:
        - Input: streams (N, C_i, T)
        - Output: (N, T, P) of at most 64 principal components

    Raises:
        ConfigError: For a size that is no positive integer.
    """

    def __init__(
        self,
        stream_specs: Mapping[str, StreamSpec],
        num_classes: int,
        *,
        dims: int = 24,
        states: int = 5,
        longest_gap: int = 8,
        spread: float = 0.1,
    ) -> None:
        super().__init__()
        for name, value in (('dims', dims), ('states', states), ('longest_gap', longest_gap)):
            positive(name, value)
        self.spread = spread
        self.streams = finest_streams(stream_specs)
        sizes = dict(
            means=(num_classes, states, dims),
            variance=(dims,),
            rest=(dims,),
            way_variance=(dims,),
            other_means=(MIXTURE, dims),
            other_variances=(MIXTURE, dims),
            other_logs=(MIXTURE,),
            gap_logs=(longest_gap + 2,),
            durations=(num_classes,),
        )
        self._names = tuple(sizes)
        channels = sum(spec.channels for spec in self.streams.values())
        num_components = min(channels, PRINCIPAL)
        sizes.update(principal=(channels, num_components), scale=(num_components,), basis=(num_components, dims))
        for name, size in sizes.items():
            self.register_buffer(name, torch.zeros(size))

    @property
    def is_fitted(self) -> bool:
        """Whether it knows what signs look like."""
        return bool(self.durations.any())

    def load_fitted(self, fitted: Fitted) -> None:
        """Take over what :func:`cslrkit.decoders.segmental.fit_signs` learned."""
        for name, buffer in self.named_buffers():
            buffer.copy_(torch.as_tensor(getattr(fitted.model if name in self._names else fitted, name).copy()))

    def gather(self, features: Mapping[str, torch.Tensor], num_frames: int) -> torch.Tensor:
        """Return the channels that are seen, for each frame (N, C, T)."""
        return join_streams(features, self.streams, num_frames)

    def forward(self, features: Mapping[str, torch.Tensor], num_frames: int) -> torch.Tensor:
        """Return the principal components of each frame; what needs the whole clip comes when glosses are placed."""
        return self.gather(features, num_frames).transpose(1, 2) @ self.principal

    def place(self, hyp: Hypothesis, evidence: np.ndarray, *, stride: int) -> Hypothesis:
        """Return the hypothesis with the frames of the clip of each gloss.

        Args:
            hyp: What a decoder found, with peaks.
            evidence: What :meth:`forward` gave for the clip's own frames.
            stride: Frames per feature step.

        Shape:
            evidence: (T, P).
        """
        if not len(hyp) or not self.is_fitted:
            return hyp
        values = {name: getattr(self, name).double().cpu().numpy() for name in self._names}
        model = SignModel(**values, spread=self.spread)
        scale, basis = (buffer.double().cpu().numpy() for buffer in (self.scale, self.basis))
        peaks = [min((span.peak + 0.5) * stride, len(evidence) - 1) for span in hyp]
        groups = _groups(peaks, _PAUSE * float(model.durations[1:].mean()))
        borders = [0, *(round((peaks[group[0] - 1] + peaks[group[0]]) / 2) for group in groups[1:]), len(evidence)]
        spans = []
        for group, first, last in zip(groups, borders, borders[1:]):
            own, found = [hyp[place] for place in group], None
            if last > first:
                features = standardize(evidence[first:last].astype(np.float64), scale) @ basis
                found = find_segments(features, [span.gloss_id for span in own], model)
            places = [None] * len(own) if found is None else [(first + start, first + end) for start, end in found]
            spans += [replace(span, clip_frames=place) for span, place in zip(own, places)]
        return replace(hyp, spans=tuple(spans))


def _groups(peaks: List[float], pause: float) -> List[range]:
    """Cut a long sequence of glosses where peaks are furthest apart, and at every pause."""
    gaps = np.diff(peaks)
    groups, waiting = [], [range(len(peaks))]
    while waiting:
        part = waiting.pop()
        inner = gaps[part.start : part.stop - 1]
        if len(inner) and inner.max() > pause:
            cut = part.start + 1 + int(inner.argmax())
        elif len(part) > _MOST:
            third = len(part) // 3
            cut = part.start + 1 + third + int(inner[third : len(inner) - third].argmax())
        else:
            groups.append(part)
            continue
        waiting += [range(cut, part.stop), range(part.start, cut)]
    return groups
