import pytest
import torch
from small_recognizers import SMALL_BACKBONES

from cslrkit.errors import ConfigError, DataError
from cslrkit.models.backbones.frames import pool_frames, upsample_time
from cslrkit.models.backbones.fusion import FUSIONS
from cslrkit.models.backbones.slowfast import LAYOUTS
from cslrkit.registry import BACKBONES
from cslrkit.structures import StreamSpec


def test_every_registered_backbone_is_tested():
    ours = {name for name in BACKBONES.names() if BACKBONES.lookup(name).__module__.startswith('cslrkit.')}
    of_other_media = {name for name in ours if hasattr(BACKBONES.lookup(name), 'data_preprocessor')}
    assert ours - of_other_media == set(SMALL_BACKBONES)


@pytest.mark.parametrize('name', SMALL_BACKBONES)
@pytest.mark.parametrize('size', [(32, 32), (40, 48)])
def test_a_feature_per_frame_for_any_size_and_length(name, size):
    torch.manual_seed(0)
    backbone = BACKBONES.build(dict(type=name, **SMALL_BACKBONES[name]))
    for num_frames in (8, 9):  # 9 is not a multiple of alpha
        outputs = backbone(torch.randn(2, 3, num_frames, *size))
        shapes = {stream: tuple(output.shape) for stream, output in outputs.items()}
        assert shapes == {stream: (2, spec.channels, num_frames) for stream, spec in backbone.stream_specs.items()}
    sum(output.square().sum() for output in outputs.values()).backward()
    assert all(parameter.grad is not None for parameter in backbone.parameters() if parameter.requires_grad)


@pytest.mark.parametrize('name', SMALL_BACKBONES)
def test_a_batch_equals_its_clips_alone(name):
    torch.manual_seed(0)
    backbone = BACKBONES.build(dict(type=name, **SMALL_BACKBONES[name])).eval()
    clips = torch.randn(2, 3, 8, 32, 32)
    with torch.no_grad():
        batch = backbone(clips)
        for index in range(2):
            for stream, alone in backbone(clips[index : index + 1]).items():
                torch.testing.assert_close(alone[0], batch[stream][index])


@pytest.mark.parametrize('fusion', FUSIONS)
@pytest.mark.parametrize('depth', [18, 50])
def test_every_fusion_runs_and_trains(fusion, depth):
    torch.manual_seed(0)
    backbone = BACKBONES.build(dict(type='SlowFast', depth=depth, fusion=fusion, width=8, dropout=0.0))
    outputs = backbone(torch.randn(1, 3, 8, 32, 32))
    assert {stream: output.shape[1] for stream, output in outputs.items()} == {'slow': 256, 'fast': 32}
    sum(output.square().sum() for output in outputs.values()).backward()
    assert backbone.s1.pathway1_stem.conv.weight.grad.abs().sum() > 0


def test_additive_fusions_start_as_no_fusion():
    torch.manual_seed(0)
    pathways = [torch.randn(1, 16, 2, 4, 4), torch.randn(1, 2, 8, 4, 4)]
    for name in ('bi_add', 'bi_add2'):
        fused = FUSIONS[name](16, 2, kernel=5, ratio=2, alpha=4)(pathways)
        for one, other in zip(fused, pathways):
            torch.testing.assert_close(one, other)


def test_layouts_are_the_published_ones():
    kernels = {'8x8': 7, '32x2': 5, '64x2': 5}
    for layout, kernel in kernels.items():
        backbone = BACKBONES.build(dict(type='SlowFast', depth=50, layout=layout, width=8))
        assert backbone.s1_fuse.conv_f2s.kernel_size == (kernel, 1, 1)
        assert isinstance(backbone.s1_fuse, FUSIONS[LAYOUTS[layout]['fusion']])
        assert backbone.dropout.p == (0.0 if layout == '8x8' else 0.5)


def test_published_initialization():
    torch.manual_seed(0)
    backbone = BACKBONES.build(dict(type='SlowFast', depth=50, layout='8x8', width=64))
    block = backbone.s2.pathway0_res0
    assert block.branch2.c_bn.weight.abs().max() == 0
    assert block.branch1_bn.weight.min() == 1
    # Kaiming, fan out: 64 outputs of a 1 x 3 x 3 kernel, variance 2 / 576.
    assert block.branch2.b.weight.var().item() == pytest.approx(2 / 576, rel=0.05)


def test_dropout_is_exact_at_zero_and_drops_otherwise():
    torch.manual_seed(0)
    clip = torch.randn(1, 3, 8, 32, 32)
    backbone = BACKBONES.build(dict(type='SlowFast', depth=18, width=8, dropout=0.5))
    with torch.no_grad():
        kept = backbone.eval()(clip)['slow']
        backbone.dropout.train()
        dropped = backbone(clip)['slow']
    assert bool(((dropped == 0) | torch.isclose(dropped, 2 * kept)).all())
    assert 0.3 < (dropped[kept != 0] == 0).float().mean().item() < 0.7


def test_upsampling_repeats_each_slow_step():
    steps = torch.tensor([[[1.0, 2.0, 3.0]]])
    assert upsample_time(steps, 4, 12).tolist() == [[[1.0] * 4 + [2.0] * 4 + [3.0] * 4]]
    # Nine frames: the third step was sampled at frame 8.
    assert upsample_time(steps, 4, 9).tolist() == [[[1.0] * 4 + [2.0] * 4 + [3.0]]]
    assert upsample_time(steps[..., None, None], 4, 9).shape == (1, 1, 9, 1, 1)


def test_pooling_is_the_mean_and_the_published_window():
    x = torch.randn(2, 3, 4, 7, 7)
    torch.testing.assert_close(pool_frames(x), x.mean((3, 4)))
    published = torch.nn.AvgPool3d((1, 7, 7), stride=1)(x)[..., 0, 0]
    assert torch.equal(pool_frames(x), published)
    last = x.to(memory_format=torch.channels_last_3d)
    torch.testing.assert_close(pool_frames(last), published)


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(depth=34), r'depth: got 34, expected one of 18, 50, 101'),
        (dict(layout='64x3'), r"layout: got '64x3'.*'64x2'"),
        (dict(fusion='biadd'), r"fusion: got 'biadd'.*Did you mean 'bi_add'"),
        (dict(fusion_kernel=4), r'fusion_kernel: got 4, expected an odd kernel'),
        (dict(width=20), r'width: got 20, expected a multiple of beta_inv=8'),
        (dict(alpha=0), r'alpha: got 0, expected a positive integer'),
        (dict(temporal_blocks=[1, 2]), r'temporal_blocks: got \[1, 2\], expected four numbers'),
        (dict(dept=18), r"dept: SlowFast has no argument 'dept'. Did you mean 'depth'"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ConfigError, match=message):
        BACKBONES.build(dict(type='SlowFast', **arguments))


def test_unknown_torchvision_weights_are_named():
    with pytest.raises(ConfigError, match=r"weights: got 'IMAGENET'.*'IMAGENET1K_V1'"):
        BACKBONES.build(dict(type='ResNet', weights='IMAGENET'))


def test_an_input_that_is_no_clip_is_refused():
    with pytest.raises(DataError, match=r'got the shape \(2, 8, 3, 32, 32\), expected \(N, 3, T, H, W\)'):
        BACKBONES.build(dict(type='ResNet'))(torch.zeros(2, 8, 3, 32, 32))


def test_a_pool_grid_keeps_the_place():
    config = dict(type='SlowFast', depth=18, width=8, dropout=0.0, pool_grid=2)
    network = BACKBONES.build(config).eval()
    assert network.stream_specs == {'slow': StreamSpec(32 * 8 * 4, stride=4), 'fast': StreamSpec(32 * 4)}
    clip = torch.randn(1, 3, 8, 64, 64)
    plain = BACKBONES.build(dict(config, pool_grid=1)).eval()
    plain.load_state_dict(network.state_dict())
    with torch.no_grad():
        cells, whole = network(clip), plain(clip)
    for name, stream in cells.items():
        assert stream.shape == (1, network.stream_specs[name].channels, 8)
        # The last map is 2 x 2: a cell is a pixel of it, and the mean of the cells is the average.
        torch.testing.assert_close(stream.unflatten(1, (-1, 4)).mean(2), whole[name])
