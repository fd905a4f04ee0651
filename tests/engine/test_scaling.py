"""Two processes on the CPU train as one process with the same global batch does, whatever the strategy."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

REPO = Path(__file__).parents[2]
STEPS = 4

# Batch norms use running statistics and nothing is drawn, not even the first of every second frame: a loss is the mean
# over clips.
CONFIG = """
_base_ = '{repo}/configs/starter/resnet18_linear_synthsign.py'
data_root = '{corpus}'
custom_imports = dict(imports=['scaling_parts'], allow_failed_imports=False)
model = dict(neck=dict(hidden_size=16, kernel_spec=['K5', 'P2']), backbone=dict(_delete_=True, type='PooledPixels'))
train_dataloader = dict(
    batch_size=4,
    num_workers=0,
    persistent_workers=False,
    dataset=dict(pipeline=_base_.val_dataloader.dataset.pipeline, frame_interval=1),
)
val_dataloader = dict(num_workers=0, persistent_workers=False)
test_dataloader = dict(num_workers=0, persistent_workers=False)
optim_wrapper = dict(
    _delete_=True,
    type='GuardedOptimWrapper',
    optimizer=dict(type='SGD', lr=0.02, momentum=0.9),
    clip_grad=dict(max_norm=2.0),
)
# mmengine ends a schedule with the training, of which the job that is broken off has half.
param_scheduler = [dict(type='MultiStepLR', milestones=[1], gamma=0.5, end=2)]
train_cfg = dict(max_epochs=2)
custom_hooks = [dict(type='RecordMeanLoss')]
default_hooks = dict(sync_buffers=None)
"""

PARTS = """
import json
import torch
from mmengine import dist
from mmengine.hooks import Hook
from torch import nn
from torch.nn.functional import adaptive_avg_pool3d
from cslrkit.registry import BACKBONES, HOOKS

@BACKBONES.register_module()
class PooledPixels(nn.Module):
    def __init__(self):
        super().__init__()
        self.out_channels = dict(main=24)
        self.linear = nn.Conv1d(48, 24, 1)
        self.scale = 1.0

    def forward(self, x):
        pooled = adaptive_avg_pool3d(x, (x.shape[2], 4, 4)) * self.scale
        return dict(main=self.linear(pooled.transpose(2, 1).flatten(2).transpose(1, 2)))

@HOOKS.register_module()
class RecordMeanLoss(Hook):
    def before_train_iter(self, runner, batch_idx, data_batch=None):
        # The last process has a bad batch in the second step, which all must leave out.
        bad = runner.iter == 1 and runner.rank == runner.world_size - 1
        runner.bare_model.backbone.scale = float('nan') if bad else 1.0
        for module in runner.bare_model.modules():
            if isinstance(module, nn.BatchNorm1d):
                module.eval()

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        runner.bare_model.backbone.scale = 1.0
        loss = torch.tensor(outputs['loss'])
        dist.all_reduce(loss, op='mean')
        if runner.rank == 0:
            with open(runner.work_dir + '/losses.jsonl', 'a') as file:
                file.write(json.dumps(loss.item()) + chr(10))
"""

# It ends as the tools do: gloo's threads can abort a process that ends otherwise.
DRIVER = """
import sys
from cslrkit.apis import train_model
from cslrkit.engine.config import load_config
from cslrkit.utils.cli import run_tool

def main():
    config, launcher, *jobs = sys.argv[1:]
    for job in jobs:
        work_dir, strategy, batch_size, accumulation, epochs, resume = job.split(',')
        options = {
            'train_dataloader.batch_size': int(batch_size),
            'optim_wrapper.accumulative_counts': int(accumulation),
            'train_cfg.max_epochs': int(epochs),
        }
        train_model(load_config(config, options), work_dir, launcher=launcher, seed=1,
                    strategy=strategy or None, resume=resume == 'resume')

run_tool(main)
"""


@pytest.fixture(scope='module')
def scene(tmp_path_factory, tiny_corpus):
    """A folder with the config, its parts and the driver."""
    root = tmp_path_factory.mktemp('scaling')
    (root / 'config.py').write_text(CONFIG.format(repo=REPO, corpus=tiny_corpus))
    (root / 'scaling_parts.py').write_text(PARTS)
    (root / 'driver.py').write_text(DRIVER)
    return root


def train(scene, *jobs, processes=1):
    """Train each of ``jobs``: work dir, strategy, batch size, accumulation, epochs, and whether to resume."""
    launch = ['-m', 'torch.distributed.run', '--standalone', f'--nproc_per_node={processes}'] if processes > 1 else []
    launcher = 'pytorch' if processes > 1 else 'none'
    command = [sys.executable, *launch, 'driver.py', 'config.py', launcher, *(','.join(map(str, job)) for job in jobs)]
    places = [str(scene), str(REPO), *filter(None, [os.environ.get('PYTHONPATH')])]
    environment = {**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHONPATH': os.pathsep.join(places)}
    done = subprocess.run(command, cwd=scene, env=environment, capture_output=True, text=True, timeout=550, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def result(scene, work_dir):
    """Losses of all steps and the last weights."""
    losses = [json.loads(line) for line in (scene / work_dir / 'losses.jsonl').read_text().splitlines()]
    checkpoint = torch.load(scene / work_dir / 'epoch_2.pth', weights_only=True)
    return torch.tensor(losses), checkpoint['state_dict']


@pytest.fixture(scope='module')
def alone(scene):
    """One process with batches of 4 clips."""
    train(scene, ('alone', '', 4, 1, 2, ''))
    return result(scene, 'alone')


def check_equal(found, expected):
    """Losses and weights agree to float32 rounding, which differs because sums have another order."""
    assert len(expected[0]) == STEPS
    assert len(set(expected[0].tolist())) == STEPS  # each step changed something
    assert expected[0].isnan().tolist() == [False, True, False, False]
    torch.testing.assert_close(found[0], expected[0], rtol=2e-5, atol=0, equal_nan=True)
    assert found[1].keys() == expected[1].keys()
    for name, value in expected[1].items():
        torch.testing.assert_close(found[1][name], value, rtol=1e-4, atol=2e-6, msg=name)


def broken_off(name, strategy):
    """Jobs that train an epoch, and then resume for the second."""
    return [(name, strategy, 2, 1, 1, ''), (name, strategy, 2, 1, 2, 'resume')]


@pytest.mark.slow
def test_data_parallelism_and_fsdp_equal_one_process(scene, alone):
    jobs = [('ddp', '', 2, 1, 2, ''), *broken_off('fsdp', 'fsdp')]
    output = train(scene, *jobs, processes=2)
    check_equal(result(scene, 'ddp'), alone)
    check_equal(result(scene, 'fsdp'), alone)
    assert 'resumed from' in output
    assert 'after epoch 1' in output
    assert output.count('batch norms are not synchronized') == len(jobs)


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec('deepspeed') is None, reason='no deepspeed: make test-deepspeed')
@pytest.mark.parametrize('stage', ['zero2', 'zero3'])
def test_deepspeed_equals_one_process(scene, alone, stage):
    strategy = f'deepspeed_{stage}'
    train(scene, *broken_off(stage, strategy), processes=2)
    check_equal(result(scene, stage), alone)
    assert (scene / stage / 'epoch_2.deepspeed').is_dir()
