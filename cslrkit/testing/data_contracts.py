"""The contracts of the parts without weights: dataset, transform and decoder; a sample to try transforms on."""

import copy
import inspect
import pickle
import tempfile
from pathlib import Path
from typing import Any, Dict, Optional, Union

import numpy as np
import torch
from PIL import Image

from cslrkit.registry import DATASETS, DECODERS, TRANSFORMS
from cslrkit.structures import GlossVocab, Hypothesis, SignDataSample
from cslrkit.testing.contract import NUM_CLASSES, Allowed, Case, Cfg, Cls, describe, difference
from cslrkit.utils.random_seeds import seed_all

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
_DECODER = {
    'result': 'a list of three Hypothesis. Return one cslrkit.structures.Hypothesis for each clip, without blanks '
    '(0), of int and float in the place of tensors and arrays.',
    'spans': 'steps of the clip. Count steps of the clip; both ends of a span belong to it.',
    'n-best': 'the best first. Sort the beams by score.',
    'input': 'both unchanged. Copy before changing them: several decoders may read the same tensor.',
    'determinism': 'equal ones. Keep no state between calls, and break ties without drawing.',
    'padding invariance': 'one hypothesis, spans and score included. Decode the first feat_lens steps of a clip only.',
    'dtype': 'hypotheses. Convert: log_probs.detach().float().',
    'obvious': '(1, 2, 3). Merge repeats, then drop the blank, which is class 0.',
    'empty': 'no glosses. Return a Hypothesis without glosses.',
}
_LENGTHS = (12, 9, 7)  # of the clips that a decoder is given, in steps

# What a pipeline is given: key -> the types of its value.
SAMPLE_KEYS = {
    **dict.fromkeys(('sample_id', 'split', 'signer', 'original_info'), str),
    'glosses': tuple,
    'gloss_ids': list,
    'frame_rate': (float, type(None)),
}


def make_sample(folder: Union[str, Path]) -> Dict[str, Any]:
    """Return a sample dict as transforms get it: 11 frames of noise, written to ``folder`` as PNG and loaded."""
    images = np.random.default_rng(0).integers(0, 256, (11, 40, 48, 3), dtype=np.uint8)
    paths = [str(Path(folder, f'frame{index:04d}.png')) for index in range(len(images))]
    for path, image in zip(paths, images):
        Image.fromarray(image).save(path)
    sample = dict(sample_id='contract-1', split='train', signer='Signer01', original_info='contract-1|A B')
    sample.update(glosses=('A', 'B'), gloss_ids=[1, 2], frame_paths=paths, frame_rate=25.0, frame_interval=1)
    sample.update(num_frames=11, sample_idx=0, imgs=images, clip_len=11, frame_indices=np.arange(11))
    return sample


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
        case.expect('keys' in text.lower(), 'no word of keys', at=f'the docstring of {case.name}', clause='docstring')
        with case.trying('result', 'the result'):
            seed_all(0)
            result = transform(copy.deepcopy(sample))
            if case.expect(isinstance(result, dict), describe(result)):
                _check_result(case, sample, result, text)
            for seed in range(5):  # it may act with some probability
                given, results = copy.deepcopy(sample), []
                for each in (given, copy.deepcopy(sample)):
                    seed_all(seed)
                    results.append(_signature(transform(dict(each))))
                at = f'two calls with random, numpy.random and torch seeded by {seed}'
                equal = case.expect(results[0] == results[1], 'different results', at=at, clause='seeds')
                kept, at = np.array_equal(given.get('imgs'), sample.get('imgs')), 'the pixels that were given'
                if not (case.expect(kept, 'other values after the call', at=at, clause='input') and equal):
                    break
        with case.trying('workers', 'pickle.dumps', do=_PICKLE):
            pickle.loads(pickle.dumps(transform))


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
    case.expect(not changed, f'another value of {", ".join(changed)}', at='the annotation', clause='annotation')
    if 'imgs' in result:
        images, indices = result['imgs'], list(result.get('frame_indices', ()))
        right = isinstance(images, np.ndarray) and images.dtype == np.uint8 and images.shape[3:] == (3,)
        if case.expect(right and min(images.shape) > 0, describe(images), at='imgs', clause='imgs'):
            right = len(indices) == len(images) and indices == sorted(indices)
            got = f'{len(indices)} for {len(images)} frames, {indices}'
            case.expect(right, got, 'one for each frame, in order', at='frame_indices', clause='imgs')


def _signature(result: Any) -> Any:
    """Something equal exactly where results are; the reader of frames, of which each call has its own, is left out."""
    if isinstance(result, SignDataSample):
        result = dict(result.all_items())
    if isinstance(result, dict):
        return {key: _signature(value) for key, value in result.items() if key != 'frames'}
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
            kind = describe(dataset.vocab)
            case.expect(isinstance(dataset.vocab, GlossVocab), kind, at='the attribute vocab', clause='vocab')
            ids, references = list(dataset.sample_ids), dataset.references
            got = f'{len(ids)} ids, {len(set(ids))} different ones'
            rule = f'a different one for each of {len(dataset)} samples, at least one'
            case.expect(len(ids) == len(dataset) > 0 and len(set(ids)) == len(ids), got, rule, at='sample_ids')
            right = set(references) == set(ids) and all(isinstance(glosses, tuple) for glosses in references.values())
            got = f'{len(references)} of {sorted({type(value).__name__ for value in references.values()})}'
            case.expect(right, got, 'a tuple of gloss strings for each of sample_ids', at='references')
        for index in range(min(num_samples, len(dataset))):
            with case.trying('sample', f'sample {index}'):
                sample = dataset[index]
                if case.expect(isinstance(sample, dict), describe(sample)):
                    _check_sample(case, dataset, sample, index)
        with case.trying('workers', 'pickle.dumps', do=_PICKLE):
            loaded = pickle.loads(pickle.dumps(dataset))
            same = len(loaded) == len(dataset) and loaded[0]['sample_id'] == dataset[0]['sample_id']
            case.expect(same, f'{len(loaded)} samples', at='a pickled copy')


def _check_sample(case: Case, dataset: Any, sample: Dict[str, Any], index: int) -> None:
    for key, kind in SAMPLE_KEYS.items():
        right, got = isinstance(sample.get(key, case), kind), repr(sample[key]) if key in sample else 'none'
        case.expect(right, got, getattr(kind, '__name__', 'a float or None'), at=f"'{key}'")
    paths = list(sample.get('frame_paths', ()))
    right = len(sample.get('frames', ())) > 0 or (len(paths) > 0 and paths == sorted(paths))
    got = f'{len(paths)} paths' if paths == sorted(paths) else 'paths that are not sorted'
    case.expect(right, got, "at least one, sorted by name, or 'frames'", at="'frame_paths'")
    if isinstance(dataset.vocab, GlossVocab) and {'glosses', 'gloss_ids', 'sample_id'} <= set(sample):
        glosses, name = sample['glosses'], sample['sample_id']
        ids, _ = dataset.vocab.encode(glosses)
        rule = f'{ids}, the ids of {glosses} in vocab'
        case.expect(list(sample['gloss_ids']) == ids, sample['gloss_ids'], rule, at='gloss_ids', clause='annotation')
        reference = dataset.references.get(name)
        right = reference == glosses and dataset.sample_ids[int(sample.get('sample_idx', 0))] == name
        rule = f'those of references, {reference}, in the order of sample_ids'
        case.expect(right, glosses, rule, at='glosses', clause='annotation')
    first, negative = _signature(sample), index - len(dataset)
    right = _signature(dataset[index]) == first and _signature(dataset[negative]) == first
    case.expect(right, 'another sample', at=f'read again, by {index} and {negative}', clause='repeatable')
    for value in sample.values():
        if isinstance(value, list):
            value.append(value[-1] if value else 0)
    sample['sample_id'] = 'changed'
    at = 'read again after what was read before has been changed'
    case.expect(_signature(dataset[index]) == first, 'the change', at=at, clause='independent')


def check_decoder(cls: Cls, cfg: Cfg = None, *, allow: Allowed = ()) -> None:
    """Check that a class keeps the contract of a decoder; arguments and errors as for :func:`check_backbone`.

    It takes log-probabilities (N, T', V), blank 0, with the lengths of the clips in steps, and gives a
    :class:`Hypothesis` for each clip: a :class:`GlossSpan` for each gloss, with its id, peak, and first and last
    step within the clip, a score, and beams, best first. What follows a clip's length plays no part.
    """
    with Case(DECODERS, cls, cfg, _DECODER, allow) as case:
        decoder = case.start()
        log_probs = (torch.randn(3, 12, NUM_CLASSES) * 3).log_softmax(-1)
        with case.trying('result', 'a batch of three clips'):
            given = (log_probs.clone(), torch.tensor(_LENGTHS))
            hyps = list(decoder(*given))
            change = difference(given, (log_probs, torch.tensor(_LENGTHS)), tolerance=0.0)
            case.expect(not change, change, at='log_probs and feat_lens after the call', clause='input')
            right = len(hyps) == 3 and all(isinstance(hyp, Hypothesis) for hyp in hyps)
            got = f'{len(hyps)} of {sorted({type(hyp).__name__ for hyp in hyps})}'
            case.expect(right, got, at='the result for three clips')
        case.stop_if_broken()
        for index, (hyp, length) in enumerate(zip(hyps, _LENGTHS)):
            with case.trying('spans', f'clip {index} of {length} steps'):
                _check_hypothesis(case, hyp, length)
        case.stop_if_broken()
        _check_calls(case, decoder, log_probs, hyps)


def _check_hypothesis(case: Case, hyp: Hypothesis, length: int) -> None:
    right = all(isinstance(gloss, int) and 0 < gloss < NUM_CLASSES for gloss in hyp.gloss_ids)
    case.expect(right, hyp.gloss_ids, f'ints from 1 to {NUM_CLASSES - 1}', at='gloss_ids', clause='result')
    right = isinstance(hyp.score, float) and hyp.score == hyp.score
    case.expect(right, repr(hyp.score), 'a float, a log-probability', at='score', clause='result')
    scores = [entry.score for entry in hyp.nbest]
    case.expect(scores == sorted(scores, reverse=True), scores, at='scores of nbest', clause='n-best')
    ends = [step for span in hyp.step_spans for step in span]
    apart = all(earlier[1] < later[0] for earlier, later in zip(hyp.step_spans, hyp.step_spans[1:]))
    right = ends == sorted(ends) and apart and all(0 <= step < length for step in (*hyp.timesteps, *ends))
    rule = f'steps from 0 to {length - 1}, spans (first, last) in order that do not overlap'
    case.expect(right, f'{hyp.timesteps} and {hyp.step_spans}', rule, at='timesteps and step_spans')


def _check_calls(case: Case, decoder: object, log_probs: torch.Tensor, hyps: list) -> None:
    with case.trying('determinism', 'a second call'):
        case.expect(list(decoder(log_probs.clone(), torch.tensor(_LENGTHS))) == hyps, 'other hypotheses')
    with case.trying('input', 'feat_lens as a list of ints', do='Take any sequence of numbers.'):
        decoder(log_probs.clone(), list(_LENGTHS))
    for index, (length, hyp) in enumerate(zip(_LENGTHS, hyps)):
        with case.trying('padding invariance', f'clip {index} of {length} steps alone and in a batch of 12'):
            (alone,) = decoder(log_probs[index : index + 1, :length].clone(), torch.tensor([length]))
            same = (alone.gloss_ids, alone.step_spans) == (hyp.gloss_ids, hyp.step_spans)
            close = not difference(torch.tensor(alone.score), torch.tensor(hyp.score))
            got = f'{alone.gloss_ids} at {alone.step_spans} against {hyp.gloss_ids} at {hyp.step_spans}'
            case.expect(same and close, got)
    for dtype in (torch.float64, torch.bfloat16):
        with case.trying('dtype', f'log_probs in {dtype}', do='Convert: log_probs.detach().float().'):
            decoder(log_probs.to(dtype).requires_grad_(), torch.tensor(_LENGTHS))
    path = [0, 1, 1, 0, 2, 0, 0, 3, 3, 0]
    with case.trying('obvious', f'the path {path}, each symbol with a probability of 0.99'):
        certain = torch.full((1, len(path), NUM_CLASSES), 0.01 / (NUM_CLASSES - 1)).log()
        certain[0, range(len(path)), path] = torch.tensor(0.99).log()
        (hyp,) = decoder(certain, torch.tensor([len(path)]))
        case.expect(hyp.gloss_ids == (1, 2, 3), hyp.gloss_ids)
    with case.trying('empty', 'clips that are blank throughout', do='Return a Hypothesis without glosses.'):
        silent = log_probs.clone()
        silent[..., 0] += 50.0
        glosses = [hyp.gloss_ids for hyp in decoder(silent.log_softmax(-1), torch.tensor(_LENGTHS))]
        case.expect(not any(glosses), glosses)
