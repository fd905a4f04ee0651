"""The recognizer: wires a backbone, a neck, a head, losses and a decoder together."""

import math
from typing import Dict, List, Optional, Sequence, Tuple, Union

import torch
from mmengine.model import BaseModel
from torch import nn
from torch.nn import functional as F

from cslrkit.decoders import build_decoder
from cslrkit.errors import ConfigError, DataError
from cslrkit.models.backbones.example import Medium, map_media
from cslrkit.models.data_preprocessor import build_preprocessor
from cslrkit.models.recognizers.decoding import DecodingMixin, checked_samples
from cslrkit.models.weights.pretrained import ScopedInit
from cslrkit.registry import ACTIVITIES, ALIGNERS, BACKBONES, HEADS, LOSSES, MODELS, NECKS
from cslrkit.structures import GlossVocab, SignDataSample
from cslrkit.structures.gloss_vocab import AnyVocab
from cslrkit.structures.stream_spec import frames_per_step, stream_specs
from cslrkit.structures.temporal_spec import TemporalSpec, steps_needed
from cslrkit.utils.checks import one_of
from cslrkit.utils.config_path import config_path
from cslrkit.utils.messages import listed


@MODELS.register_module()
class CSLRRecognizer(DecodingMixin, ScopedInit, BaseModel):
    """Continuous sign language recognizer.

    Each part is a registered class; the dimensions of one go to the next, so a config states none of
    them twice. Errors while building name the place in the config, e.g. ``model.backbone.depth``.

    Args:
        backbone: Frames to streams of frame features; config of a ``BACKBONES`` class.
        neck: Frame features to steps; config of a ``NECKS`` class without ``in_channels``.
        head: Steps to logits; config of a ``HEADS`` class without ``in_channels`` and
            ``num_classes``.
        losses: Configs of ``LOSSES`` classes; the total loss is the sum of exactly these.
        decoder: Log-probabilities to hypotheses; config of a ``DECODERS`` class.
        vocab: The glosses: a :class:`GlossVocab`, the path of a ``gloss_dict.npy``, a list of glosses
            (ids 1, 2, ... in order), or a dict of gloss to id.
        data_preprocessor: Batches and normalizes; config of a ``MODELS`` class without
            ``temporal_spec``, or a module. By default the one that the backbone names, ``SignDataPreprocessor`` if it
            names none.
        decode_outputs: Names of the main stream's logits to decode and score: the result first, then
            what it is compared with; the head's ``primary`` and ``auxiliary`` by default.
        on_short_clip: What happens in training to a clip with fewer steps than its glosses need.
            ``'error'`` stops with the sample's id, unless only the random temporal augmentation
            shortened it: then, and with ``'infinite_loss'`` always, CTC gives infinity, as published,
            and the guarded optimizer wrappers leave the batch out.
        masked_frames: Whether the backbone sees the frames within ``frame_lens`` only, those of all clips as one
            batch; behind them its features are 0. So VAC and SMKD were trained (VIPL-SLP/VAC_CSLR 71f3e03). For
            backbones that see each frame alone.
        aligner: Places the glosses that the decoder found, by the backbone's features; config of an ``ALIGNERS`` class.
            Without one, the decoder's steps say where they are. It changes no gloss.
        activity: Says of each frame whether anybody signs, by the backbone's features; config of an ``ACTIVITIES``
            class. Inference cuts long video by it.
        init_cfg: Initial weights, e.g. ``dict(type='Pretrained', checkpoint='phoenix2014.pt')``; see
            :class:`~cslrkit.models.weights.Pretrained`. A backbone takes one of its own.

    Shape:
        - ``inputs``: (N, T, 3, H, W), normalized and padded in time, keypoints (N, 3, T, K), features (N, T, C), or a
          dict of several of them
        - ``frame_lens``: padded lengths in frames, int64 (N,)

    Raises:
        ConfigError: If a part cannot be built or parts do not fit.
    """

    def __init__(
        self,
        backbone: dict,
        neck: dict,
        *,
        head: dict,
        losses: Sequence[dict],
        decoder: dict,
        vocab: AnyVocab,
        data_preprocessor: Optional[Union[dict, nn.Module]] = None,
        decode_outputs: Optional[Sequence[str]] = None,
        on_short_clip: str = 'error',
        masked_frames: bool = False,
        aligner: Optional[dict] = None,
        activity: Optional[dict] = None,
        init_cfg: Optional[dict] = None,
    ) -> None:
        with config_path('model.vocab'):
            vocab = GlossVocab.of(vocab)
        with config_path('model.backbone'):
            backbone = BACKBONES.build(backbone)
            specs = stream_specs(backbone)
            given = dict(in_channels={stream: spec.channels for stream, spec in specs.items()})
            if frames_per_step(specs) > 1:
                given['frames_per_step'] = frames_per_step(specs)
        with config_path('model.neck'):
            neck = NECKS.build(neck, default_args=given)
        with config_path('model.data_preprocessor'):
            super().__init__(build_preprocessor(data_preprocessor, neck.temporal_spec, backbone), init_cfg)
        if masked_frames and not getattr(backbone, 'sees_frames_alone', False):
            raise ConfigError(
                f'got True with a {type(backbone).__name__}, whose frames depend on their neighbours; expected False.',
                path='model.masked_frames',
            )
        self.masked_frames = masked_frames
        self.vocab = vocab
        self.backbone = backbone
        self.neck = neck
        with config_path('model.head'):
            dimensions = dict(in_channels=neck.out_channels, num_classes=vocab.num_classes)
            offered = dict(parts=neck.parts) if hasattr(neck, 'parts') else {}
            self.head = HEADS.build(head, default_args=dimensions, offered=offered)
        self.losses = nn.ModuleList()
        for index, loss in enumerate(losses):
            with config_path(f'model.losses[{index}]'):
                self._add_loss(LOSSES.build(loss))
        with config_path('model.decoder'):
            self.decoder = build_decoder(decoder, vocab)
        with config_path('model.aligner'):
            given = dict(stream_specs=specs, num_classes=vocab.num_classes)
            self.aligner = None if aligner is None else ALIGNERS.build(aligner, default_args=given)
        with config_path('model.activity'):
            self.activity = (
                None if activity is None else ACTIVITIES.build(activity, default_args=dict(stream_specs=specs))
            )
        with config_path('model'):
            self.on_short_clip = one_of('on_short_clip', on_short_clip, ('error', 'infinite_loss'))
            self.decode_outputs = self._checked_outputs(decode_outputs)

    @property
    def frames_in_phase(self) -> int:
        """Frames of which a window's start must be a multiple, so that it is computed as the whole clip is.

        From there every stream of the backbone and every pooling of the neck takes the same frames together.
        """
        strides = [spec.stride for spec in stream_specs(self.backbone).values()]
        return math.lcm(self.neck.temporal_spec.total_stride, *strides)

    def forward(
        self,
        inputs: torch.Tensor,
        frame_lens: torch.Tensor,
        data_samples: Optional[List[SignDataSample]] = None,
        mode: str = 'tensor',
    ) -> Union[Tuple[Dict[str, torch.Tensor], torch.Tensor], Dict[str, torch.Tensor], List[SignDataSample]]:
        """Run the network as mmengine's loops ask.

        Args:
            inputs: Clips, (N, T, 3, H, W).
            frame_lens: Padded lengths in frames, int64 (N,).
            data_samples: Annotations, one for each clip; the modes ``loss`` and ``predict`` need them.
            mode: ``'tensor'`` gives :meth:`logits` of every stream, ``'loss'`` :meth:`loss` and
                ``'predict'`` :meth:`predict`.

        Raises:
            ConfigError: For another mode.
        """
        if mode == 'tensor':
            return self.logits(inputs, frame_lens)
        if mode == 'loss':
            return self.loss(inputs, frame_lens, data_samples)
        if mode == 'predict':
            return self.predict(inputs, frame_lens, data_samples)
        raise ConfigError(f"CSLRRecognizer.forward: got mode={mode!r}, expected 'tensor', 'loss' or 'predict'.")

    def logits(
        self,
        inputs: torch.Tensor,
        frame_lens: torch.Tensor,
        *,
        streams: Optional[Sequence[str]] = None,
        features: Optional[Dict[str, torch.Tensor]] = None,
    ) -> Tuple[Dict[str, torch.Tensor], torch.Tensor]:
        """Return the head's logits (N, T', V) by name and the lengths in steps.

        Args:
            inputs: Clips, (N, T, 3, H, W).
            frame_lens: Padded lengths in frames, int64 (N,).
            streams: Streams of the neck to compute; all by default.
            features: The backbone's streams of these clips, where they are there already.
        """
        if features is None:
            features = self.frame_features(inputs, frame_lens)
        steps, feat_lens = self.neck(features, frame_lens, streams=streams)
        return self.head(steps, feat_lens), feat_lens

    def loss(
        self, inputs: torch.Tensor, frame_lens: torch.Tensor, data_samples: Optional[List[SignDataSample]]
    ) -> Dict[str, torch.Tensor]:
        """Return each loss by name, multiplied by its weight.

        Raises:
            ConfigError: If the config has no losses.
            DataError: If a clip has fewer steps than its glosses need and ``on_short_clip`` is
                ``'error'``.
        """
        if not len(self.losses):
            raise ConfigError('the recognizer has none, so it cannot be trained.', path='model.losses')
        samples = checked_samples(data_samples, len(frame_lens))
        if self.on_short_clip == 'error':
            check_alignable(samples, frame_lens, self.neck.temporal_spec)
        logits, feat_lens = self.logits(inputs, frame_lens, streams=self._trained_streams())
        device = next(iter(logits.values())).device
        targets = [sample.gloss_ids.to(device, non_blocking=True) for sample in samples]
        if self.penalty_names:
            logits = {**logits, **self.neck.take_penalties()}
        return {loss.name: loss.weight * loss(logits, feat_lens, targets) for loss in self.losses}

    def parse_losses(self, losses: Dict[str, torch.Tensor]) -> Tuple[torch.Tensor, Dict[str, float]]:
        """Return the sum of all losses, and it and each of them for the log.

        The log gets numbers, in one copy: of tensors, mmengine would wait for the device once for each, after the
        update.
        """
        values = torch.stack(list(losses.values()))
        total = values.sum()
        return total, dict(zip(('loss', *losses), torch.cat([total[None], values]).detach().tolist()))

    @property
    def penalty_names(self) -> Tuple[str, ...]:
        """Names of what the neck gives to losses beside the head's logits."""
        return getattr(self.neck, 'penalty_names', ())

    def frame_features(self, inputs: Medium, frame_lens: torch.Tensor) -> Dict[str, torch.Tensor]:
        """Return the backbone's streams (N, C_i, T) of clips; of frames within ``frame_lens`` only if masked_frames."""
        lens = frame_lens.tolist()
        if not self.masked_frames or min(lens) == inputs.shape[1]:
            return self.backbone(map_media(inputs, _channels_first))
        num_frames = inputs.shape[1]
        frames = torch.cat([clip[:length] for clip, length in zip(inputs, lens)])
        streams = self.backbone(frames[None].transpose(1, 2))
        return {
            name: torch.stack([F.pad(clip, (0, num_frames - clip.shape[-1])) for clip in stream[0].split(lens, -1)])
            for name, stream in streams.items()
        }

    def _trained_streams(self) -> Optional[Tuple[str, ...]]:
        """Return the streams of the neck that the losses read; None for all."""
        read = {source.rpartition('/')[2] for loss in self.losses for source in loss.sources}
        return tuple(name for name in self.neck.streams if name in read) if read < set(self.neck.streams) else None

    def _add_loss(self, loss: nn.Module) -> None:
        for source in loss.sources:
            one_of('source', source, (*self.head.logit_names, *self.penalty_names))
        if loss.name in ('loss', *(other.name for other in self.losses)):
            raise ConfigError(f"got {loss.name!r}, expected a name of its own other than 'loss'.", path='name')
        self.losses.append(loss)

    def _checked_outputs(self, outputs: Optional[Sequence[str]]) -> Tuple[str, ...]:
        if outputs is None:
            return tuple(name for name in (self.head.primary, self.head.auxiliary) if name is not None)
        main = [name for name in self.head.logit_names if name.endswith('/main')]
        if not outputs:
            raise ConfigError(f'got none, expected some of {listed(main)}.', path='decode_outputs')
        return tuple(one_of('decode_outputs', name, main) for name in outputs)


def _channels_first(medium: torch.Tensor) -> torch.Tensor:
    """Put the channels of frames and features before their time; keypoints (N, 3, T, K) are so already."""
    return medium if medium.dim() == 4 else medium.transpose(1, 2)


def check_alignable(samples: Sequence[SignDataSample], frame_lens: torch.Tensor, spec: TemporalSpec) -> None:
    """Check that each clip, as long as it was read, has the steps that CTC needs for its glosses.

    That is one for each gloss, and one more for the blank between equal neighbours.

    Args:
        samples: Annotations.
        frame_lens: Padded lengths in frames, int64 (N,), of the clips as they are.
        spec: Turns frames into steps.

    Raises:
        DataError: Naming the sample, its steps and those that it needs.
    """
    for sample, frame_len in zip(samples, frame_lens.tolist()):
        ids = sample.gloss_ids.tolist()
        needed = steps_needed(ids)
        steps = spec.feat_len(max(frame_len, spec.frame_len(sample.clip_len)))
        if steps < needed:
            raise DataError(
                f"sample '{sample.sample_id}': got {steps} feature steps, but its "
                f'{len(ids)} glosses need {needed}. Check its annotation, leave it out, take a neck of a smaller '
                "stride, or set model.on_short_clip='infinite_loss'."
            )
