"""A recognizer as one program: frames as they are in, log-probabilities out."""

from typing import Any, Dict, Sequence, Tuple

import torch
from torch import nn

from cslrkit.apis.export.layers import exportable
from cslrkit.errors import ConfigError
from cslrkit.models.data_preprocessor import SignDataPreprocessor
from cslrkit.models.keypoint_preprocessor import KeypointDataPreprocessor, in_picture
from cslrkit.models.recognizers import CSLRRecognizer
from cslrkit.models.recognizers.decoding import as_log_probs
from cslrkit.models.speed import prepare_for_inference
from cslrkit.structures.padding import normalize_


class RecognizerProgram(nn.Module):
    """Preprocessor, network and log-softmax of a recognizer, for ``torch.export``; batch and length are free.

    Args:
        model: It is copied.

    Shape:
        - ``frames``: uint8 (N, T, H, W, 3), or ``keypoints``: float32 (N, T, K, 3) with ``image_size``: float32 (N, 2),
          width and height
        - ``lengths``: frames of each clip, int64 (N,)
        - Output: ``log_probs`` (N, T', V), ``steps`` int64 (N,), and ``evidence`` (N, T_pad, P) for an aligner

    Raises:
        ConfigError: For a recognizer that reads neither.
    """

    def __init__(self, model: CSLRRecognizer) -> None:
        super().__init__()
        prepared = prepare_for_inference(model)
        self.model = exportable(prepared)
        if isinstance(model.data_preprocessor, KeypointDataPreprocessor):
            self.media = 'keypoints'
        elif isinstance(model.data_preprocessor, SignDataPreprocessor):
            self.media = 'frames'
        else:
            name = type(model.data_preprocessor).__name__
            raise ConfigError(f'export: got a {name}, expected a preprocessor of frames or keypoints.')

    @property
    def output_names(self) -> Tuple[str, ...]:
        """Names of what :meth:`forward` returns."""
        return ('log_probs', 'steps') if self.model.aligner is None else ('log_probs', 'steps', 'evidence')

    def forward(self, *inputs: torch.Tensor) -> Tuple[torch.Tensor, ...]:
        """Return log-probabilities of each step, the number of steps, and what the aligner sees."""
        media, lengths = inputs[:2]
        spec = self.model.neck.temporal_spec
        batch = self._in_time(media, lengths, spec.frame_len(media.shape[1]))
        frame_lens = spec.frame_len(lengths)
        features = self._features(batch, frame_lens, *inputs[2:])
        logits, steps = self.model.logits(batch, frame_lens, streams=('main',), features=features)
        outputs = (as_log_probs(logits[self.model.decode_outputs[0]]), steps)
        if self.model.aligner is None:
            return outputs
        return (*outputs, self.model.aligner(features, batch.shape[1]))

    def _in_time(self, media: torch.Tensor, lengths: torch.Tensor, num_frames: int) -> torch.Tensor:
        """Pad each clip by its first and last frame, as ``pad_clips`` does."""
        places = (torch.arange(num_frames) - self.model.neck.temporal_spec.left_pad).clamp(min=0)
        places = torch.minimum(places[None], lengths[:, None] - 1)
        places = places + torch.arange(media.shape[0])[:, None] * media.shape[1]
        return media.flatten(0, 1).index_select(0, places.flatten()).unflatten(0, places.shape)

    def _features(
        self, batch: torch.Tensor, frame_lens: torch.Tensor, *image_size: torch.Tensor
    ) -> Dict[str, torch.Tensor]:
        model, preprocessor = self.model, self.model.data_preprocessor
        if self.media == 'keypoints':
            return model.backbone(in_picture(batch, image_size[0][:, None, None].unbind(-1)).permute(0, 3, 1, 2))
        video = normalize_(batch.permute(0, 1, 4, 2, 3).float(), mean=preprocessor.mean, std=preprocessor.std)
        features = model.backbone(video.transpose(1, 2))
        if not model.masked_frames:
            return features
        # Such a backbone sees each frame alone, so those behind a clip may be computed and left out afterwards.
        own = (torch.arange(batch.shape[1]) < frame_lens[:, None])[:, None]
        return {name: stream * own for name, stream in features.items()}


def batch_of(samples: Sequence[Dict[str, Any]], *, least: int = 1) -> Tuple[Dict[str, torch.Tensor], torch.Tensor]:
    """Return what the program takes of packed samples, and their lengths, int64 (N,).

    Clips are filled up with zeros, which the program does not look at, to the longest one, or to ``least`` frames.
    """
    clips = [sample['inputs'] for sample in samples]
    lengths = torch.tensor([len(clip) for clip in clips])
    is_keypoints = clips[0].dim() == 3
    clips = [clip.float() if is_keypoints else clip.permute(0, 2, 3, 1) for clip in clips]
    batch = clips[0].new_zeros(len(clips), max(least, int(lengths.max())), *clips[0].shape[1:])
    for row, clip in zip(batch, clips):
        row[: len(clip)] = clip
    if not is_keypoints:
        return dict(frames=batch), lengths
    sizes = torch.tensor([sample['data_samples'].image_size for sample in samples])
    return dict(keypoints=batch, image_size=sizes.float()), lengths
