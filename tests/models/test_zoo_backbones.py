import pytest
import torch

from cslrkit.models.backbones.corrnet_plus import ClipCorrelation
from cslrkit.models.backbones.enhancement import TemporalEnhancement
from cslrkit.registry import BACKBONES


@pytest.mark.parametrize('neighbours', [1, 3])
def test_clip_correlation_is_the_sum_over_places_of_neighbouring_frames(neighbours):
    torch.manual_seed(0)
    module = ClipCorrelation(16, neighbours).double()
    torch.nn.init.uniform_(module.weights2)
    x = torch.randn(2, 16, 5, 2, 3, dtype=torch.float64)
    pooled = module.attpool(x)
    assert pooled.shape == (2, 16, 5, 1)
    projected, expected = module.down_conv2(x), torch.zeros(2, 16, 5, dtype=torch.float64)
    for n in range(2):
        for t in range(5):
            frame = x[n, :, t].flatten(1)
            query = (frame.mean(1) + frame.max(1).values + pooled[n, :, t, 0]) / 3
            for weight, offset in zip(module.weights2, module.offsets):
                if 0 <= t + offset < 5:  # frames outside of the clip are 0
                    for key in (weight * projected[n, :, t + offset]).flatten(1).T:
                        expected[n, :, t] += key * ((query @ key).sigmoid() - 0.5)
    torch.testing.assert_close(module.gathered(x), expected)
    torch.testing.assert_close(module(x), expected[..., None, None] * module.places(x))


def test_temporal_enhancement_starts_at_nothing_and_weighs_whole_frames():
    torch.manual_seed(0)
    module, x = TemporalEnhancement(16, 5), torch.rand(1, 16, 6, 4, 4) + 1
    assert not module(x).any()
    torch.nn.init.ones_(module.alpha)
    factors = module(x) / x
    assert factors.abs().max() < 0.5
    torch.testing.assert_close(factors, factors[..., :1, :1].expand_as(factors))


@pytest.mark.parametrize('name', ['SEN', 'CorrNetPlus', 'SignGraph', 'SignDAGC'])
def test_checkpointing_changes_no_result(name):
    clip, results = torch.randn(1, 3, 8, 32, 32), []
    for with_cp in (False, True):
        torch.manual_seed(1)
        network = BACKBONES.build(dict(type=name, width=16, with_cp=with_cp)).train()
        features = network(clip)['main']
        features.square().sum().backward()
        results.append((features, network.conv1.weight.grad))
    assert torch.equal(results[0][0], results[1][0])
    torch.testing.assert_close(results[0][1], results[1][1])
