"""Backbones: frames to features per frame."""

from cslrkit.models.backbones.cesmm import CESMM
from cslrkit.models.backbones.corrnet import CorrNet
from cslrkit.models.backbones.corrnet_plus import CorrNetPlus
from cslrkit.models.backbones.heat_maps import KeypointHeatMaps
from cslrkit.models.backbones.m2etp import M2ETP
from cslrkit.models.backbones.mska import MSKA
from cslrkit.models.backbones.multi_media import MultiMediaBackbone
from cslrkit.models.backbones.precomputed_features import PrecomputedFeatures
from cslrkit.models.backbones.resnet import ResNet
from cslrkit.models.backbones.sen import SEN
from cslrkit.models.backbones.sign_dagc import SignDAGC
from cslrkit.models.backbones.sign_graph import SignGraph
from cslrkit.models.backbones.slow_only import SlowOnly
from cslrkit.models.backbones.slowfast import SlowFast
from cslrkit.models.backbones.timm_backbone import TimmBackbone
from cslrkit.models.backbones.torchvision_video import TorchvisionVideoBackbone
from cslrkit.models.backbones.ustm import USTM

__all__ = [
    'CESMM',
    'M2ETP',
    'MSKA',
    'SEN',
    'USTM',
    'CorrNet',
    'CorrNetPlus',
    'KeypointHeatMaps',
    'MultiMediaBackbone',
    'PrecomputedFeatures',
    'ResNet',
    'SignDAGC',
    'SignGraph',
    'SlowFast',
    'SlowOnly',
    'TimmBackbone',
    'TorchvisionVideoBackbone',
]
