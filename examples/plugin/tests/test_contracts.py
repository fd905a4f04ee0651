"""Each class keeps the contract of its part, whatever its arguments."""

import pytest

from cslrkit.testing import check_backbone, check_decoder, check_loss, check_transform


@pytest.mark.parametrize('cfg', [dict(widths=(4, 8)), dict(widths=(4,), blocks=2, temporal_kernel=5)])
def test_backbone(cfg):
    check_backbone('DepthwiseR2Plus1D', cfg)


@pytest.mark.parametrize('strength', [0.0, 0.1])
def test_loss(strength):
    check_loss('EntropyCTCLoss', dict(source='conv/main', strength=strength))


def test_decoder():
    check_decoder('ThresholdDecoder', dict(threshold=0.3))


@pytest.mark.parametrize('num_masks', [0, 2])
def test_transform(num_masks):
    check_transform('TemporalMask', dict(num_masks=num_masks, max_fraction=0.5))
