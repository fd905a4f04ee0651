"""Runs the networks of configs on a second device and on the CPU; prints as JSON what differs and where the CPU waited.

``python tests/helpers/device_checks.py second|cuda CONFIG...``
"""

import contextlib
import copy
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope
from second_device import SecondDevice
from torchvision.ops import StochasticDepth

from cslrkit.decoders.language_model.kneser_ney import train_ngrams, write_arpa
from cslrkit.engine.config import load_config
from cslrkit.registry import DECODERS, MODELS
from cslrkit.structures import GlossVocab, SignDataSample
from cslrkit.visualization.cam import compute_cam

VOCAB = [f'G{index}' for index in range(9)]


def batch(model):
    """Two clips of what the model reads, of different lengths, the shorter one first."""
    numbers = torch.Generator().manual_seed(0)

    def clip(frames, preprocessor):
        kind = type(preprocessor).__name__
        if kind == 'KeypointDataPreprocessor':
            return 200 * torch.rand(frames, 133, 3, generator=numbers)
        if kind == 'FeatureDataPreprocessor':
            channels = sum(spec.channels for spec in model.backbone.stream_specs.values())
            return torch.rand(frames, channels, generator=numbers)
        return torch.randint(256, (frames, 3, 32, 32), generator=numbers, dtype=torch.uint8)

    def clips(preprocessor):
        return [clip(frames, preprocessor) for frames in (20, 32)]

    own = model.data_preprocessor
    return dict(
        inputs={medium: clips(each) for medium, each in own.media.items()} if hasattr(own, 'media') else clips(own),
        data_samples=[
            SignDataSample.create(name, ids, frame_indices=range(frames), image_size=(210, 260))
            for name, ids, frames in (('short', [1, 2], 20), ('long', [3, 1, 4], 32))
        ],
    )


def train(model, config, gpu):
    """The loss of a step in full precision, and where the CPU waited for its update."""
    model.train()
    for part in model.modules():
        if isinstance(part, (torch.nn.Dropout, torch.nn.LSTM, StochasticDepth)):
            part.p = part.dropout = 0.0
    wrapper = build_optim_wrapper(
        model, dict(type='GuardedOptimWrapper', optimizer=config.optim_wrapper.optimizer, clip_grad=dict(max_norm=10.0))
    )
    np.random.seed(0)
    gpu.waits.clear()
    return model.train_step(batch(model), optim_wrapper=wrapper)['loss'], dict(gpu.waits)


def recognize(model, decoder, gpu):
    """Glosses of both outputs, with the model's decoder and with one that has a language model."""
    model.eval()
    gpu.waits.clear()
    with torch.no_grad():
        samples = model.val_step(batch(model))
        waits = dict(gpu.waits)
        data = model.data_preprocessor(batch(model))
        log_probs, lens = model.log_probs(data['inputs'], data['frame_lens'])
        fused = model.decode(log_probs[model.decode_outputs[0]], lens, decoder=decoder)
    found = [[hyp.glosses for hyp in sample.hyps.values()] for sample in samples]
    return [*found, [hyp.gloss_ids for hyp in fused]], waits


def heat(model):
    """Sum of the heat map of the first gloss of a clip; nothing for networks that see not only pictures."""
    inputs = batch(model)['inputs']
    if isinstance(inputs, dict) or inputs[0].dim() != 4:
        return []
    clip = {key: values[0] for key, values in batch(model).items()}
    target = next(iter(model.val_step({key: [value] for key, value in clip.items()})[0].hyps.values()))
    return [float(cam.map.sum()) for cam in compute_cam(model, clip, targets=list(target)[:1])]


def check(name, gpu, decoder):
    """What a config's network gives on both devices."""
    config = load_config(name)
    torch.manual_seed(0)
    on_cpu = MODELS.build(dict(config.model, vocab=VOCAB))
    on_device = copy.deepcopy(on_cpu)
    expected = [recognize(on_cpu, decoder, gpu)[0], heat(on_cpu), train(on_cpu, config, gpu)[0]]
    with gpu:
        on_device.to(gpu.device)
        glosses, eval_waits = recognize(on_device, decoder, gpu)
        maps = heat(on_device)
        loss, train_waits = train(on_device, config, gpu)
    return dict(expected=expected, found=[glosses, maps, loss], train_waits=train_waits, eval_waits=eval_waits)


class GPU(contextlib.nullcontext):
    """A GPU in the place of the second device; it does not tell where the CPU waits."""

    def __init__(self):
        super().__init__()
        self.device = torch.device('cuda')
        self.waits = {}


def check_device(gpu):
    """What the device itself does about tensors that are on the wrong one, and about copies."""
    gpu.waits.clear()
    with gpu:
        here = torch.ones(3).to(gpu.device, non_blocking=True)
        there = torch.ones(3)
        in_background = sum(gpu.waits.values())
        try:
            here + there
            mixed = 'was added'
        except RuntimeError as error:
            mixed = str(error)
        here.cpu()
        after_copy = sum(gpu.waits.values())
        bool(here.sum() > 1)
    return dict(in_background=in_background, mixed=mixed, after_copy=after_copy, after_branch=sum(gpu.waits.values()))


def main():
    """Check the configs that are named on the device that is named."""
    DefaultScope.get_instance('devices', scope_name='cslrkit')
    gpu = GPU() if sys.argv[1] == 'cuda' else SecondDevice()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'bigrams.arpa'
        write_arpa(train_ngrams([['G0', 'G1', 'G4'], ['G2', 'G0', 'G3'], VOCAB], order=2), path)
        language_model = dict(type='NGram', path=str(path), alpha=0.5, beta=0.1)
        decoder = DECODERS.build(
            dict(type='BeamDecoder', vocab=GlossVocab.from_list(VOCAB), language_model=language_model)
        )
        found = {name: check(name, gpu, decoder) for name in sys.argv[2:]}
    print(json.dumps({'device': check_device(gpu), 'configs': found}))


if __name__ == '__main__':
    main()
