"""A plugin of cslrkit: importing this package registers its classes."""

from cslrkit_example.depthwise_r2plus1d import DepthwiseR2Plus1D
from cslrkit_example.entropy_ctc_loss import EntropyCTCLoss
from cslrkit_example.temporal_mask import TemporalMask
from cslrkit_example.threshold_decoder import ThresholdDecoder

__all__ = ['DepthwiseR2Plus1D', 'EntropyCTCLoss', 'TemporalMask', 'ThresholdDecoder']
