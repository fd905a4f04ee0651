import pytest
import torch

from cslrkit.errors import ConfigError
from cslrkit.models.backbones.fusion import FUSIONS
from cslrkit.models.backbones.m2etp import typical_frames
from cslrkit.models.necks.lift_pool import TemporalEnhancedPool
from cslrkit.registry import BACKBONES, NECKS


def test_channels_of_the_streams_are_the_published_ones():
    with torch.device('meta'):
        backbone = BACKBONES.build(dict(type='M2ETP', depth=50))  # stages are as wide as those of depth 101
    channels = {name: spec.channels for name, spec in backbone.stream_specs.items()}
    assert channels == {'main': 2304, 'early': 1144, 'middle': 1408}
    assert {spec.stride for spec in backbone.stream_specs.values()} == {8}


def test_the_frame_nearest_to_the_mean_of_a_segment_is_taken():
    # Grey values of ten frames, in segments of 4, 3 and 3: means 3, 20, 3; the nearest frames are 1, 5 and 8.
    values = torch.tensor([0.0, 2.5, 1.5, 8.0, 5.0, 25.0, 30.0, 0.0, 4.0, 5.0])
    clip = values[None, None, :, None, None].expand(1, 3, 10, 32, 40)
    assert typical_frames(clip, 4)[0, 0, :, 0, 0].tolist() == [2.5, 25.0, 4.0]
    clips = torch.cat([clip, clip.flip(2)])
    layout = clips.contiguous(memory_format=torch.channels_last_3d)
    taken = typical_frames(layout, 4)
    assert taken.shape == (2, 3, 3, 32, 40)
    assert taken.is_contiguous(memory_format=torch.channels_last_3d)


def test_the_fusion_starts_with_a_fast_pathway_that_is_as_it_was():
    fuse = FUSIONS['concat_add'](16, 4, kernel=5, ratio=2, alpha=4)
    slow, fast = torch.randn(1, 16, 2, 3, 3), torch.randn(1, 4, 8, 3, 3)
    joined_slow, joined_fast = fuse([slow, fast])
    assert (fuse.slow_out, fuse.fast_out) == (joined_slow.shape[1], joined_fast.shape[1]) == (24, 4)
    assert torch.equal(joined_fast, fast)
    torch.nn.init.ones_(fuse.weight_f)
    assert not torch.equal(fuse([slow, fast])[1], fast)


def test_enhanced_pooling_starts_with_a_sum_of_both_steps():
    pool, x = TemporalEnhancedPool(4).eval(), torch.randn(2, 4, 9)
    for name in ('filter1', 'filter2'):
        torch.nn.init.zeros_(getattr(pool, name)[2].bias)
    for weight in (pool.weight1, pool.weight2):
        torch.nn.init.zeros_(weight.conv.bias)  # sigmoid(0) - 0.5 = 0
    torch.testing.assert_close(pool(x), x[..., 0:8:2] + x[..., 1:8:2])


def test_a_main_stream_has_a_stack_of_its_own():
    neck = dict(type='MultiStreamTemporalConv', hidden_size=8, kernel_spec=['K5'])
    built = NECKS.build(dict(neck, in_channels={'early': 3, 'main': 4})).eval()
    feats = {'early': torch.randn(1, 3, 9), 'main': torch.randn(1, 4, 9)}
    steps, _ = built(feats, torch.tensor([9]))
    assert list(steps) == ['main', 'early']
    assert torch.equal(steps['main'], built.stacks['main'](feats['main']))
    with pytest.raises(ConfigError, match='needs a backbone of two or more streams'):
        NECKS.build(dict(neck, in_channels={'main': 4}))
