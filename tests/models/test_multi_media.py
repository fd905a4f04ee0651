"""Two media in one recognizer."""

import pytest
import torch
from mmengine.dataset import pseudo_collate
from small_recognizers import GLOSSES

from cslrkit.engine.config import load_config
from cslrkit.errors import ConfigError, DataError
from cslrkit.models.backbones.example import example_input
from cslrkit.models.speed import prepare_for_inference
from cslrkit.registry import BACKBONES, MODELS
from cslrkit.structures import SignDataSample, StreamSpec

FRAMES = dict(type='SlowOnly', depth=18, width=8, dropout=0.0, alpha=2)
POINTS = dict(type='MSKA', width=4, parts=dict(left=(0, 1), right=(2, 3)), blocks=((1, 3, 2), (2, 3, 1)))


def backbone(**changes):
    media = dict(frames=FRAMES, keypoints=POINTS)
    torch.manual_seed(0)
    return BACKBONES.build(dict(dict(type='MultiMediaBackbone', media=media, step_channels=12), **changes))


def test_streams_come_to_common_steps():
    model = backbone()
    step = dict(stride=2, pooled=True)
    assert model.stream_specs == {
        'frames': StreamSpec(12, **step),
        'keypoints_left': StreamSpec(8, **step),
        'keypoints_right': StreamSpec(8, **step),
    }
    for num_frames, steps in ((8, 4), (9, 5)):
        outputs = model(example_input(model, num_frames))
        shapes = {name: tuple(output.shape) for name, output in outputs.items()}
        assert shapes == {name: (1, spec.channels, steps) for name, spec in model.stream_specs.items()}


def test_media_are_apart_until_the_lateral_weights_are_learnt():
    model = backbone().eval()
    inputs = {medium: torch.randn_like(clip) for medium, clip in example_input(model, 8).items()}
    others = dict(inputs, keypoints=torch.randn_like(inputs['keypoints']))
    with torch.no_grad():
        assert torch.equal(model(inputs)['frames'], model(others)['frames'])
        model.lateral['frames'].weight.fill_(1.0)
        assert not torch.equal(model(inputs)['frames'], model(others)['frames'])


def test_a_medium_starts_from_a_network_that_was_trained_alone(tmp_path):
    torch.manual_seed(1)
    alone = BACKBONES.build(FRAMES)
    state = {f'backbone.{name}': tensor for name, tensor in alone.state_dict().items()}
    torch.save(dict(state_dict=state, meta=dict(cslrkit_version='0')), tmp_path / 'alone.pth')
    weights = dict(type='Pretrained', checkpoint=str(tmp_path / 'alone.pth'), prefix='backbone.')
    model = backbone(media=dict(frames=dict(FRAMES, init_cfg=weights), keypoints=POINTS))
    model.init_weights()
    found = model.media['frames'].state_dict()
    assert all(torch.equal(found[name], tensor) for name, tensor in alone.state_dict().items())


@pytest.mark.parametrize(
    ('changes', 'match'),
    [
        (dict(media=dict(frames=FRAMES)), 'a backbone for each of'),
        (dict(media=dict(rgb=FRAMES, keypoints=POINTS)), 'a backbone for each of'),
        (dict(media=dict(frames=FRAMES, keypoints=dict(POINTS, width=3))), r'media\.keypoints\.width: got 3'),
        (dict(frames_per_step=4), r'the backbones pool \{.keypoints.: 2\} frames'),
        (dict(media=dict(frames=dict(FRAMES, alpha=4), keypoints=POINTS)), 'stream main of frames has a stride of 4'),
    ],
)
def test_media_that_do_not_fit_are_errors(changes, match):
    with pytest.raises(ConfigError, match=match):
        backbone(**changes)


def recognizer():
    torch.manual_seed(0)
    config = load_config('twostream/synthsign.py').model
    media = dict(frames=FRAMES, keypoints=POINTS)
    own = dict(config.backbone, media=media, step_channels=12)
    parts = ('frames', 'keypoints_left', 'keypoints_right')
    groups = dict(both=parts, left=parts[1:2], right=parts[2:], body=parts[1:], keypoints=parts[1:], frames=parts[:1])
    head = dict(type='EnsembleHead', groups=groups, hidden_size=8, ff_size=8)
    return MODELS.build(dict(config, backbone=own, head=head, vocab=GLOSSES))


def clips(lengths, missing=()):
    packed = []
    for index, length in enumerate(lengths):
        media = dict(
            frames=torch.randint(0, 256, (length, 3, 32, 32), dtype=torch.uint8),
            keypoints=torch.rand(length, 4, 3) * 32,
        )
        sample = SignDataSample.create(f'clip{index}', (1, 2), frame_indices=range(length), image_size=(32, 32))
        packed.append(dict(inputs={k: v for k, v in media.items() if k not in missing}, data_samples=sample))
    return packed


def test_a_batch_of_both_is_trained_and_decoded():
    model = recognizer()
    batch = model.data_preprocessor(pseudo_collate(clips((8, 13))), True)
    assert [sample.sample_id for sample in batch['data_samples']] == ['clip1', 'clip0']
    assert {name: tuple(medium.shape) for name, medium in batch['inputs'].items()} == {
        'frames': (2, 14, 3, 32, 32),
        'keypoints': (2, 3, 14, 4),
    }
    losses = model(**batch, mode='loss')
    assert {'ctc_both', 'ctc_frames', 'distill_keypoints'} <= set(losses)
    model.parse_losses(losses)[0].backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)
    assert all(lateral.weight.grad is not None for lateral in model.backbone.lateral.values())
    faster = prepare_for_inference(model.eval())
    one = model.data_preprocessor(pseudo_collate(clips((12,))))
    with torch.no_grad():
        expected, _ = model.log_probs(one['inputs'], one['frame_lens'])
        found, _ = faster.log_probs(one['inputs'], one['frame_lens'])
        halved, _ = prepare_for_inference(model, dtype='bfloat16').log_probs(one['inputs'], one['frame_lens'])
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(halved, expected, atol=0.2, rtol=0.1)
    assert next(iter(model.test_step(pseudo_collate(clips((12,))))[0].hyps)) == 'ensemble/main'


def test_a_missing_medium_or_other_lengths_are_errors():
    model = recognizer()
    with pytest.raises(DataError, match='got frames, expected frames, keypoints'):
        model.data_preprocessor(pseudo_collate(clips((8,), missing=('keypoints',))))
    (packed,) = clips((8,))
    packed['inputs']['keypoints'] = packed['inputs']['keypoints'][:7]
    with pytest.raises(DataError, match=r"sample 'clip0' has media of \{'frames': 8, 'keypoints': 7\} frames"):
        model.data_preprocessor(pseudo_collate([packed]))
    with pytest.raises(DataError, match='MultiMediaBackbone: got no keypoints'):
        model.backbone(dict(frames=torch.zeros(1, 3, 8, 32, 32)))


def test_the_config_of_phoenix_fits():
    config = load_config('twostream/phoenix2014.py').model
    with torch.device('meta'):
        model = MODELS.build(dict(config, vocab=GLOSSES))
    assert {spec.stride for spec in model.backbone.stream_specs.values()} == {4}
    assert set(model.data_preprocessor.media) == {'frames', 'keypoints'}
