"""Where in its frames a recognizer saw each gloss: heat maps by Grad-CAM and its kind."""

from dataclasses import dataclass
from typing import Any, List, Mapping, Optional, Sequence, Tuple, Union

import numpy as np
import torch
from mmengine.dataset import pseudo_collate
from torch import nn

from cslrkit.errors import ConfigError, DataError
from cslrkit.registry import nearest
from cslrkit.structures import Hypothesis, SignDataSample
from cslrkit.structures.stream_spec import stream_specs
from cslrkit.structures.temporal_spec import TemporalSpec
from cslrkit.utils.checks import one_of
from cslrkit.utils.messages import listed
from cslrkit.visualization.cam_layers import CapturedMap, find_layer, frozen, map_layers, refuse_layer
from cslrkit.visualization.cam_methods import METHODS

DEFAULT_METHOD = 'gradcam'
_COARSEST = 7  # places along the shorter side, for the layer that is taken by default


@dataclass(frozen=True)
class CamTarget:
    """A gloss at feature steps, whose score is explained.

    Args:
        gloss: The gloss.
        first_step: First feature step.
        last_step: Last feature step, included.
    """

    gloss: str
    first_step: int
    last_step: int


@dataclass(frozen=True)
class GlossCam:
    """Where the network saw one gloss of a clip.

    Args:
        gloss: The gloss.
        clip_span: Start and end (excluded) of its span, in frames of the clip as the network was given it.
        frame_span: The same in frames of the source video.
        time_span: The same in seconds; None where the frame rate is not known.
        score: What was explained: the sum of the gloss's log-probabilities over the steps of its span.
        map: Heat by frame of the clip at the layer's own resolution, (T, h, w), scaled to a maximum of 1; all
            zero if nothing spoke for the gloss.
        peak: By what the map was divided.
        size: Height and width of the clip's frames.
    """

    gloss: str
    clip_span: Tuple[int, int]
    frame_span: Tuple[int, int]
    time_span: Optional[Tuple[float, float]]
    score: float
    map: np.ndarray
    peak: float
    size: Tuple[int, int]

    @property
    def heat(self) -> np.ndarray:
        """Heat of every pixel of the clip, float32 (T, H, W) within 0 to 1."""
        return self.frame_heat(slice(None))

    def frame_heat(self, frames: Union[int, slice], size: Optional[Tuple[int, int]] = None) -> np.ndarray:
        """Heat of some of the clip's frames, interpolated to ``size`` (height and width; the clip's by default)."""
        chosen = torch.from_numpy(self.map[frames])
        stack = chosen.view(-1, 1, *self.map.shape[1:])
        grown = nn.functional.interpolate(stack, size=tuple(size or self.size), mode='bilinear', align_corners=False)
        return grown[:, 0].numpy().reshape(*chosen.shape[:-2], *grown.shape[-2:])


def compute_cam(
    model: nn.Module,
    clip: Mapping[str, Any],
    *,
    layer: Optional[str] = None,
    stream: Optional[str] = None,
    method: str = DEFAULT_METHOD,
    targets: Optional[Sequence[Union[str, CamTarget]]] = None,
) -> List[GlossCam]:
    """Compute a heat map over the frames of a clip for each gloss.

    The score that is explained is the sum of a gloss's log-probabilities over the feature steps of its span. The
    model is left as it was: its mode, its gradients, its hooks.

    Args:
        model: A recognizer, as :func:`cslrkit.apis.init_recognizer` gives it.
        clip: A packed sample: what :func:`cslrkit.apis.infer.read_clip` or a dataset gives.
        layer: Name of a layer whose output is a map over the image, e.g. ``'backbone.s4'``; by default the
            backbone's last one that has at least 7 x 7 places: of images of 224 pixels the last of all, of
            smaller ones an earlier one.
        stream: Pathway of a layer that gives several maps: ``'slow'`` or ``'fast'``; the first by default.
        method: ``'gradcam'``, ``'gradcam++'``, ``'hirescam'`` or ``'eigencam'``.
        targets: Glosses of the decoded sequence to explain, each wherever it was decoded, or targets of your
            own; all decoded glosses by default.

    Returns:
        One for each gloss, in order; empty if none was decoded.

    Raises:
        ConfigError: For an unknown layer, stream or method, a layer without maps (the message lists those that
            have them), or a compiled model.
        DataError: For a gloss that was not decoded, or steps that the clip does not have.
    """
    compute = METHODS[one_of('method', method, METHODS)]
    with frozen(model), torch.backends.cudnn.flags(enabled=False):  # cuDNN's LSTM has no backward in evaluation
        batch = model.data_preprocessor(pseudo_collate([clip]))
        inputs, frame_lens, sample = batch['inputs'], batch['frame_lens'], batch['data_samples'][0]
        if layer is None:
            layer = _last_map_layer(model, inputs)
        captured = CapturedMap(tuple(stream_specs(model.backbone)), stream, layer)
        handle = find_layer(model, layer).register_forward_hook(captured.hook)
        try:
            with torch.enable_grad():
                logits, feat_lens = model.logits(inputs, frame_lens, streams=('main',))
        finally:
            handle.remove()
        if captured.leaf is None:
            raise refuse_layer(model, inputs, layer, captured.describe())
        log_probs = logits[model.head.primary].float().log_softmax(-1)
        wanted = _find_targets(model, log_probs.detach(), feat_lens, targets)
        geometry = _Geometry.of(model, sample, len(clip['inputs']), tuple(inputs.shape[1:]))
        return [_explain(model, captured.leaf, log_probs[0], target, compute, geometry) for target in wanted]


@dataclass(frozen=True)
class _Geometry:
    """From a layer's map of the padded clip to frames of the clip and of its source."""

    spec: TemporalSpec
    padded: int
    num_frames: int
    size: Tuple[int, int]
    strides: Tuple[int, ...]  # of the backbone's streams
    frame_indices: Tuple[int, ...]
    frame_rate: Optional[float]

    @classmethod
    def of(cls, model: nn.Module, sample: SignDataSample, num_frames: int, shape: Tuple[int, ...]) -> '_Geometry':
        indices = tuple(sample.frame_indices) or tuple(range(num_frames))
        return cls(
            spec=model.neck.temporal_spec,
            padded=shape[0],
            num_frames=num_frames,
            size=shape[-2:],
            strides=tuple(spec.stride for spec in stream_specs(model.backbone).values()),
            frame_indices=indices,
            frame_rate=sample.frame_rate,
        )

    def clip_map(self, heat: torch.Tensor) -> torch.Tensor:
        """(T_layer, h, w) of the padded clip to (T, h, w) of the clip; a slow step lasts until the next one."""
        frames = torch.arange(self.spec.left_pad, self.spec.left_pad + self.num_frames, device=heat.device)
        steps = len(heat)
        for stride in self.strides:
            if steps == -(-self.padded // stride):
                return heat[frames // stride]
        return heat[frames * steps // self.padded]

    def spans(self, target: CamTarget) -> Tuple[Tuple[int, int], Tuple[int, int], Optional[Tuple[float, float]]]:
        """The span of a target in frames of the clip, in frames of the source and in seconds."""
        start, end = self.spec.frame_span(target.first_step, target.last_step, self.num_frames)
        source = self.frame_indices[start], self.frame_indices[end - 1] + 1
        rate = self.frame_rate
        return (start, end), source, None if rate is None else (source[0] / rate, source[1] / rate)


def _explain(
    model: nn.Module,
    leaf: torch.Tensor,
    log_probs: torch.Tensor,
    target: CamTarget,
    compute: Any,
    geometry: _Geometry,
) -> GlossCam:
    gloss_id = model.vocab.encode([target.gloss])[0][0]
    score = log_probs[target.first_step : target.last_step + 1, gloss_id].sum()
    (gradients,) = torch.autograd.grad(score, leaf, retain_graph=True)
    heat = geometry.clip_map(compute(_channels_first(leaf.detach()), _channels_first(gradients)))
    peak = float(heat.max())
    clip_span, frame_span, time_span = geometry.spans(target)
    return GlossCam(
        gloss=target.gloss,
        clip_span=clip_span,
        frame_span=frame_span,
        time_span=time_span,
        score=float(score.detach()),
        map=(heat / peak if peak > 0 else heat).cpu().numpy(),
        peak=peak,
        size=geometry.size,
    )


def _channels_first(features: torch.Tensor) -> torch.Tensor:
    """(1, C, T, H, W), or (T, C, H, W) of frames as a batch, to (C, T, H, W)."""
    return (features[0] if features.dim() == 5 else features.transpose(0, 1)).float()


def _last_map_layer(model: nn.Module, inputs: torch.Tensor) -> str:
    found = map_layers(model, inputs)
    if not found:
        raise ConfigError(
            f'no layer of the backbone ({type(model.backbone).__name__}) gives maps over the image. A compiled model '
            'hides them: take the one that init_recognizer gives.',
            path='layer',
        )
    depth = min(name.count('.') for name in found)
    outer = {name: places for name, places in found.items() if name.count('.') == depth}
    fine = [name for name, places in outer.items() if places >= _COARSEST]
    return (fine or list(outer))[-1]


def _find_targets(
    model: nn.Module,
    log_probs: torch.Tensor,
    feat_lens: torch.Tensor,
    targets: Optional[Sequence[Union[str, CamTarget]]],
) -> List[CamTarget]:
    steps = int(feat_lens[0])
    own = targets is not None and all(isinstance(target, CamTarget) for target in targets)
    decoded = [] if own else _decoded(model, model.decoder(log_probs, feat_lens)[0])
    if targets is None:
        return decoded
    names = [target.gloss for target in decoded]
    found: List[CamTarget] = []
    for target in targets:
        if isinstance(target, CamTarget):
            if not 0 <= target.first_step <= target.last_step < steps:
                raise DataError(
                    f"CAM target '{target.gloss}': got the steps {target.first_step} to {target.last_step}, expected "
                    f'some of 0 to {steps - 1}.'
                )
            if target.gloss not in model.vocab:
                raise DataError(
                    f"CAM target: the vocabulary has no gloss '{target.gloss}'."
                    f'{nearest(target.gloss, model.vocab.glosses)}'
                )
            found.append(target)
        elif target in names:
            found += [each for each in decoded if each.gloss == target]
        else:
            raise DataError(f"gloss: got '{target}', expected one of the decoded ones: {listed(names, 30) or 'none'}.")
    return found


def _decoded(model: nn.Module, hyp: Hypothesis) -> List[CamTarget]:
    glosses = model.vocab.decode(hyp.gloss_ids)
    return [CamTarget(gloss, first, last) for gloss, (first, last) in zip(glosses, hyp.step_spans)]
