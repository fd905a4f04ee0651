"""Judge of recorded feeder cases: dataset, transforms, normalization, collate.

Form: a list of ``{case, reference_len, samples, collate_seed, collate}``. Frames are made by the
recorded formula, written to a temporary folder in the corpus's layout, and read through the real
dataset and pipeline. Pixels, labels and random draws must match exactly, float sums within 1e-6.
"""

import hashlib
import itertools
import random
import tempfile
import warnings
from collections import Counter
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

import cv2
import numpy as np
import torch

from benchmarks.parity.result import CaseResult, Comparison
from cslrkit.corpora import Corpus, DrawnClip, find_corpus
from cslrkit.corpora.info_file import read_entries
from cslrkit.datasets import make_collate_fn
from cslrkit.models.data_preprocessor import SignDataPreprocessor
from cslrkit.registry import CORPORA, DATASETS
from cslrkit.structures.padding import normalize_
from cslrkit.structures.temporal_spec import TemporalSpec
from cslrkit.utils.npy import save_object

KIND = 'feeder'

COLLATE_SEED = 99  # fixed by the recording
TOLERANCE = 1e-6
MEAN, STD = 0.45, 0.225
# Names of the clips of a recorded case, by the corpus as the file spells it.
CLIPS = {'phoenix2014': 'vid{v}', 'phoenix2014-T': 'vid{v}', 'CSL': 'video{v}', 'CSL-Daily': 'S{v:06d}_P0000_T00'}


def recognizes(content: Any) -> bool:
    """Whether ``content`` is a recording of this kind."""
    return (
        isinstance(content, list)
        and bool(content)
        and all(isinstance(item, dict) and isinstance(item.get('case'), dict) and 'samples' in item for item in content)
        and any('videos' in item['case'] for item in content)
    )


def judge(content: List[Dict[str, Any]]) -> Iterator[CaseResult]:
    """Yield one result per recorded case."""
    counts = _common_counts(content)
    for number, recorded in enumerate(content):
        case = recorded['case']
        comparison = Comparison(f'{KIND}[{number}] {case.get("dataset")} {case.get("split")}')
        with comparison.attempt():
            with tempfile.TemporaryDirectory() as root, warnings.catch_warnings():
                # Cases hold unknown glosses on purpose.
                warnings.filterwarnings('ignore', message='.*glosses outside the vocabulary')
                _judge_case(recorded, Path(root), comparison)
            _check_counts(case['gloss_dict'], counts, comparison)
        yield comparison.result()


def _judge_case(recorded: Dict[str, Any], root: Path, comparison: Comparison) -> None:
    case = recorded['case']
    _write_corpus(case, root)
    # Read without a dataset, which cannot be empty: the published one is, for a single entry without `prefix`.
    info_file = root / 'preprocess' / f'{case["split"]}_info.npy'
    published = read_entries(info_file, where=KIND, drop_last_entry=True)
    comparison.equal('reference_len', len(published), recorded['reference_len'])
    dataset = _build(case, root)
    listed = [(sample['index'], sample['seed']) for sample in recorded['samples']]
    comparison.equal('samples', sorted(listed), sorted(itertools.product(range(len(case['videos'])), case['seeds'])))
    for sample in recorded['samples']:
        _judge_sample(sample, dataset, comparison)
    comparison.equal('collate_seed', recorded['collate_seed'], COLLATE_SEED)
    _seed(recorded['collate_seed'])
    packed = [dataset[index] for index in range(len(case['videos']))]
    spec = TemporalSpec(case['kernel'], left_pad_rule='slowfastsign')
    _judge_batch('collate', recorded['collate'], _classical_batch(packed, spec), comparison)
    _judge_batch('data preprocessor', recorded['collate'], _preprocessed_batch(packed, spec), comparison)


def _judge_sample(recorded: Dict[str, Any], dataset: Any, comparison: Comparison) -> None:
    what = f'sample {recorded["index"]} seed {recorded["seed"]}'
    _seed(recorded['seed'])
    packed = dataset[recorded['index']]
    drawn = [random.random(), np.random.random(), torch.rand(1).item()]
    clip, sample = packed['inputs'], packed['data_samples']
    comparison.equal(f'{what} rng_after', drawn, recorded['rng_after'])
    comparison.equal(f'{what} shape', list(clip.shape), recorded['shape'])
    comparison.equal(f'{what} frame_checksums', _checksums(clip), recorded['frame_checksums'])
    digest = hashlib.sha256(clip.contiguous().numpy().tobytes()).hexdigest()
    comparison.equal(f'{what} uint8_sha256', digest, recorded['uint8_sha256'])
    comparison.equal(f'{what} labels', sample.gloss_ids.tolist(), recorded['labels'])
    comparison.equal(f'{what} info', sample.original_info, recorded['info'])
    video = normalize_(clip.float(), mean=MEAN, std=STD)
    total = recorded['float_sum']
    comparison.close(
        f'{what} float_sum', video.double().sum().item(), total, tolerance=TOLERANCE, scale=max(abs(total), 1.0)
    )
    # The channels of the top left pixel of the first frame.
    comparison.all_close(
        f'{what} first_pixels', video[0, :, 0, 0].tolist(), recorded['first_pixels'], tolerance=TOLERANCE
    )


def _judge_batch(what: str, recorded: Dict[str, Any], batch: Tuple, comparison: Comparison) -> None:
    video, lengths, labels, label_lengths, info = batch
    comparison.equal(f'{what} padded_shape', list(video.shape), recorded['padded_shape'])
    comparison.equal(f'{what} video_length', lengths.tolist(), recorded['video_length'])
    comparison.equal(f'{what} labels', labels.tolist(), recorded['labels'])
    # Where no sample has a label, the published code gives an empty list of lengths.
    got_lengths = label_lengths.tolist() if len(labels) or recorded['label_length'] else []
    comparison.equal(f'{what} label_length', got_lengths, recorded['label_length'])
    comparison.equal(f'{what} info', list(info), recorded['info'])
    sums = video.double().sum(dim=(2, 3, 4)).tolist()
    comparison.equal(f'{what} frame_sums length', len(sums), len(recorded['frame_sums']))
    for row, (got, expected) in enumerate(zip(sums, recorded['frame_sums'])):
        comparison.equal(f'{what} frame_sums[{row}] length', len(got), len(expected))
        for frame, (one, other) in enumerate(zip(got, expected)):
            # The file keeps three decimals, so small sums have an absolute tolerance of 0.001.
            comparison.close(
                f'{what} frame_sums[{row}][{frame}]', one, other, tolerance=TOLERANCE, scale=max(abs(other), 1000.0)
            )


def _classical_batch(packed: List[Dict[str, Any]], spec: TemporalSpec) -> Tuple:
    samples = []
    for item in packed:
        video = normalize_(item['inputs'].float(), mean=MEAN, std=STD)
        samples.append((video, item['data_samples'].gloss_ids, item['data_samples'].original_info))
    return make_collate_fn(spec)(samples)


def _preprocessed_batch(packed: List[Dict[str, Any]], spec: TemporalSpec) -> Tuple:
    preprocessor = SignDataPreprocessor(MEAN, STD, temporal_spec=spec)
    batch = preprocessor({key: [item[key] for item in packed] for key in ('inputs', 'data_samples')})
    labels = [sample.gloss_ids for sample in batch['data_samples']]
    return (
        batch['inputs'],
        batch['frame_lens'],
        torch.cat(labels),
        torch.tensor([len(label) for label in labels]),
        [sample.original_info for sample in batch['data_samples']],
    )


def _build(case: Dict[str, Any], root: Path) -> Any:
    """Build the dataset with the published pipeline."""
    size, scale = case['input_size'], case['image_scale']
    corpus = _corpus(case)
    load = dict(type='LoadFrames', **corpus.load_frames)
    if case['train']:
        steps = [
            dict(type='RandomCrop', size=size),
            dict(type='RandomHorizontalFlip', prob=0.5),
            dict(type='Resize', scale=scale),
            dict(type='TemporalRescale', temp_scaling=0.2),
        ]
    else:
        steps = [dict(type='CenterCrop', size=size), dict(type='Resize', scale=scale)]
    config = dict(
        type='CSLRDataset',
        corpus=corpus.name,
        data_root=str(root),
        split=case['split'],
        pipeline=[load, *steps, dict(type='PackSignInputs')],
        frame_interval=case['frame_interval'],
    )
    return DATASETS.build(config)


def _corpus(case: Dict[str, Any]) -> Corpus:
    """Find the corpus by its name in the recording, which for CSL and CSL-Daily is the published one."""
    CORPORA.import_from_location()
    names = {cls.published_name or name: name for name, cls in CORPORA.module_dict.items()}
    return find_corpus(names[case['dataset']])


def _write_corpus(case: Dict[str, Any], root: Path) -> None:
    """Write frames, annotation and vocabulary as the recording did."""
    corpus = _corpus(case)
    frame_root = Path(corpus.frame_root(str(root)))
    info: Dict[Any, Any] = {'prefix': str(frame_root)} if corpus.by_split else {}
    suffix = corpus.frame_pattern.lstrip('*')
    for video, (num_frames, label) in enumerate(case['videos']):
        clip = DrawnClip(case['split'], sample_id=CLIPS[case['dataset']].format(v=video))
        directory = corpus.clip_folder(clip)
        # The annotations of CSL name the folder alone.
        folder = directory if corpus.name == 'csl' else f'{directory}/{corpus.frame_pattern}'
        info[video] = dict(
            fileid=f'vid{video}',
            folder=folder,
            signer='S01',
            label=label,
            num_frames=num_frames,
            original_info=f'vid{video}|{folder}|S01|{label}',
        )
        (frame_root / directory).mkdir(parents=True)
        for frame in range(num_frames):
            image = make_frame(case['h'], case['w'], frame=frame, video=video)
            # PNG bytes under any name, so that decoding is exact; readers go by content.
            encoded = cv2.imencode('.png', image[:, :, ::-1])[1]
            (frame_root / directory / f'{frame:06d}{suffix}').write_bytes(encoded.tobytes())
    (root / 'preprocess').mkdir()
    save_object(root / 'preprocess' / f'{case["split"]}_info.npy', info)
    save_object(root / 'preprocess' / 'gloss_dict.npy', case['gloss_dict'])


def make_frame(height: int, width: int, *, frame: int, video: int) -> np.ndarray:
    """Return the recorded test picture: uint8 RGB (H, W, 3), given by a formula of position, frame and video."""
    y, x, c = np.ogrid[:height, :width, :3]
    return ((3 * y + 5 * x + 7 * frame + 11 * c + 13 * video + (y * x) // 7) % 256).astype(np.uint8)


def _checksums(clip: torch.Tensor) -> List[int]:
    """Weigh each pixel by its place, and sum over each frame."""
    channels, height, width = clip.shape[1:]
    c, y, x = np.ogrid[:channels, :height, :width]
    weight = 7 * c + 3 * y + 5 * x + 1
    return [int((frame.numpy().astype(np.int64) * weight).sum()) for frame in clip]


def _seed(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def _common_counts(content: List[Dict[str, Any]]) -> Dict[str, List[int]]:
    """Return, for each vocabulary in the file, the counts that most cases give its glosses."""
    seen: Dict[str, Counter] = {}
    for recorded in content:
        gloss_dict = recorded['case'].get('gloss_dict')
        if isinstance(gloss_dict, dict):
            seen.setdefault(_ids_key(gloss_dict), Counter())[repr(gloss_dict)] += 1
    return {key: counter.most_common(1)[0][0] for key, counter in seen.items()}


def _check_counts(gloss_dict: Dict[str, Any], counts: Dict[str, Any], comparison: Comparison) -> None:
    """Require cases with one vocabulary to agree on its counts, which change no output."""
    comparison.equal('gloss_dict', repr(gloss_dict), counts[_ids_key(gloss_dict)])


def _ids_key(gloss_dict: Dict[str, Any]) -> str:
    return repr({gloss: value[:1] if isinstance(value, list) else value for gloss, value in gloss_dict.items()})
