"""Features of a trained backbone, written once to train on many times."""

import copy
import json
import os
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple, Union

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from torch import nn
from torch.utils.data import DataLoader

import cslrkit
from cslrkit.apis.checkpoints import sha256_of
from cslrkit.apis.recognizer import init_recognizer
from cslrkit.datasets.features import FeatureRows
from cslrkit.datasets.features.extracted import FORMAT, index_file, read_index, rows_file, write_rows
from cslrkit.datasets.seeded_dataset import SeededDataset, SeededIndex
from cslrkit.engine.checkpoint_io import find_checkpoint
from cslrkit.engine.complete import select_split
from cslrkit.errors import ConfigError, DataError
from cslrkit.structures import stream_specs
from cslrkit.structures.stream_spec import StreamSpec
from cslrkit.utils.checks import one_of
from cslrkit.utils.dataset_configs import datasets_in
from cslrkit.utils.files import ensure_writable_dir, write_atomically, write_beside
from cslrkit.utils.progress import ProgressLine

DTYPES = ('float16', 'float32')


def extract_features(
    config: Config,
    checkpoint: Union[str, Path],
    out: Union[str, Path],
    *,
    split: str,
    streams: Optional[Sequence[str]] = None,
    dtype: str = 'float32',
    copies: int = 0,
    seed: int = 0,
    device: Optional[str] = None,
    workers: int = 0,
    progress: bool = False,
) -> Dict[str, StreamSpec]:
    """Write the features of a backbone for the sentences of a split, as ``ExtractedFeatures`` reads them.

    Clips are read, batched and padded as ``tools/test.py`` does, so that features in single precision give the
    log-probabilities that frames give. What is there already is left out: an extraction that was stopped goes on.
    Of several processes (the variables RANK and WORLD_SIZE, which torchrun sets) each takes a share of the batches;
    how many there are changes no feature.

    Args:
        config: From ``cslrkit.engine.config.load_config``.
        checkpoint: A checkpoint of cslrkit, or a work directory, whose best checkpoint is taken.
        out: Folder for the features.
        split: ``'train'``, ``'dev'`` or ``'test'``.
        streams: Names of the backbone's streams; all by default.
        dtype: ``'float32'``, or ``'float16'`` for half the space.
        copies: Augmented copies of each sentence beside the plain one, by the transforms of training.
        seed: Seed of the copies.
        device: E.g. ``'cuda:0'``; by default a GPU if there is one.
        workers: Processes that read frames.
        progress: Whether to show how far it is.

    Returns:
        The streams in the order of the columns, for ``PrecomputedFeatures``.

    Raises:
        ConfigError: For an unknown stream, or a config that reads several corpora.
        DataError: If ``out`` holds features that were made otherwise, or one does not fit into ``dtype``.
        CheckpointError: If the checkpoint cannot be used.
    """
    out, rank, world_size = Path(out), *_process()
    checkpoint = find_checkpoint(checkpoint)
    if device is None and torch.cuda.is_available():
        device = f'cuda:{os.environ.get("LOCAL_RANK", 0)}'
    model, config = init_recognizer(checkpoint, config, device=device)
    specs = stream_specs(model.backbone)
    specs = {one_of('streams', name, specs): specs[name] for name in streams or specs}
    plain = _dataset(select_split(config, split).test_dataloader.dataset, split)
    augmented = _dataset(config.train_dataloader.dataset, split) if copies else None
    batch_size = config.test_dataloader.get('batch_size', 1)
    index = dict(
        format=FORMAT,
        cslrkit_version=cslrkit.__version__,
        checkpoint=dict(name=checkpoint.name, sha256=sha256_of(checkpoint)),
        streams={name: vars(spec) for name, spec in specs.items()},
        padding=list(model.neck.temporal_spec.layers),
        dtype=one_of('dtype', dtype, DTYPES),
        batch_size=batch_size,
        dataset=_provenance(plain),
        copies=copies,
        copied=augmented and dict(_provenance(augmented), seed=seed),
    )
    dataset = SeededDataset(plain)
    index['samples'] = dataset.sample_ids
    index = _begin(ensure_writable_dir(out, what='features', option='--out'), split, index)
    (out / split).mkdir(exist_ok=True)
    places = {name: place for place, name in enumerate(index['samples'])}
    line = ProgressLine(f'features of {split}', len(dataset) * (1 + copies), shown=progress and rank == 0)
    for number in range(1 + copies):
        if number == 1:
            dataset = SeededDataset(augmented)
        batches = _batches(len(dataset), batch_size)
        todo = [batch for batch in batches if not all(rows_file(out, split, each, number).is_file() for each in batch)]
        line.add(len(dataset) - sum(map(len, todo)))
        seeded = [[SeededIndex(each, (seed, number)) if number else each for each in batch] for batch in todo]
        for found in _run(model, dataset, seeded[rank::world_size], specs, workers=workers):
            for name, rows in found:
                _write(rows_file(out, split, places[name], number), rows, dtype, name)
            line.add(len(found) * world_size)
    line.close()
    _finish(out, split, index)
    return specs


def _run(
    model: nn.Module, dataset: Any, batches: Sequence[Sequence[int]], specs: Mapping[str, StreamSpec], *, workers: int
) -> Iterator[List[Tuple[str, FeatureRows]]]:
    """Yield the features of each batch, by the ids of samples."""
    left_pad = model.neck.temporal_spec.left_pad
    for data in DataLoader(dataset, batch_sampler=batches, collate_fn=pseudo_collate, num_workers=workers):
        with torch.no_grad():
            batch = model.data_preprocessor(data)
            found = model.frame_features(batch['inputs'], batch['frame_lens'])
            parts = [spec.by_frame(found[name], int(batch['frame_lens'].max())) for name, spec in specs.items()]
            values = torch.cat(parts, 1).transpose(1, 2).float().cpu().numpy()
        done = []
        for row, length, sample in zip(values, batch['frame_lens'].tolist(), batch['data_samples']):
            indices = np.asarray(sample.frame_indices)
            padding = (left_pad, length - left_pad - len(indices))
            done.append((sample.sample_id, FeatureRows(row[:length], indices, padding)))
        yield done


def _write(path: Path, rows: FeatureRows, dtype: str, name: str) -> None:
    values = rows.values.astype(dtype)
    if not np.isfinite(values).all():
        raise DataError(f"sample '{name}': its features do not fit into {dtype}. Take --dtype float32.")
    kept = FeatureRows(values, rows.frame_indices, rows.padding)
    write_beside(path, lambda temporary: write_rows(temporary, kept))


def _dataset(dataset: Mapping[str, Any], split: str) -> Dict[str, Any]:
    """Return the config of the one dataset that a loader reads, of ``split``."""
    found = datasets_in(dataset)
    if len(found) != 1:
        raise ConfigError(f'the loader of {split} reads {len(found)} datasets, expected one. Extract one at a time.')
    return {**copy.deepcopy(dict(found[0])), 'split': split}


def _provenance(dataset: Mapping[str, Any]) -> Dict[str, Any]:
    kept = {name: value for name, value in dataset.items() if name not in ('data_root', 'test_mode')}
    return json.loads(json.dumps(kept, default=str))


def _begin(out: Path, split: str, index: Dict[str, Any]) -> Dict[str, Any]:
    """Write the index of an extraction, or check that the one that is there is of the same."""
    index = json.loads(json.dumps(dict(index, complete=False)))
    there = read_index(out, split, where='output', missing={})
    differing = [name for name in index if there and name != 'complete' and there.get(name) != index[name]]
    if differing:
        raise DataError(
            f"output: '{index_file(out, split)}' is of an extraction with other {', '.join(differing)}. Choose another "
            'folder with --out, or delete it and its features.'
        )
    if not there:
        write_atomically(index_file(out, split), json.dumps(index))
    return there or index


def _finish(out: Path, split: str, index: Dict[str, Any]) -> None:
    """Mark the index as complete, where this process was the last of all."""
    places = range(len(index['samples']))
    if all(rows_file(out, split, place, number).is_file() for number in range(1 + index['copies']) for place in places):
        write_atomically(index_file(out, split), json.dumps(dict(index, complete=True)))


def _batches(count: int, size: int) -> List[List[int]]:
    return [list(range(start, min(start + size, count))) for start in range(0, count, size)]


def _process() -> Tuple[int, int]:
    return int(os.environ.get('RANK', 0)), int(os.environ.get('WORLD_SIZE', 1))
