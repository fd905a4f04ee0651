"""Backbones and recognizers of a few channels, and batches for them."""

import torch

from cslrkit.models.losses import published_losses
from cslrkit.registry import MODELS
from cslrkit.structures import SignDataSample

GLOSSES = ['ICH', 'DU', 'WETTER', 'MORGEN']
# Arguments with which every class of cslrkit that takes frames is small.
SMALL_BACKBONES = {
    'SlowFast': dict(depth=18, layout='8x8', width=8),
    'SlowOnly': dict(depth=18, width=8, dropout=0.0),
    'ResNet': dict(depth=18),
    'CorrNet': dict(width=16),
    'CorrNetPlus': dict(width=16),
    'SEN': dict(width=16),
    'M2ETP': dict(depth=18, alpha=4, width=8, dropout=0.0),
    'SignDAGC': dict(width=16),
    'SignGraph': dict(width=16),
    'TimmBackbone': dict(model_name='test_resnet', pretrained=False, resize=False),
    'TorchvisionVideoBackbone': dict(model_name='s3d', pretrained=False),
    'USTM': dict(width=32, depths=[1, 1, 1, 1]),
}


def config(**changes):
    parts = dict(
        type='CSLRRecognizer',
        backbone=dict(type='SlowFast', **SMALL_BACKBONES['SlowFast']),
        neck=dict(type='MultiStreamTemporalConv', hidden_size=16),
        head=dict(type='BiLSTMHead', dropout=0.0),
        losses=published_losses(dict(SeqCTC=1.0, ConvCTC=1.0, Dist=25.0, Slow=0.25, Fast=0.25)),
        decoder=dict(type='BeamDecoder', beam_width=10),
        vocab=GLOSSES,
    )
    for path, value in changes.items():
        place, *rest = path.split('__')
        if rest:
            parts[place][rest[0]] = value
        else:
            parts[place] = value
    return parts


def build(**changes):
    torch.manual_seed(0)
    return MODELS.build(config(**changes))


def batch(num_frames=(24, 16), gloss_ids=((1, 2), (3,))):
    torch.manual_seed(1)
    return dict(
        inputs=[torch.randint(0, 256, (frames, 3, 32, 32), dtype=torch.uint8) for frames in num_frames],
        data_samples=[
            SignDataSample.create(f'clip{index}', ids, frame_indices=range(0, 2 * frames, 2), frame_rate=25.0)
            for index, (ids, frames) in enumerate(zip(gloss_ids, num_frames))
        ],
    )
