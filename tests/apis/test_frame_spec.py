"""How a config brings the frames of a video to its network: size, shape and rate."""

from dataclasses import replace

import numpy as np
import pytest

from cslrkit.apis.infer import frame_spec
from cslrkit.apis.infer.frames import sample_frames
from cslrkit.engine.config import load_config
from cslrkit.engine.stored_config import config_json, stored_config
from cslrkit.errors import ConfigError
from cslrkit.video import ArrayClip


def test_sizes_and_rates_of_a_config(tiny_config):
    config = load_config(tiny_config)
    spec = frame_spec(config)
    assert (spec.size, spec.frame_rate, spec.interval) == ((112, 112), 25.0, 2)
    assert frame_spec(config, frame_size=(210, 260), frame_rate=None).size == (210, 260)
    other = config.copy()
    other.test_dataloader.dataset.frame_subdir = 'frames'
    with pytest.raises(ConfigError, match='--frame-size'):
        frame_spec(other)
    daily = frame_spec(load_config('configs/slowfast/csl-daily.py'))
    assert (daily.size, daily.crop_top, daily.bilinear, daily.frame_rate) == ((256, 256), 40, True, None)


@pytest.mark.parametrize(
    ('fit', 'done', 'columns'),
    [
        ('stretch', 'they are stretched', (8, 24)),
        ('crop', 'their sides are cut off', (0, 32)),
        ('pad', 'black', (8, 24)),
    ],
)
def test_a_picture_of_another_shape_is_fitted_and_told(tiny_config, fit, done, columns):
    image = np.zeros((20, 40, 3), np.uint8)  # twice as wide as high, its middle half white
    image[:, 10:30] = 255
    spec = replace(frame_spec(load_config(tiny_config), fit=fit), size=(32, 32), bilinear=True, interval=1)
    clip = ArrayClip(np.stack([image] * 2), frame_rate=25)
    frames = list(sample_frames(clip, spec))
    middle = np.flatnonzero(frames[0].image[16, :, 0] > 128)
    assert (middle[0], middle[-1] + 1) == columns
    assert bool(frames[0].image[2].any()) == (fit != 'pad')
    (note,) = clip.notes
    assert note.startswith(f"'array' has frames of 40x20, another shape than in training: {done}")
    square = ArrayClip(np.zeros((2, 20, 20, 3), np.uint8), frame_rate=25)
    assert len(list(sample_frames(square, spec))) == 2
    assert square.notes == []


def test_the_rule_of_fitting_travels_in_the_checkpoint(tiny_config):
    assert frame_spec(load_config(tiny_config)).fit == 'crop'
    custom = load_config(tiny_config, {'test_dataloader.dataset.corpus': 'custom'})
    assert frame_spec(custom, frame_size=(64, 64)).fit == 'stretch'
    own = load_config(tiny_config, {'fit': 'pad'})
    assert frame_spec(stored_config(dict(cfg=config_json(own)), where='x')).fit == 'pad'
