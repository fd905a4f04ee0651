"""A training of a second whose steps draw and keep all that a step can, and a hook that gets it stopped."""

import os
import signal
from pathlib import Path

import torch
from mmengine.hooks import Hook
from small_datasets import RANDOM
from torch import nn
from torch.nn.functional import adaptive_avg_pool3d

from cslrkit.apis import train_model
from cslrkit.engine.config import load_config
from cslrkit.registry import BACKBONES, HOOKS

REPO = Path(__file__).parents[2]

# Dropout, running statistics, float16's scale, short sentences first, accumulation, random transforms.
CONFIG = """
_base_ = '{repo}/configs/starter/resnet18_linear_synthsign.py'
data_root = '{corpus}'
custom_imports = dict(imports=['stopped_training'], allow_failed_imports=False)
model = dict(neck=dict(hidden_size=16, kernel_spec=['K5', 'P2']), backbone=dict(_delete_=True, type='DroppedPixels'))
train_dataloader = dict(
    batch_size=1,
    num_workers=0,
    persistent_workers=False,
    sampler=dict(_delete_=True, type='CurriculumSampler'),
    dataset=dict(frame_interval=2, pipeline={pipeline}),
)
curriculum = dict(
    knobs=[
        dict(target='sampler.max_quantile', schedule=dict(type='Step', values={{0: 0.7, 1: 1.0}})),
        dict(target='pipeline.TemporalRescale.temp_scaling', schedule=dict(type='Step', values={{0: 0.1, 1: 0.2}})),
    ]
)
val_dataloader = dict(num_workers=0, persistent_workers=False)
test_dataloader = dict(num_workers=0, persistent_workers=False)
optim_wrapper = dict(
    dtype='float16', init_scale=4.0, optimizer=dict(lr=1e-3), accumulative_counts=2, clip_grad=dict(max_norm=2.0)
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, end=5, by_epoch=False),
    dict(type='MultiStepLR', milestones=[1], gamma=0.5),
]
train_cfg = dict(max_epochs=2)
default_hooks = dict(console=dict(interval=0), visualization=None)
"""


def write_config(path, corpus):
    """Write the config; returns its path."""
    path.write_text(CONFIG.format(repo=REPO, corpus=corpus, pipeline=RANDOM))
    return path


def train(config, work_dir, *, resume=False, hooks=(), launcher='none', **options):
    """Train in this process; ``options`` are settings of the config, with ``__`` for dots."""
    loaded = load_config(config, {key.replace('__', '.'): value for key, value in options.items()})
    loaded.custom_hooks = list(hooks)
    return train_model(loaded, work_dir, seed=5, resume=resume, launcher=launcher)


@BACKBONES.register_module()
class DroppedPixels(nn.Module):
    """Frames of 4 x 4 pixels through a layer, a batch norm and dropout."""

    def __init__(self):
        super().__init__()
        self.out_channels = dict(main=24)
        self.layers = nn.Sequential(nn.Conv1d(48, 24, 1), nn.BatchNorm1d(24), nn.Dropout(0.5))

    def forward(self, x):
        pooled = adaptive_avg_pool3d(x, (x.shape[2], 4, 4))
        return dict(main=self.layers(pooled.transpose(2, 1).flatten(2).transpose(1, 2)))


@HOOKS.register_module()
class SignalAt(Hook):
    """Sends the last process a signal in a step, or in the validation after it; not after a restart by torchrun."""

    def __init__(self, step, number=signal.SIGTERM, validation=False):
        self.step, self.number, self.validation = step, number, validation

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        first = os.environ.get('TORCHELASTIC_RESTART_COUNT', '0') == '0' and runner.rank == runner.world_size - 1
        if runner.iter + 1 == self.step and not self.validation and first:
            os.kill(os.getpid(), self.number)

    def before_val_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter == self.step and self.validation:
            os.kill(os.getpid(), self.number)


def training_state(path):
    """All of a checkpoint that does not depend on the clock, by place."""
    content = torch.load(path, weights_only=True)
    for name in ('epoch', 'iter'):  # for logs; a training goes on by those in meta
        content['message_hub']['runtime_info'].pop(name)
    return dict(_leaves(content, ''))


def _leaves(node, place):
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, (list, tuple)) else None
    if items is None:
        yield place, node
        return
    for key, value in items:
        if key not in _CLOCK and not str(key).endswith(('time', 'memory', '_ckpt')):
            yield from _leaves(value, f'{place}/{key}')


_CLOCK = (
    'cfg',
    'experiment_name',
    'resumed_keys',
    'resume',
    'work_dir',
    'eta',
    'outdated_checkpoints',
    'mmengine_version',
)


def differences(found, expected):
    """The places in which two states differ."""
    return [
        place
        for place in sorted({*found, *expected})
        if not (
            torch.equal(found[place], expected[place])
            if isinstance(found.get(place), torch.Tensor) and isinstance(expected.get(place), torch.Tensor)
            else place in found and place in expected and found[place] == expected[place]
        )
    ]
