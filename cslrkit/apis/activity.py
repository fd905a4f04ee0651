"""Training what says of a trained recognizer's frames whether anybody signs."""

from itertools import chain, islice
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import DefaultScope
from torch.nn import functional as F

from cslrkit.apis.aligner import write_fitted
from cslrkit.apis.infer.frames import SampledFrame, eval_dataset, sample_frames
from cslrkit.apis.inferencer import CSLRInferencer
from cslrkit.engine.checkpoint_io import find_checkpoint
from cslrkit.engine.complete import select_split
from cslrkit.models.activity import ConvActivity
from cslrkit.registry import DATASETS
from cslrkit.structures import stream_specs
from cslrkit.structures.stream_spec import join_streams
from cslrkit.utils.files import ensure_writable_dir
from cslrkit.utils.progress import ProgressLine
from cslrkit.video.clip import Clip
from cslrkit.video.inputs import open_clips

_TOGETHER = 3  # sentences of a signer that are joined
_RESTS = (0.4, 6.0)  # seconds of a rest between them; its logarithm is uniform
_UNSURE = 3  # frames at either end of a sentence that count as neither: its signer may rest there
_USUAL_RATE = 25.0  # frames per second, where none is known
_CROP, _BATCH = 128, 16


class TrainedActivity(NamedTuple):
    """What ``train_activity`` did.

    Args:
        num_sentences: Sentences that were read.
        num_frames: Frames of these and of the rests between them, as the network sees them.
        accuracy: Share of the frames of the last tenth of them, which were not trained on, that are right.
    """

    num_sentences: int
    num_frames: int
    accuracy: float


def train_activity(
    config: Config,
    checkpoint: Union[str, Path],
    out: Union[str, Path],
    *,
    rests: Sequence[Union[str, Path]] = (),
    split: str = 'train',
    device: Optional[str] = None,
    seed: int = 0,
    steps: int = 400,
    progress: bool = False,
) -> TrainedActivity:
    """Train a :class:`~cslrkit.models.activity.ConvActivity` and write a checkpoint that has it.

    Three sentences of one signer are joined, with rests of 0.4 to 6 s before, between and after them. The network
    reads what comes of it once, as it is; then two convolutions learn from its backbone's features which frames are of
    a sentence. Glosses and times are not used.

    Args:
        config: From ``cslrkit.engine.config.load_config``.
        checkpoint: A checkpoint of cslrkit, or a work directory, whose best checkpoint is taken.
        out: The checkpoint to write, ``.pth`` or ``.safetensors``.
        rests: Videos of people who do not sign. Those whose names begin with a signer's name are for that signer, if
            there are any. Without videos, the first and last frames of sentences are held in their place.
        split: Whose sentences.
        device: E.g. ``'cuda:0'``; by default a GPU if there is one.
        seed: Of the order of sentences, of the rests and of the training.
        steps: Of the training.
        progress: Whether to show how far it is.

    Raises:
        CheckpointError: If the checkpoint cannot be used.
        DataNotFoundError: If there is no such video.
    """
    checkpoint = find_checkpoint(checkpoint)
    ensure_writable_dir(Path(out).parent, what='output', option='--out')
    clips = [clip for path in rests for clip in open_clips(path)]
    inferencer = CSLRInferencer(config, checkpoint, device, fold_bn=False)
    chains = _Chains(inferencer, select_split(config, split), clips, np.random.RandomState(seed))
    rows, labels = chains.read(progress=progress)
    activity = ConvActivity(stream_specs(inferencer.model.backbone))
    accuracy = _fit(activity, rows, labels, seed=seed, steps=steps)
    write_fitted(checkpoint, out, inferencer.model, inferencer.config, activity=(activity, dict(type='ConvActivity')))
    return TrainedActivity(chains.num_sentences, len(labels), accuracy)


class _Chains:
    """Sentences of one signer joined with rests, as the network sees them."""

    def __init__(
        self, inferencer: CSLRInferencer, config: Config, rests: Sequence[Clip], rng: np.random.RandomState
    ) -> None:
        with DefaultScope.overwrite_default_scope('cslrkit'):
            self._dataset = DATASETS.build({**eval_dataset(config), 'pipeline': []})
        self._inferencer, self._rests, self._rng = inferencer, rests, rng
        self._streams = ConvActivity(stream_specs(inferencer.model.backbone)).streams
        self._read: Dict[Tuple[Clip, ...], Iterator[SampledFrame]] = {}
        self.num_sentences = len(self._dataset)

    def read(self, *, progress: bool) -> Tuple[torch.Tensor, torch.Tensor]:
        """Return features (C, T) in half precision, and 1 (signing), 0 (rest) or -1 (neither) for each frame."""
        signers: Dict[str, List[int]] = {}
        for index in self._rng.permutation(self.num_sentences):
            signers.setdefault(str(self._dataset.get_data_info(int(index)).get('signer') or ''), []).append(int(index))
        groups = [
            (signer, indices[first : first + _TOGETHER])
            for signer, indices in signers.items()
            for first in range(0, len(indices), _TOGETHER)
        ]
        self._rng.shuffle(groups)
        line = ProgressLine('sentences read', self.num_sentences, shown=progress)
        rows, labels = [], []
        for signer, indices in groups:
            frames, marks = self._join(signer, indices)
            rows.append(self._features(frames))
            labels += marks
            line.add(len(indices))
        line.close()
        return torch.cat(rows, 1), torch.tensor(labels)

    def _join(self, signer: str, indices: Sequence[int]) -> Tuple[List[SampledFrame], List[int]]:
        spec = self._inferencer.spec
        frames: List[SampledFrame] = []
        marks: List[int] = []
        for index in indices:
            sentence = list(sample_frames(self._dataset.clip(index), spec))
            unsure = min(_UNSURE, len(sentence) // 3)
            frames += self._rest(signer, sentence[0]) + sentence
            marks += [0] * (len(frames) - len(marks) - len(sentence))
            marks += [-1] * unsure + [1] * (len(sentence) - 2 * unsure) + [-1] * unsure
        frames += self._rest(signer, frames[-1])
        return frames, marks + [0] * (len(frames) - len(marks))

    def _rest(self, signer: str, held: SampledFrame) -> List[SampledFrame]:
        spec = self._inferencer.spec
        seconds = float(np.exp(self._rng.uniform(*np.log(_RESTS))))
        count = max(1, round(seconds * (spec.frame_rate or _USUAL_RATE) / spec.interval))
        if not self._rests:
            return [held] * count
        own = tuple(clip for clip in self._rests if signer and clip.name.startswith(signer)) or tuple(self._rests)
        if own not in self._read:
            self._read[own] = chain.from_iterable(sample_frames(clip, spec) for clip in _forever(own))
        return list(islice(self._read[own], count))

    @torch.no_grad()
    def _features(self, frames: Sequence[SampledFrame]) -> torch.Tensor:
        model = self._inferencer.model
        batch = model.data_preprocessor(pseudo_collate([self._inferencer.pack(frames)]))
        found = model.frame_features(batch['inputs'], batch['frame_lens'])
        left = model.neck.temporal_spec.left_pad
        return join_streams(found, self._streams, int(batch['frame_lens'].max()))[
            0, :, left : left + len(frames)
        ].half()


def _forever(clips: Sequence[Clip]) -> Iterator[Clip]:
    while True:
        yield from clips


def _fit(activity: ConvActivity, rows: torch.Tensor, labels: torch.Tensor, *, seed: int, steps: int) -> float:
    """Train on the first nine tenths; return the share of the others' frames that are right."""
    border = len(labels) * 9 // 10
    activity.to(rows.device).mean.copy_(rows[:, :border].float().mean(1))
    activity.std.copy_(rows[:, :border].float().std(1).clamp(min=1e-4))
    labels = labels.to(rows.device)
    activity.requires_grad_(True)
    activity.train()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for layer in activity.children():
            layer.reset_parameters()
        optimizer = torch.optim.AdamW(activity.parameters(), lr=2e-3, weight_decay=1e-2)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=steps)
        length = min(_CROP, border)
        for _ in range(steps):
            starts = torch.randint(0, border - length + 1, (_BATCH,)).tolist()
            crops = torch.stack([rows[:, start : start + length] for start in starts]).float()
            marks = torch.stack([labels[start : start + length] for start in starts])
            loss = F.binary_cross_entropy_with_logits(activity.score(crops)[marks >= 0], marks[marks >= 0].float())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    activity.eval()
    activity.requires_grad_(False)
    with torch.no_grad():
        found = activity.score(rows[None, :, border:].float())[0] > 0
    known = labels[border:] >= 0
    return float((found == labels[border:].bool())[known].float().mean())
