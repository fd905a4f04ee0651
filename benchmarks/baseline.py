"""Training and testing without the toolkit's shortcuts: what the benchmarks compare with."""

from functools import partial
from typing import Any, Dict

import torch
from mmcv.transforms import BaseTransform
from mmengine.hooks import Hook
from mmengine.model import BaseDataPreprocessor
from torch import nn

from benchmarks.parity.published_model import published_arithmetic
from cslrkit.datasets.transforms import PackSignInputs
from cslrkit.models.backbones.residual3d import ResBlock
from cslrkit.models.heads.padded_lstm import PaddedLSTM
from cslrkit.models.speed.cpu import WholeClipLSTM
from cslrkit.registry import HOOKS, MODELS, TRANSFORMS
from cslrkit.structures.padding import longest_first, normalize_, pad_clips
from cslrkit.structures.temporal_spec import TemporalSpec


def to_published(network: nn.Module) -> nn.Module:
    """Turn a network, in place, into what the published code runs.

    Memory is contiguous, each residual sum a new tensor, and LSTMs run over packed sequences.

    Args:
        network: A SlowFast or SlowOnly backbone, or a recognizer with one.

    Returns:
        The same network.
    """
    published_arithmetic(network)
    for module in network.modules():
        if isinstance(module, ResBlock):
            module.forward = partial(_published_block, module)
        elif isinstance(module, WholeClipLSTM):
            module.__class__ = PaddedLSTM
    return network


def _published_block(block: ResBlock, x: torch.Tensor) -> torch.Tensor:
    residual = block.branch2(x)
    shortcut = block.branch1_bn(block.branch1(x)) if block.projects else x
    return block.relu(shortcut + residual)


@TRANSFORMS.register_module()
class DecodeEveryFrame(BaseTransform):
    """Decode all frames of the clip at once, those that later steps drop included.

    Required and modified keys: ``imgs``.
    """

    def transform(self, results: Dict[str, Any]) -> Dict[str, Any]:
        """Turn the plan of a clip into pixels."""
        return {key: results[key] for key in [*results, 'imgs']}


@TRANSFORMS.register_module()
class PackFloatInputs(PackSignInputs):
    """Pack a clip as normalized floats in (T, C, H, W) memory, as the published feeder does in its workers."""

    def transform(self, results: Dict[str, Any]) -> Dict[str, Any]:
        """Return the packed sample."""
        packed = super().transform(results)
        packed['inputs'] = normalize_(packed['inputs'].contiguous().float(), mean=0.45, std=0.225)
        return packed


@MODELS.register_module()
class FloatPreprocessor(BaseDataPreprocessor):
    """Pad float clips to a batch in contiguous memory.

    Args:
        temporal_spec: Geometry of the temporal stack.
    """

    def __init__(self, *, temporal_spec: TemporalSpec) -> None:
        super().__init__()
        self.temporal_spec = temporal_spec

    def forward(self, data: Dict[str, Any], training: bool = False) -> Dict[str, Any]:
        """Return the batch; ``training`` changes nothing."""
        order = longest_first(data['inputs'])
        clips, samples = ([data[key][position] for position in order] for key in ('inputs', 'data_samples'))
        batch, frame_lens = pad_clips(self.cast_data(clips), self.temporal_spec)
        # The network swaps time and channels: its own input is contiguous then.
        batch = batch.transpose(1, 2).contiguous().transpose(1, 2)
        return dict(inputs=batch, frame_lens=frame_lens, data_samples=samples)


@HOOKS.register_module()
class PublishedNetworkHook(Hook):
    """Run the network as the published code does."""

    def before_train(self, runner) -> None:
        """Change the network in place."""
        to_published(runner.bare_model)
