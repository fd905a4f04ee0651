"""Restored frames of a corpus, in a folder of their own."""

import json
import shutil
from functools import partial
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Union

import numpy as np
import torch
from mmengine.registry import DefaultScope

import cslrkit
from cslrkit.apis.checkpoints import sha256_of
from cslrkit.apis.recognizer import find_device
from cslrkit.corpora.packing import datasets_of_corpus
from cslrkit.datasets.region_crops import read_regions
from cslrkit.engine.checkpoint_io import LAST_RECORD, find_checkpoint
from cslrkit.engine.stored_config import stored_config
from cslrkit.errors import CheckpointError, ConfigError, DataError
from cslrkit.models.priors import DiffusionPrior
from cslrkit.models.weights import load_pretrained, read_weights
from cslrkit.registry import DEGRADATIONS, DIFFUSION_SAMPLERS, MODELS
from cslrkit.restoration.restorer import Restorer
from cslrkit.utils.config_path import config_path
from cslrkit.utils.files import ensure_writable_dir, write_atomically, write_beside
from cslrkit.utils.progress import ProgressLine
from cslrkit.video.images import write_image

RECORD = 'restoration.json'
_FORMAT = 'cslrkit restored frames 1'


def init_prior(checkpoint: Union[str, Path], *, device: Optional[Union[str, torch.device]] = None) -> DiffusionPrior:
    """Build a prior from its checkpoint, or from the last one of a work directory.

    Raises:
        CheckpointError: If it cannot be read, or is none of a prior.
        ConfigError: If the device cannot be used.
    """
    checkpoint = find_checkpoint(checkpoint, record=LAST_RECORD)
    weights = read_weights(checkpoint)
    config = stored_config(weights.content.get('meta') or {}, where=str(checkpoint))
    cls = MODELS.lookup(config.model['type'])
    if not issubclass(cls, DiffusionPrior):
        raise CheckpointError(
            f"checkpoint: '{checkpoint}' is of a {cls.__name__}, expected a DiffusionPrior, as tools/train_prior.py "
            'trains it.'
        )
    with DefaultScope.overwrite_default_scope('cslrkit'):
        prior = MODELS.build(dict(config.model))
    load_pretrained(prior, weights, strict=True)
    return prior.to(find_device(device)).eval()


def restore_frames(
    corpus: str,
    root: Union[str, Path],
    checkpoint: Union[str, Path],
    out: Union[str, Path],
    *,
    degradation: Dict[str, Any],
    sampler: Dict[str, Any],
    regions: Sequence[str] = ('hands', 'face'),
    splits: Optional[Sequence[str]] = None,
    frame_subdir: Optional[str] = None,
    keypoints: Optional[str] = None,
    noise: float = 0.0,
    each_region: bool = False,
    seed: int = 0,
    device: Optional[str] = None,
    progress: bool = False,
) -> Dict[str, int]:
    """Write the frames of a corpus with their regions restored, by the names and in the format that they have.

    Frames without regions are copied. ``out`` gets the annotations, too, so that it is a ``data_root``, and
    ``restoration.json``, which says what it was made from and how. Clips that are there are left out: a restoration
    that was stopped goes on.

    Args:
        corpus: Name of a registered corpus.
        root: Its folder, prepared.
        checkpoint: Of a prior, or its work directory.
        out: Folder for the frames.
        degradation: Config of what made the frames worse.
        sampler: Config of a sampler.
        regions: See :func:`cslrkit.restoration.regions.find_regions`.
        splits: Names; all that are prepared by default.
        frame_subdir: As of :class:`CSLRDataset`.
        keypoints: Folder of ``StoredKeypoints``, relative to ``root``; None finds regions by motion.
        noise: As of :class:`Restorer`.
        each_region: As of :class:`Restorer`.
        seed: As of :class:`Restorer`.
        device: E.g. ``'cuda:0'``; by default a GPU if there is one.
        progress: Whether to show how far it is.

    Returns:
        Of the frames that were written now: ``frames``, ``restored`` (with a region) and ``kept`` (without).

    Raises:
        ConfigError: For a wrong argument, or a degradation that the sampler cannot invert.
        CheckpointError: If the prior cannot be used.
        DataError: If ``out`` holds frames that were restored otherwise, a frame cannot be read, or a region does not
            fit the prior.
    """
    root, out = Path(root).absolute(), Path(out).absolute()
    if out == root:
        raise ConfigError(f"restoration: got '{out}' for both, expected another folder than the corpus. Choose --out.")
    checkpoint = find_checkpoint(checkpoint, record=LAST_RECORD)
    parts = {}
    for name, registry, config in (
        ('degradation', DEGRADATIONS, degradation),
        ('sampler', DIFFUSION_SAMPLERS, sampler),
    ):
        with config_path(name):
            parts[name] = registry.build(config)
    options = dict(noise=noise, each_region=each_region, seed=seed)
    restorer = Restorer(init_prior(checkpoint, device=device), **parts, **options)
    reader = keypoints and dict(type='StoredKeypoints', path=keypoints)
    datasets = datasets_of_corpus(corpus, str(root), splits=splits, frame_subdir=frame_subdir, keypoints=reader)
    record = dict(
        format=_FORMAT,
        cslrkit_version=cslrkit.__version__,
        prior=dict(name=checkpoint.name, sha256=sha256_of(checkpoint)),
        corpus=corpus,
        source=str(root),
        degradation=degradation,
        sampler=sampler,
        regions=list(regions),
        keypoints=keypoints,
        **options,
    )
    _check_record(out, record)
    counts = dict(frames=0, restored=0, kept=0)
    for dataset in datasets:
        line = ProgressLine(f'restoring {dataset.split}', len(dataset), shown=progress)
        for index in range(len(dataset)):
            paths = [Path(path) for path in dataset.clip(index).paths]
            targets = [_target(path, root, out) for path in paths]
            if not all(target.is_file() for target in targets):
                frames, found = read_regions(dataset, index, regions)
                restored = restorer(frames, found)
                _begin(out, record)
                _write_clip(paths, targets, restored, found)
                with_region = sum(map(bool, found))
                for name, number in zip(counts, (len(found), with_region, len(found) - with_region)):
                    counts[name] += number
            line.add(1)
        line.close()
    _begin(out, record)
    return counts


def _write_clip(
    paths: Sequence[Path], targets: Sequence[Path], restored: np.ndarray, found: Sequence[Dict[str, Any]]
) -> None:
    for path, target, image, boxes in zip(paths, targets, restored, found):
        ensure_writable_dir(target.parent, what='output', option='--out')
        if boxes:
            write_image(str(target), image)
        else:
            write_beside(target, partial(shutil.copyfile, path))


def _target(path: Path, root: Path, out: Path) -> Path:
    try:
        return out / path.absolute().relative_to(root)
    except ValueError as error:
        raise DataError(f"restoration: the frame '{path}' is not below '{root}'. Name its folder by --root.") from error


def _check_record(out: Path, record: Dict[str, Any]) -> None:
    """Check that what is in ``out`` was restored in the same way.

    Raises:
        DataError: If it was not, or cannot be read.
    """
    file = out / RECORD
    if not file.is_file():
        return
    try:
        there = json.loads(file.read_text(encoding='utf-8'))
        differing: List[str] = [name for name, value in _plain(record).items() if there.get(name) != value]
    except (ValueError, AttributeError, UnicodeDecodeError) as error:
        raise DataError(f"output: '{file}' cannot be read. Choose another folder with --out.") from error
    if differing:
        raise DataError(
            f"output: '{file}' is of a restoration with other {', '.join(differing)}. Choose another folder by "
            '--out, or delete it.'
        )


def _begin(out: Path, record: Dict[str, Any]) -> None:
    """Write the record and copy the annotations, unless they are there."""
    ensure_writable_dir(out, what='output', option='--out')
    if not (out / RECORD).is_file():
        write_atomically(out / RECORD, json.dumps(_plain(record), ensure_ascii=False, indent=1))
    annotations = Path(record['source'], 'preprocess')
    for path in sorted(annotations.glob('*')):
        target = out / 'preprocess' / path.name
        if path.is_file() and not target.exists():
            write_beside(target, partial(shutil.copyfile, path))


def _plain(record: Dict[str, Any]) -> Any:
    return json.loads(json.dumps(record))
