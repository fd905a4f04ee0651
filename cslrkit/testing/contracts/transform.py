"""The contract of a transform."""

import copy
import inspect
import pickle
import random
import tempfile
from pathlib import Path
from typing import Any, Dict, Optional, Sequence, Union

import numpy as np
import torch
from PIL import Image

from cslrkit.registry import TRANSFORMS
from cslrkit.structures import SignDataSample
from cslrkit.testing.contracts.findings import Findings
from cslrkit.testing.contracts.modules import Subject

CLAUSES = ('config', 'docstring', 'result', 'imgs', 'keys', 'annotation', 'seeds', 'input', 'workers')

# What a transform of pixels or time must leave as it is.
_ANNOTATION = ('sample_id', 'split', 'signer', 'original_info', 'glosses', 'gloss_ids', 'frame_rate')


def make_sample(
    folder: Union[str, Path], *, num_frames: int = 11, height: int = 40, width: int = 48, seed: int = 0
) -> Dict[str, Any]:
    """Return a sample dict as transforms get it, its frames written to ``folder`` and loaded.

    Args:
        folder: Where the frames are written, as PNG.
        num_frames: Number of frames.
        height: Of the frames, in pixels.
        width: Of the frames, in pixels.
        seed: Of the pixels.
    """
    images = np.random.default_rng(seed).integers(0, 256, (num_frames, height, width, 3), dtype=np.uint8)
    paths = [str(Path(folder, f'frame{index:04d}.png')) for index in range(num_frames)]
    for path, image in zip(paths, images):
        Image.fromarray(image).save(path)
    return dict(
        sample_id='contract-1',
        split='train',
        signer='Signer01',
        original_info='contract-1|A B',
        glosses=('A', 'B'),
        gloss_ids=[1, 2],
        frame_paths=paths,
        frame_rate=25.0,
        frame_interval=1,
        num_frames=num_frames,
        sample_idx=0,
        imgs=images,
        frame_indices=np.arange(num_frames),
        clip_len=num_frames,
    )


def check_transform(
    cls: Union[type, str],
    cfg: Optional[dict] = None,
    *,
    sample: Optional[Dict[str, Any]] = None,
    allow: Sequence[str] = (),
) -> None:
    """Check that a class keeps the contract of a transform; all that is wrong is said at once.

    It takes and gives a sample dict. ``imgs`` stays uint8 (T, H, W, 3) with one of ``frame_indices`` for each
    frame; who a sample is and what it says stays as it is. It draws from Python's, numpy's or torch's
    generator, so that a seed repeats it. A transform that ends a pipeline gives ``inputs``, uint8 (T, C, H,
    W), and ``data_samples`` instead. The docstring names the keys that it needs and makes.

    Args:
        cls: The class, or the name of a registered one.
        cfg: Arguments, as a config gives them.
        sample: What it is given; a small clip with ``imgs`` and ``frame_paths`` by default.
        allow: Clauses that the class breaks by intent.

    Raises:
        ContractError: With every finding.
        ConfigError: For a name that is not registered, or an unknown clause in ``allow``.

    Examples:
        >>> check_transform('RandomCrop', dict(size=32))
    """
    subject = Subject(TRANSFORMS, cls, cfg)
    findings = Findings(subject.name, CLAUSES, allow)
    transform = subject.first_build(findings)
    _check_docstring(findings, subject)
    if transform is not None:
        with tempfile.TemporaryDirectory() as folder:
            sample = make_sample(folder) if sample is None else sample
            with findings.trying('result', 'a sample'):
                result = _run(transform, sample)
                _check_result(findings, subject, sample, result)
                _check_input(findings, transform, sample)
                _check_seeds(findings, transform, sample)
            with findings.trying('workers', 'pickle.dumps', do='Keep no lambda, open file or lock as an attribute.'):
                pickle.loads(pickle.dumps(transform))
    findings.close()


def _run(transform: Any, sample: Dict[str, Any], *, seed: int = 0) -> Any:
    """Apply it to a copy of the sample, with all three generators seeded."""
    return _run_on(transform, {key: copy.deepcopy(value) for key, value in sample.items()}, seed)


def _run_on(transform: Any, sample: Dict[str, Any], seed: int) -> Any:
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    return transform(sample)


def _check_docstring(findings: Findings, subject: Subject) -> None:
    text = inspect.getdoc(subject.cls) or ''
    findings.expect(
        'keys' in text.lower(),
        'docstring',
        f'the docstring of {subject.name}',
        got='no word of keys',
        expected="a line such as 'Required keys: ``imgs``. Added keys: ``mask``.'",
        do='Say which keys it needs, changes and adds.',
    )


def _check_result(findings: Findings, subject: Subject, sample: Dict[str, Any], result: Any) -> None:
    if not findings.expect(
        isinstance(result, dict),
        'result',
        'the result',
        got=f'a {type(result).__name__}',
        expected='a dict',
        do='Return the sample dict.',
    ):
        return
    if set(result) == {'inputs', 'data_samples'}:
        _check_packed(findings, result)
        return
    text = inspect.getdoc(subject.cls) or ''
    unnamed = sorted(key for key in set(result) - set(sample) if f'``{key}``' not in text)
    findings.expect(
        not unnamed,
        'keys',
        'keys that were added',
        got=', '.join(unnamed),
        expected='only those that the docstring names',
        do='Name them under Added keys, between double backquotes.',
    )
    changed = [key for key in _ANNOTATION if key in sample and (key not in result or result[key] != sample[key])]
    findings.expect(
        not changed,
        'annotation',
        'the annotation',
        got=f'another value of {", ".join(changed)}',
        expected='the one that was given',
        do='Leave it alone: scoring compares with it.',
    )
    if 'imgs' in result:
        _check_images(findings, result)


def _check_images(findings: Findings, result: Dict[str, Any]) -> None:
    images = result['imgs']
    sound = isinstance(images, np.ndarray) and images.dtype == np.uint8 and images.ndim == 4 and images.shape[3] == 3
    if findings.expect(
        sound and min(images.shape) > 0,
        'imgs',
        'imgs',
        got=f'{images.dtype} {images.shape}' if isinstance(images, np.ndarray) else f'a {type(images).__name__}',
        expected='a uint8 array (T, H, W, 3) of at least a frame',
        do='Convert: np.clip(x, 0, 255).astype(np.uint8). Normalising belongs to the data preprocessor.',
    ):
        indices = list(result.get('frame_indices', ()))
        findings.expect(
            len(indices) == len(images) and indices == sorted(indices),
            'imgs',
            'frame_indices',
            got=f'{len(indices)} for {len(images)} frames' if len(indices) != len(images) else f'{indices}',
            expected='one for each frame, in order',
            do='Drop or repeat frame_indices with the frames: the times of glosses come from them.',
        )


def _check_packed(findings: Findings, result: Dict[str, Any]) -> None:
    clip, sample = result['inputs'], result['data_samples']
    findings.expect(
        isinstance(clip, torch.Tensor) and clip.dtype == torch.uint8 and clip.dim() == 4 and clip.shape[1] == 3,
        'result',
        'inputs',
        got=f'{clip.dtype} {tuple(clip.shape)}' if isinstance(clip, torch.Tensor) else f'a {type(clip).__name__}',
        expected='a uint8 tensor (T, 3, H, W)',
        do='Permute the pixels and keep their type.',
    )
    findings.expect(
        isinstance(sample, SignDataSample) and len(sample.frame_indices) == len(clip),
        'result',
        'data_samples',
        got=f'a {type(sample).__name__}',
        expected='a SignDataSample with one of frame_indices for each frame',
        do='Make it by SignDataSample.create.',
    )


def _check_input(findings: Findings, transform: Any, sample: Dict[str, Any]) -> None:
    if not isinstance(sample.get('imgs'), np.ndarray):
        return
    for seed in range(5):  # a transform may act with some probability
        pixels = sample['imgs'].copy()
        _run_on(transform, dict(copy.deepcopy(sample), imgs=pixels), seed)
        if not findings.expect(
            np.array_equal(pixels, sample['imgs']),
            'input',
            'the pixels that were given, after the call',
            got='other values',
            expected='them unchanged, and new ones in the result',
            do='Work on a copy: frames may be repeated in a clip or shared by a cache.',
        ):
            return


def _check_seeds(findings: Findings, transform: Any, sample: Dict[str, Any]) -> None:
    for seed in range(5):
        first, second = (_signature(_run(transform, sample, seed=seed)) for _ in range(2))
        if not findings.expect(
            first == second,
            'seeds',
            f'two calls with random, numpy.random and torch seeded by {seed}',
            got='different results',
            expected='equal ones',
            do="Draw from random, numpy.random or torch, and not from a generator of one's own.",
        ):
            return


def _signature(result: Any) -> Any:
    """Something equal exactly where results are."""
    if isinstance(result, dict):
        return {key: _signature(result[key]) for key in result}
    if isinstance(result, np.ndarray):
        return (str(result.dtype), result.shape, result.tobytes())
    if isinstance(result, torch.Tensor):
        return _signature(result.detach().contiguous().numpy())
    if isinstance(result, SignDataSample):
        return {key: _signature(value) for key, value in result.all_items()}
    if isinstance(result, (list, tuple)):
        return [_signature(item) for item in result]
    return repr(result)
