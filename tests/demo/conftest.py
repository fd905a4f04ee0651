"""A checkpoint and videos for the demo."""

import numpy as np
import pytest

from cslrkit.apis.infer import VideoWriter
from cslrkit.corpora.synthsign import render_videos


@pytest.fixture(scope='session')
def demo_checkpoint(untrained_checkpoint):
    """A work directory with an untrained network."""
    return untrained_checkpoint.parent


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
