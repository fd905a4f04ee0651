"""Late fusion: several checkpoints decoded together, from the mean of their log-probabilities."""

import copy
from dataclasses import replace
from pathlib import Path
from typing import Dict, List, Sequence, Union

import torch
from mmengine.config import Config
from torch import nn

from cslrkit.apis.recognizer import init_recognizer
from cslrkit.apis.split_outputs import encode_split
from cslrkit.engine.complete import inference_options
from cslrkit.errors import CheckpointError, DataError
from cslrkit.models.recognizers import EncodedBatch
from cslrkit.models.recognizers.decoding import as_log_probs
from cslrkit.models.weights import read_weights
from cslrkit.utils.dataset_configs import datasets_in

# Of each clip, by its sample's id: log-probabilities (T', V) of each decoded output, on the CPU.
_Outputs = Dict[str, List[torch.Tensor]]


class MeanFusion:
    """Replaces a batch's log-probabilities by their mean with those of other checkpoints, normalized again.

    Each of the others reads the same sentences by the config that it carries, so its media, pipeline and network may be
    of any kind; root and annotations are those of ``config``, which a file without a config of its own is read by. The
    first decoded output of each is averaged, then the second where all have one, and so on.

    Args:
        model: The recognizer whose batches are fused, on its device.
        config: Its complete config for a test.
        others: Checkpoints to fuse with.

    Raises:
        CheckpointError: If one was trained on another vocabulary, or cannot be read.
    """

    def __init__(self, model: nn.Module, config: Config, others: Sequence[Union[str, Path]]) -> None:
        self.output_names = model.decode_outputs
        device = next(model.parameters()).device
        networks = []
        for path in others:
            own = config if read_weights(path).format != 'cslrkit' else None
            network, own_config = init_recognizer(path, own, device=device)
            difference = network.vocab.difference(model.vocab)
            if difference:
                raise CheckpointError(
                    f"fuse: '{path}' was trained on {network.vocab}, but '{config.load_from}' on {model.vocab} "
                    f'({difference}). Fuse checkpoints of one vocabulary.'
                )
            networks.append((path, network, own_config))
        self.outputs = {str(path): _read(*each, config=config) for path, *each in networks}

    def __call__(self, batch: EncodedBatch) -> EncodedBatch:
        """Return the fused batch.

        Raises:
            DataError: If a checkpoint did not read a clip, or has other steps for it.
        """
        fused = {name: log_probs.clone() for name, log_probs in batch.log_probs.items()}
        for row, (sample, length) in enumerate(zip(batch.data_samples, batch.feat_lens)):
            found = [_found(path, outputs, sample.sample_id, length) for path, outputs in self.outputs.items()]
            for name, *others in zip(self.output_names, *found):
                own = fused[name][row, :length]
                mean = torch.stack([own, *(other.to(own) for other in others)]).mean(0)
                fused[name][row, :length] = as_log_probs(mean)
        return replace(batch, log_probs=fused)


def _read(network: nn.Module, own_config: Config, *, config: Config) -> _Outputs:
    """Run a network on the split that ``config`` tests."""
    loader = copy.deepcopy(dict(config.test_dataloader))
    if own_config is not config:
        (first, *_), own_loader = datasets_in(loader['dataset']), own_config.test_dataloader
        loader.update(dataset=copy.deepcopy(own_loader['dataset']), batch_size=own_loader.get('batch_size', 1))
        for dataset in datasets_in(loader['dataset']):
            dataset.update({key: first[key] for key in ('data_root', 'ann_dir', 'split') if key in first})
    return {
        sample.sample_id: [batch.log_probs[name][row, :length] for name in network.decode_outputs]
        for batch in encode_split(network, loader, **inference_options(config))
        for row, (sample, length) in enumerate(zip(batch.data_samples, batch.feat_lens))
    }


def _found(path: str, outputs: _Outputs, sample_id: str, length: int) -> List[torch.Tensor]:
    if sample_id not in outputs:
        raise DataError(f"fuse: sample '{sample_id}' is not among the {len(outputs)} that '{path}' read.")
    steps = len(outputs[sample_id][0])
    if steps != length:
        raise DataError(
            f"fuse: sample '{sample_id}' has {length} steps, but {steps} of '{path}'. Fuse networks that see as many "
            'frames of a clip and have as many for one step.'
        )
    return outputs[sample_id]
