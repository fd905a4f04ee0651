"""The contracts of dataset and transform, and a sample to try transforms on."""

import copy
import inspect
import pickle
import random
import tempfile
from pathlib import Path
from typing import Any, Dict, Optional, Union

import numpy as np
import torch
from PIL import Image

from cslrkit.registry import DATASETS, TRANSFORMS
from cslrkit.structures import GlossVocab, SignDataSample
from cslrkit.testing.contract import Allowed, Case, Cfg, Cls, describe

_PICKLE = 'Keep no open file, lock or lambda as an attribute.'
_TRANSFORM = {
    'result': 'a dict. Return the sample dict, or inputs and data_samples: uint8 as it was, by SignDataSample.create.',
    'docstring': "a line such as 'Required keys: ``imgs``. Added keys: ``mask``.'. Say which keys it needs and makes.",
    'imgs': 'a uint8 array (T, H, W, 3) of at least a frame. Convert by np.clip(x, 0, 255).astype(np.uint8), and drop '
    'or repeat frame_indices with the frames, for the times of glosses come from them.',
    'keys': 'only those that the docstring names. Name them under Added keys, between double backquotes.',
    'annotation': 'the one that was given. Leave it alone: scoring compares with it.',
    'input': 'them unchanged, and new ones in the result. Work on a copy: frames may be repeated or shared by a cache.',
    'seeds': "equal ones. Draw from random, numpy.random or torch, and not from a generator of one's own.",
    'workers': f'a copy. {_PICKLE}',
}
_DATASET = {
    'vocab': 'a GlossVocab. Read it by GlossVocab.from_file, or make it by GlossVocab.from_list.',
    'ids': 'another one. Make ids unique, for scores are joined by them, and return {sample_id: glosses}.',
    'sample': 'a dict, from an empty pipeline. Add it before the pipeline runs; a sample without frames is an error.',
    'annotation': 'another one. Encode glosses by vocab.encode (0 is the blank), and take them from one place.',
    'repeatable': 'the same. Draw nothing outside the pipeline, and count negative indices from the end.',
    'independent': 'the sample as it was. Copy dicts and lists before handing them out.',
    'workers': f'the same samples. {_PICKLE}',
}

# What a pipeline is given: key -> the types of its value.
SAMPLE_KEYS = {
    **dict.fromkeys(('sample_id', 'split', 'signer', 'original_info'), str),
    'glosses': tuple,
    'gloss_ids': list,
    'frame_rate': (float, type(None)),
}


def make_sample(
    folder: Union[str, Path], *, num_frames: int = 11, height: int = 40, width: int = 48, seed: int = 0
) -> Dict[str, Any]:
    """Return a sample dict as transforms get it: frames of noise, written to ``folder`` as PNG and loaded."""
    images = np.random.default_rng(seed).integers(0, 256, (num_frames, height, width, 3), dtype=np.uint8)
    paths = [str(Path(folder, f'frame{index:04d}.png')) for index in range(num_frames)]
    for path, image in zip(paths, images):
        Image.fromarray(image).save(path)
    sample = dict(sample_id='contract-1', split='train', signer='Signer01', original_info='contract-1|A B')
    sample.update(glosses=('A', 'B'), gloss_ids=[1, 2], frame_paths=paths, frame_rate=25.0, frame_interval=1)
    sample.update(num_frames=num_frames, sample_idx=0, imgs=images, clip_len=num_frames)
    return dict(sample, frame_indices=np.arange(num_frames))


def check_transform(cls: Cls, cfg: Cfg = None, *, sample: Optional[Dict[str, Any]] = None, allow: Allowed = ()) -> None:
    """Check that a class keeps the contract of a transform; arguments and errors as for :func:`check_backbone`.

    It takes and gives a sample dict; by default a small clip with ``imgs`` and ``frame_paths``, from
    :func:`make_sample`. ``imgs`` stays uint8 (T, H, W, 3) with one of ``frame_indices`` for each
    frame; who a sample is and what it says stays as it is. It draws from Python's, numpy's or torch's
    generator, so that a seed repeats it. A transform that ends a pipeline gives ``inputs``, uint8 (T, C, H,
    W), and ``data_samples`` instead. The docstring names the keys that it needs and makes.
    """
    with tempfile.TemporaryDirectory() as folder, Case(TRANSFORMS, cls, cfg, _TRANSFORM, allow) as case:
        transform = case.start()
        sample = make_sample(folder) if sample is None else sample
        text = inspect.getdoc(case.cls) or ''
        at = f'the docstring of {case.name}'
        case.expect('keys' in text.lower(), 'no word of keys', at=at, clause='docstring')
        with case.trying('result', 'the result'):
            result = _apply(transform, copy.deepcopy(sample))
            if case.expect(isinstance(result, dict), describe(result)):
                _check_result(case, sample, result, text)
            for seed in range(5):  # it may act with some probability
                given = copy.deepcopy(sample)
                first, second = (_signature(_apply(transform, dict(s), seed)) for s in (given, copy.deepcopy(sample)))
                at = f'two calls with random, numpy.random and torch seeded by {seed}'
                equal = case.expect(first == second, 'different results', at=at, clause='seeds')
                kept, at = np.array_equal(given.get('imgs'), sample.get('imgs')), 'the pixels that were given'
                if not (case.expect(kept, 'other values after the call', at=at, clause='input') and equal):
                    break
        with case.trying('workers', 'pickle.dumps', do=_PICKLE):
            pickle.loads(pickle.dumps(transform))


def _apply(transform: Any, sample: Dict[str, Any], seed: int = 0) -> Any:
    """Apply it with all three generators seeded."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    return transform(sample)


def _check_result(case: Case, sample: Dict[str, Any], result: Dict[str, Any], text: str) -> None:
    if set(result) == {'inputs', 'data_samples'}:
        clip, packed = result['inputs'], result['data_samples']
        right = isinstance(clip, torch.Tensor) and clip.dtype == torch.uint8 and clip.dim() == 4 and clip.shape[1] == 3
        case.expect(right, describe(clip), 'a uint8 tensor (T, 3, H, W)', at='inputs')
        right = isinstance(packed, SignDataSample) and len(packed.frame_indices) == len(clip)
        case.expect(right, describe(packed), 'a SignDataSample with a frame index for each frame', at='data_samples')
        return
    unnamed = sorted(key for key in set(result) - set(sample) if f'``{key}``' not in text)
    case.expect(not unnamed, ', '.join(unnamed), at='keys that were added', clause='keys')
    changed = [key for key in SAMPLE_KEYS if key in sample and (key not in result or result[key] != sample[key])]
    got = f'another value of {", ".join(changed)}'
    case.expect(not changed, got, at='the annotation', clause='annotation')
    if 'imgs' in result:
        images, indices = result['imgs'], list(result.get('frame_indices', ()))
        right = isinstance(images, np.ndarray) and images.dtype == np.uint8 and images.shape[3:] == (3,)
        if case.expect(right and min(images.shape) > 0, describe(images), at='imgs', clause='imgs'):
            right = len(indices) == len(images) and indices == sorted(indices)
            got = f'{len(indices)} for {len(images)} frames, {indices}'
            case.expect(right, got, 'one for each frame, in order', at='frame_indices', clause='imgs')


def _signature(result: Any) -> Any:
    """Something equal exactly where results are."""
    if isinstance(result, SignDataSample):
        result = dict(result.all_items())
    if isinstance(result, dict):
        return {key: _signature(result[key]) for key in result}
    if isinstance(result, (list, tuple)):
        return [_signature(item) for item in result]
    if isinstance(result, (np.ndarray, torch.Tensor)):
        return describe(result), np.ascontiguousarray(result).tobytes()
    return repr(result)


def check_dataset(cls: Cls, cfg: Cfg = None, *, num_samples: int = 3, allow: Allowed = ()) -> None:
    """Check that a class keeps the contract of a dataset; arguments and errors as for :func:`check_backbone`.

    It gives sample dicts to its pipeline, with the keys that :data:`SAMPLE_KEYS` lists and the frames as
    ``frame_paths`` or ``frames``; has ``vocab``, ``sample_ids`` (each once) and ``references``; and reads a sample
    alike each time, in worker processes too. ``num_samples`` are read, without ``pipeline``, from the ``data_root`` in
    ``cfg``: data that exist, such as what ``cslrkit.corpora.synthsign.make_corpus`` draws.
    """
    cfg = {key: value for key, value in (cfg or {}).items() if key != 'pipeline'}
    with Case(DATASETS, cls, cfg, _DATASET, allow) as case:
        dataset = case.start()
        with case.trying('ids', 'sample_ids, references'):
            _check_ids(case, dataset)
        for index in range(min(num_samples, len(dataset))):
            with case.trying('sample', f'sample {index}'):
                sample = dataset[index]
                if case.expect(isinstance(sample, dict), describe(sample)):
                    _check_sample(case, dataset, sample, index)
        with case.trying('workers', 'pickle.dumps', do=_PICKLE):
            loaded = pickle.loads(pickle.dumps(dataset))
            same = len(loaded) == len(dataset) and loaded[0]['sample_id'] == dataset[0]['sample_id']
            case.expect(same, f'{len(loaded)} samples', at='a pickled copy')


def _check_ids(case: Case, dataset: Any) -> None:
    kind = describe(dataset.vocab)
    case.expect(isinstance(dataset.vocab, GlossVocab), kind, at='the attribute vocab', clause='vocab')
    ids, references = list(dataset.sample_ids), dataset.references
    got = f'{len(ids)} ids, {len(set(ids))} different ones'
    rule = f'a different one for each of {len(dataset)} samples, at least one'
    case.expect(len(ids) == len(dataset) > 0 and len(set(ids)) == len(ids), got, rule, at='sample_ids')
    right = set(references) == set(ids) and all(isinstance(glosses, tuple) for glosses in references.values())
    got = f'{len(references)} of {sorted({type(value).__name__ for value in references.values()})}'
    case.expect(right, got, 'a tuple of gloss strings for each of sample_ids', at='references')


def _check_sample(case: Case, dataset: Any, sample: Dict[str, Any], index: int) -> None:
    where = f'sample {index}'
    for key, kind in SAMPLE_KEYS.items():
        right, got = isinstance(sample.get(key, case), kind), repr(sample[key]) if key in sample else 'none'
        case.expect(right, got, getattr(kind, '__name__', 'a float or None'), at=f"{where}: '{key}'")
    paths = list(sample.get('frame_paths', ()))
    right = len(sample.get('frames', ())) > 0 or (len(paths) > 0 and paths == sorted(paths))
    got = f'{len(paths)} paths' if paths == sorted(paths) else 'paths that are not sorted'
    case.expect(right, got, "at least one, sorted by name, or 'frames'", at=f"{where}: 'frame_paths'")
    if isinstance(dataset.vocab, GlossVocab) and {'glosses', 'gloss_ids', 'sample_id'} <= set(sample):
        glosses, name = sample['glosses'], sample['sample_id']
        ids, _ = dataset.vocab.encode(glosses)
        rule, at = f'{ids}, the ids of {glosses} in vocab', f'{where}: gloss_ids'
        case.expect(list(sample['gloss_ids']) == ids, sample['gloss_ids'], rule, at=at, clause='annotation')
        reference = dataset.references.get(name)
        right = reference == glosses and dataset.sample_ids[int(sample.get('sample_idx', 0))] == name
        rule, at = f'those of references, {reference}, in the order of sample_ids', f'{where}: glosses'
        case.expect(right, glosses, rule, at=at, clause='annotation')
    first, negative = _plain(sample), index - len(dataset)
    right = _plain(dataset[index]) == first and _plain(dataset[negative]) == first
    case.expect(right, 'another sample', at=f'{where} read again, by {index} and {negative}', clause='repeatable')
    for value in sample.values():
        if isinstance(value, list):
            value.append(value[-1] if value else 0)
    sample['sample_id'] = 'changed'
    at = f'{where} after what was read before has been changed'
    case.expect(_plain(dataset[index]) == first, 'the change', at=at, clause='independent')


def _plain(sample: Dict[str, Any]) -> Dict[str, str]:
    return {key: repr(value) for key, value in sample.items() if key != 'frames'}
