"""A checkpoint and videos for the demo."""

import numpy as np
import pytest
import torch

import cslrkit
from cslrkit.engine.config import load_config
from cslrkit.inference import VideoWriter
from cslrkit.registry import MODELS
from cslrkit.testing.synthetic import render_videos
from cslrkit.utils.tensor_files import write_tensor_file


@pytest.fixture(scope='session')
def demo_checkpoint(tiny_config, tmp_path_factory):
    """A work directory with an untrained network, whose outputs depend on what it sees."""
    config = load_config(tiny_config)
    torch.manual_seed(0)
    model = MODELS.build(config.model)
    with torch.no_grad():
        for name, value in model.named_parameters():
            if name.startswith('head.classifiers'):
                value.mul_(12)
    folder = tmp_path_factory.mktemp('demo_checkpoint')
    meta = dict(cfg=config.pretty_text, vocab=model.vocab.glosses, cslrkit_version=cslrkit.__version__)
    write_tensor_file(folder / 'net.pth', model.state_dict(), meta)
    (folder / 'best_checkpoint').write_text('net.pth')
    return folder


@pytest.fixture(scope='session')
def demo_video(tiny_corpus, tmp_path_factory):
    """A sentence as a video that browsers play."""
    return render_videos(tiny_corpus, count=1, out_dir=tmp_path_factory.mktemp('demo'), suffix='.webm')[0]


@pytest.fixture
def write_noise(tmp_path):
    """Write a video of noise; returns its path."""

    def write(name, frames=30, size=(112, 112), rate=25):
        writer = VideoWriter(tmp_path / name, rate)
        image = np.random.default_rng(0).integers(0, 255, (*size[::-1], 3), dtype=np.uint8)
        for shift in range(frames):
            writer.write(np.roll(image, shift, axis=1))
        writer.close()
        return tmp_path / name

    return write
