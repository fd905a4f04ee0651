"""Where in its frames a recognizer saw each gloss: heat maps by Grad-CAM and its kind."""

from dataclasses import dataclass
from functools import partial
from typing import Any, List, Mapping, Optional, Sequence, Tuple, Union

import numpy as np
import torch
from mmengine.dataset import pseudo_collate
from torch import nn

from cslrkit.errors import ConfigError, DataError
from cslrkit.structures import GlossSpan, Hypothesis, stream_specs
from cslrkit.utils.checks import one_of
from cslrkit.utils.messages import listed
from cslrkit.visualization.cam_layers import capture_map, frozen, map_layers
from cslrkit.visualization.cam_methods import METHODS, Method

DEFAULT_METHOD = 'gradcam'
_COARSEST = 7  # places along the shorter side, for the layer that is taken by default


@dataclass(frozen=True)
class GlossCam:
    """Where the network saw one gloss of a clip.

    Args:
        span: The gloss, with frames and times of the source video.
        clip_span: Start and end (excluded) of its span, in frames of the clip as the network was given it.
        score: What was explained: the sum of the gloss's log-probabilities over the steps of its span.
        map: Heat by frame of the clip at the layer's own resolution, (T, h, w), scaled to a maximum of 1; all
            zero if nothing spoke for the gloss.
        peak: By what the map was divided.
        size: Height and width of the clip's frames.
    """

    span: GlossSpan
    clip_span: Tuple[int, int]
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
    targets: Optional[Sequence[Union[str, GlossSpan]]] = None,
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
        targets: Glosses of the decoded sequence to explain, each wherever it was decoded, or spans of your
            own, of which gloss id and steps count; all decoded glosses by default.

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
        if not isinstance(inputs, torch.Tensor):
            raise ConfigError(f'heat map: got a model of {" and ".join(inputs)}, expected one of frames alone.')
        if layer is None:
            layer = _last_map_layer(model, inputs)
        run = partial(model.log_probs, inputs, frame_lens, outputs=model.decode_outputs[:1])
        leaf, (outputs, feat_lens) = capture_map(model, layer, stream, inputs, run)
        (log_probs,) = outputs.values()
        spec, num_frames = model.neck.temporal_spec, len(clip['inputs'])
        wanted = Hypothesis(_find_targets(model, log_probs.detach(), feat_lens, targets), 0.0).resolve(
            model.vocab,
            spec,
            frame_indices=sample.frame_indices or range(num_frames),
            frame_rate=sample.frame_rate,
        )
        return [_explain(model, span, leaf, log_probs[0], compute, num_frames, inputs) for span in wanted]


def _explain(
    model: nn.Module,
    span: GlossSpan,
    leaf: torch.Tensor,
    log_probs: torch.Tensor,
    compute: Method,
    num_frames: int,
    inputs: torch.Tensor,
) -> GlossCam:
    first, last = span.steps
    score = log_probs[first : last + 1, span.gloss_id].sum()
    (gradients,) = torch.autograd.grad(score, leaf, retain_graph=True)
    heat = compute(_channels_first(leaf.detach()), _channels_first(gradients))
    heat = heat[_layer_steps(model, len(heat), num_frames, padded=inputs.shape[1]).to(heat.device)]
    peak = float(heat.max())
    return GlossCam(
        span,
        clip_span=model.neck.temporal_spec.frame_span(first, last, num_frames),
        score=float(score.detach()),
        map=(heat / peak if peak > 0 else heat).cpu().numpy(),
        peak=peak,
        size=tuple(inputs.shape[-2:]),
    )


def _layer_steps(model: nn.Module, steps: int, num_frames: int, *, padded: int) -> torch.Tensor:
    """For each frame of a clip, which of a layer's ``steps`` over the padded clip shows it; a slow one lasts."""
    left_pad = model.neck.temporal_spec.left_pad
    frames = torch.arange(left_pad, left_pad + num_frames)
    for stream in stream_specs(model.backbone).values():
        if steps == -(-padded // stream.stride):
            return frames // stream.stride
    return frames * steps // padded


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
    targets: Optional[Sequence[Union[str, GlossSpan]]],
) -> List[GlossSpan]:
    own = targets is not None and all(isinstance(target, GlossSpan) for target in targets)
    decoded = [] if own else model.decode(log_probs, feat_lens)[0].spans
    if targets is None:
        return decoded
    names = model.vocab.decode(span.gloss_id for span in decoded)
    found: List[GlossSpan] = []
    for target in targets:
        if isinstance(target, GlossSpan):
            (first, last), num_classes = target.steps, model.vocab.num_classes
            if not (0 <= first <= last < int(feat_lens[0]) and 0 < target.gloss_id < num_classes):
                raise DataError(
                    f'target: got the gloss id {target.gloss_id} at the steps {first} to {last}, expected an id of '
                    f'1 to {num_classes - 1} and steps of 0 to {int(feat_lens[0]) - 1}.'
                )
            found.append(target)
        elif target in names:
            found += [span for span, name in zip(decoded, names) if name == target]
        else:
            raise DataError(f"gloss: got '{target}', expected one of the decoded ones: {listed(names, 30) or 'none'}.")
    return found
