"""What a network says of a split, computed once to be decoded many times, in memory or as plain arrays in a file."""

import zipfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Dict, List, Union

import numpy as np
import torch
from mmengine.registry import DefaultScope
from torch import nn

from cslrkit.datasets.seeded_dataset import build_loader
from cslrkit.errors import DataError, DataNotFoundError
from cslrkit.models.recognizers import EncodedBatch
from cslrkit.models.speed import prepare_for_inference
from cslrkit.structures import GlossVocab, SignDataSample
from cslrkit.utils.files import write_beside
from cslrkit.utils.messages import plural

# Arrays of a file: kinds of numpy's types, and the number of dimensions.
_ARRAYS = dict(
    origin=('U', 1),  # checksum of the checkpoint, split, name of the output
    vocab=('U', 1),
    sample_ids=('U', 1),
    signers=('U', 1),
    sentences=('U', 1),  # glosses of the references, spaces between them
    feat_lens=('i', 1),
    frame_lens=('i', 1),
    log_probs=('f', 2),  # (steps of all clips, V)
)
_ROUNDING = 1e-2  # by which the probabilities of a step may sum to another number than 1


@dataclass(frozen=True)
class Origin:
    """What log-probabilities are of.

    Args:
        checkpoint: Its SHA-256.
        split: ``'train'``, ``'dev'`` or ``'test'``.
        output: Name of the decoded output.
        vocab: Vocabulary of the network.
    """

    checkpoint: str
    split: str
    output: str
    vocab: GlossVocab


@torch.no_grad()
def encode_split(network: nn.Module, loader: Dict[str, Any], **inference: Any) -> List[EncodedBatch]:
    """Run a network on all clips of a split; log-probabilities and references lie on the CPU.

    Args:
        network: A recognizer in evaluation mode, on its device.
        loader: Config of the split's loader.
        **inference: How to run it, see :func:`~cslrkit.engine.complete.inference_options`.
    """
    network = prepare_for_inference(network, **inference) if any(inference.values()) else network
    batches = []
    with DefaultScope.overwrite_default_scope('cslrkit'):
        for data in build_loader(loader, 0, training=False):
            batch = network.encode(**network.data_preprocessor(data, False))
            log_probs = {name: batch.log_probs[name].cpu() for name in network.decode_outputs}
            batches.append(replace(batch, log_probs=log_probs))
    return batches


def write_outputs(path: Union[str, Path], batches: List[EncodedBatch], origin: Origin) -> None:
    """Write the log-probabilities of one output and the references as ``.npz``, without pickles.

    Raises:
        OutputError: If the file cannot be written.
    """
    samples = [sample for batch in batches for sample in batch.data_samples]
    rows = [
        log_probs[:length].numpy()
        for batch in batches
        for log_probs, length in zip(batch.log_probs[origin.output], batch.feat_lens)
    ]
    arrays = dict(
        origin=np.array([origin.checkpoint, origin.split, origin.output], str),
        vocab=np.array(origin.vocab.glosses, str),
        sample_ids=np.array([sample.sample_id for sample in samples], str),
        signers=np.array([sample.signer for sample in samples], str),
        sentences=np.array([' '.join(sample.glosses) for sample in samples], str),
        feat_lens=np.array([length for batch in batches for length in batch.feat_lens], np.int64),
        frame_lens=np.array([length for batch in batches for length in batch.frame_lens], np.int64),
        log_probs=np.concatenate(rows),
    )

    def write(temporary: Path) -> None:
        with temporary.open('wb') as file:
            np.savez(file, **arrays)

    write_beside(Path(path), write)


def read_outputs(path: Union[str, Path], origin: Origin) -> List[EncodedBatch]:
    """Read what :func:`write_outputs` wrote, a batch for each clip.

    Args:
        path: The file.
        origin: What its log-probabilities must be of.

    Raises:
        DataNotFoundError: If there is no such file.
        DataError: If it cannot be read, its arrays do not fit together, or it is of something else.
    """
    where = f"log-probabilities: '{path}'"
    arrays = _load(Path(path), where)
    *own, output = (*arrays['origin'].tolist(), '', '', '')[:3]
    vocab = GlossVocab.from_list(arrays['vocab'].tolist())
    difference = vocab.difference(origin.vocab)
    if difference:
        raise DataError(f'{where} are of {vocab}, but the checkpoint is of {origin.vocab} ({difference}).')
    if (*own, output) != (origin.checkpoint, origin.split, origin.output):
        raise DataError(
            f"{where} are of the split '{own[1]}', the output '{output}' and the checkpoint {own[0][:8]}, expected of "
            f"'{origin.split}', '{origin.output}' and {origin.checkpoint[:8]}. Write them again with --save."
        )
    _check(arrays, vocab, where)
    steps = torch.from_numpy(arrays['log_probs'].astype(np.float32)).split(arrays['feat_lens'].tolist())
    named = zip(*(arrays[name].tolist() for name in ('sample_ids', 'signers', 'sentences', 'frame_lens')))
    return [
        EncodedBatch(
            [SignDataSample.create(sample_id, (), glosses=sentence.split(), signer=signer)],
            {output: log_probs[None]},
            feat_lens=[len(log_probs)],
            frame_lens=[frame_len],
        )
        for log_probs, (sample_id, signer, sentence, frame_len) in zip(steps, named)
    ]


def _load(path: Path, where: str) -> Dict[str, np.ndarray]:
    if not path.is_file():
        raise DataNotFoundError(f'{where} do not exist. Write them with --save.')
    try:
        with zipfile.ZipFile(path) as archive:
            if any(item.compress_type != zipfile.ZIP_STORED for item in archive.infolist()):
                raise ValueError('it is compressed, expected plain arrays')
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: np.asarray(file[name]) for name in _ARRAYS}
        for name in ('origin', 'vocab', 'sample_ids', 'signers', 'sentences'):
            arrays[name].tolist()  # fails for characters that there are not
    except Exception as error:  # a damaged archive raises nearly anything
        raise DataError(f'{where} cannot be read: {error}. Write them again with --save.') from error
    for name, (kind, dimensions) in _ARRAYS.items():
        found = arrays[name]
        if found.dtype.kind != kind or found.ndim != dimensions:
            raise DataError(
                f'{where}: {name} is of {found.dtype} and the shape {found.shape}, which is not what --save writes.'
            )
    return arrays


def _check(arrays: Dict[str, np.ndarray], vocab: GlossVocab, where: str) -> None:
    """Check that arrays fit together, and that the steps hold log-probabilities."""
    log_probs, feat_lens, ids = arrays['log_probs'], arrays['feat_lens'], arrays['sample_ids']
    if log_probs.shape[1] != vocab.num_classes:
        raise DataError(
            f'{where} have {plural(log_probs.shape[1], "class")}, expected {vocab.num_classes}: blank and '
            f'{plural(len(vocab), "gloss")}.'
        )
    lengths = {name: len(arrays[name]) for name in ('sample_ids', 'signers', 'sentences', 'feat_lens', 'frame_lens')}
    if len(set(lengths.values())) != 1 or len(set(ids.tolist())) != len(ids):
        raise DataError(f'{where}: got {lengths} entries, expected as many of each, and no sample twice.')
    if not len(ids) or feat_lens.min() < 0 or feat_lens.sum() != len(log_probs):
        raise DataError(f'{where}: the lengths of {len(ids)} clips do not add up to the {len(log_probs)} steps.')
    sums = np.exp(log_probs.astype(np.float32)).sum(1)
    if not (np.abs(sums - 1) <= _ROUNDING).all():
        raise DataError(f'{where}: probabilities of a step do not sum to 1, expected log-probabilities.')
