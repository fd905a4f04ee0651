"""What the classes compute, by hand-worked values."""

import random

import numpy as np
import pytest
import torch

from cslrkit.errors import ConfigError
from cslrkit.registry import BACKBONES, DECODERS, LOSSES, TRANSFORMS


def test_entropy_is_taken_off_the_loss():
    # One step of a clip, uniform over 4 classes: CTC of one gloss is log 4, the entropy too.
    logits = {'conv/main': torch.zeros(1, 1, 4)}
    arguments = (logits, torch.tensor([1]), [torch.tensor([2])])
    for strength, expected in ((0.0, 1.0), (0.25, 0.75)):
        loss = LOSSES.build(dict(type='EntropyCTCLoss', source='conv/main', strength=strength))
        assert float(loss(*arguments)) == pytest.approx(expected * np.log(4))


def test_a_gloss_below_the_threshold_is_left_out():
    log_probs = torch.tensor([[[0.4, 0.6, 0.0], [0.9, 0.1, 0.0], [0.1, 0.0, 0.9]]]).log()
    found = [
        DECODERS.build(dict(type='ThresholdDecoder', threshold=threshold))(log_probs, [3])[0].gloss_ids
        for threshold in (0.5, 0.7, 0.95)
    ]
    assert found == [(1, 2), (2,), ()]
    (hyp,) = DECODERS.build(dict(type='ThresholdDecoder', threshold=0.7))(log_probs, [3])
    assert hyp.confidences == pytest.approx((0.9,))
    assert [entry.gloss_ids for entry in hyp.nbest] == [(2,)]


def test_masks_have_the_mean_colour():
    random.seed(3)
    images = np.zeros((20, 2, 2, 3), dtype=np.uint8)
    images[..., 0] = np.arange(0, 200, 10).reshape(20, 1, 1)  # mean 95
    transform = TRANSFORMS.build(dict(type='TemporalMask', num_masks=1, max_fraction=0.5))
    masked = transform(dict(imgs=images))['imgs']
    changed = np.flatnonzero((masked != images).any(axis=(1, 2, 3)))
    assert 0 < len(changed) <= 10
    assert changed.tolist() == list(range(changed[0], changed[0] + len(changed)))
    assert (masked[changed] == (95, 0, 0)).all()


@pytest.mark.parametrize(
    ('registry', 'cfg', 'message'),
    [
        (
            BACKBONES,
            dict(type='DepthwiseR2Plus1D', temporal_kernel=4),
            'temporal_kernel: got 4, expected an odd kernel',
        ),
        (BACKBONES, dict(type='DepthwiseR2Plus1D', widths=()), 'widths: got no widths'),
        (LOSSES, dict(type='EntropyCTCLoss', source='conv/main', strength=-1), 'strength: got -1'),
        (DECODERS, dict(type='ThresholdDecoder', threshold=2), 'threshold: got 2, expected a probability'),
        (TRANSFORMS, dict(type='TemporalMask', max_fraction=2), 'max_fraction: got 2'),
    ],
)
def test_wrong_arguments_say_so(registry, cfg, message):
    with pytest.raises(ConfigError, match=message):
        registry.build(cfg)
