"""Judge of recorded keypoint preparations: frames chosen, normalized batch, and the random state after it.

Form: a list of ``{recipe, corpus, phase, clip_frames, raw_seed, rng_seed, ...}``. Keypoints are made by the recorded
formula and go through the real transforms and data preprocessor, in the order given. What a case says twice (the size
of the picture, its name) is held against the rest of it.
"""

import random
from typing import Any, Dict, Iterator, List, Tuple

import numpy as np
import torch

from benchmarks.parity.cases import are_cases
from benchmarks.parity.result import CaseResult, Comparison
from cslrkit.models.keypoint_preprocessor import KeypointDataPreprocessor
from cslrkit.registry import TRANSFORMS
from cslrkit.structures.temporal_spec import TemporalSpec

KIND = 'keypoints'

SOURCES = {
    'mska': 'sutwangyan/MSKA e7d5610 datasets.py',
    'cesmm': 'xhonghu/CESMM 41cda13 dataloader_video.py',
}
MAX_LEN = {'mska': 400, 'cesmm': 300}
ROUNDING = {'mska': 'up', 'cesmm': 'down'}
PREPROCESSORS: Dict[str, Dict[str, float]] = {
    'mska': dict(max_degrees=15.0),
    'cesmm': dict(max_degrees=15.0, max_shift=0.1),
}
SIZES = {'phoenix-2014': (210, 260), 'phoenix-2014t': (210, 260), 'csl-daily': (512, 512)}
POINTS, STRIDE = 133, 4
# Of single numbers the rounding of float32; it averages out in a mean and grows with the square root in a sum.
POINT, MEAN, SUM = 2e-7, 1e-8, 5e-7
_LISTED = 8  # frames of a long clip that are listed at either end
_NEEDED = {'recipe', 'phase', 'raw_seed', 'rng_seed', 'clip_frames', 'frame_index', 'weighted_sum_by_clip_channel'}


def recognizes(content: Any) -> bool:
    """Whether ``content`` is a recording of this kind."""
    return are_cases(content, _NEEDED)


def judge(content: List[Dict[str, Any]]) -> Iterator[CaseResult]:
    """Yield one result per recorded case."""
    for recorded in content:
        comparison = Comparison(f'{KIND} {recorded["recipe"]} {recorded.get("corpus")} {recorded["phase"]}')
        with comparison.attempt():
            _judge_case(recorded, comparison)
        yield comparison.result()


def _judge_case(case: Dict[str, Any], comparison: Comparison) -> None:
    recipe, corpus, phase, lengths = (case[key] for key in ('recipe', 'corpus', 'phase', 'clip_frames'))
    size = (case['image_width'], case['image_height'])
    comparison.equal('image size', size, SIZES[corpus])
    comparison.equal('tag', case['tag'], '_'.join(map(str, (recipe, corpus, phase, *lengths))))
    comparison.equal('source', case['source'], SOURCES[recipe])
    random.seed(case['rng_seed'])
    np.random.seed(case['rng_seed'])
    torch.manual_seed(case['rng_seed'])
    batch, frames = _prepare(case, size)
    after = np.random.random()
    comparison.close('numpy_random_after', after, case['numpy_random_after'], tolerance=MEAN)
    comparison.equal('shape', list(batch.shape), case['shape'])
    for clip, (got, expected) in enumerate(zip(frames, case['frame_index'])):
        comparison.equal(f'frame_index[{clip}]', got if isinstance(expected, list) else _summary(got), expected)
    comparison.equal('clips', len(frames), len(case['frame_index']))
    steps = [TemporalSpec((f'P{STRIDE}',)).feat_len(len(kept)) for kept in frames]
    comparison.equal('steps', steps, case['steps'])
    if recipe == 'mska':
        comparison.equal('mask_shape', [len(frames), 1, batch.shape[2] // STRIDE], case['mask_shape'])
        comparison.equal('mask_true_by_clip', steps, case['mask_true_by_clip'])
    values = batch.double()
    weights = torch.arange(1, POINTS + 1).double() / POINTS
    for name, got, tolerance in (
        ('mean_by_clip_and_channel', values.mean((2, 3)), MEAN),
        ('first_frame_first_points', values[:, :, 0, :3], POINT),
        ('last_frame_last_point', values[:, :, -1, -1], POINT),
        ('weighted_sum_by_clip_channel', (values * weights).sum((2, 3)), SUM * values[0, 0].numel() ** 0.5),
    ):
        comparison.equal(f'{name} shape', list(got.shape), list(np.shape(case[name])))
        comparison.all_close(name, got.flatten().tolist(), np.ravel(case[name]), tolerance=tolerance)


def _prepare(case: Dict[str, Any], size: Tuple[int, int]) -> Tuple[torch.Tensor, List[List[int]]]:
    """Return the batch (N, 3, T, K), clips in the order given, and the frames of each clip."""
    recipe, training = case['recipe'], case['phase'] == 'train'
    options: Dict[str, Any] = dict(max_len=MAX_LEN[recipe], multiple_of=STRIDE)
    if training:
        choose = dict(type='RandomFrames', rounding=ROUNDING[recipe], **options)
    else:
        choose = dict(type='CropFrames', **options)
    steps = [TRANSFORMS.build(step) for step in (choose, dict(type='PackSignInputs'))]
    packed = []
    for number, length in enumerate(case['clip_frames']):
        raw = np.random.RandomState(1000 * case['raw_seed'] + number).uniform(0, 1, (length, POINTS, 3))
        raw[..., :2] *= size
        sample = dict(sample_id=str(number), keypoints=raw.astype(np.float32), image_size=size)
        sample.update(frame_indices=np.arange(length), clip_len=length)
        for step in steps:
            sample = step(sample)
        packed.append(sample)
    preprocessor = KeypointDataPreprocessor(**PREPROCESSORS[recipe])
    batch = preprocessor({key: [item[key] for item in packed] for key in ('inputs', 'data_samples')}, training)
    places = {sample.sample_id: place for place, sample in enumerate(batch['data_samples'])}
    order = [places[str(number)] for number in range(len(packed))]
    return batch['inputs'][order], [list(item['data_samples'].frame_indices) for item in packed]


def _summary(frames: List[int]) -> Dict[str, Any]:
    return {
        'n': len(frames),
        'first': frames[:_LISTED],
        'last': frames[-_LISTED:],
        'sum': sum(frames),
        'sum_i_times_index': sum(place * frame for place, frame in enumerate(frames)),
    }
