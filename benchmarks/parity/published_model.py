"""Builds and fills the recognizer that a golden case of the published network describes."""

import ast
import zlib
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np
import torch
from mmengine.model import BaseDataPreprocessor
from torch import nn
from torchvision.ops import StochasticDepth

from cslrkit.errors import ConfigError, DataError
from cslrkit.models.losses import published_losses
from cslrkit.models.recognizers import CSLRRecognizer
from cslrkit.models.weights.names import published_names
from cslrkit.registry import nearest
from cslrkit.utils.checks import one_of

# kaistmm/SlowFastSign 37d1b6c: slowfast_modules/configs, fuse_helper.py and modules/tconv.py.
_YAML_FILES = {
    'SLOWFAST_64x2_R101_50_50.yaml': dict(depth=101, layout='64x2'),
    'SLOWFAST_32x2_R101_50_50.yaml': dict(depth=101, layout='32x2'),
    'SLOWFAST_8x8_R50.yaml': dict(depth=50, layout='8x8'),
    'SLOWFAST_8x8_R18.yaml': dict(depth=18, layout='8x8'),
}
_FUSIONS = {
    'FuseFastToSlow': 'fast_to_slow',
    'FuseBiCat': 'bi_concat',
    'FuseBiAdd': 'bi_add',
    'FuseBiAdd2': 'bi_add2',
}
_YAML_KEYS = {
    'SLOWFAST.FUSE': 'fusion',
    'SLOWFAST.ALPHA': 'alpha',
    'SLOWFAST.BETA_INV': 'beta_inv',
    'SLOWFAST.FUSION_CONV_CHANNEL_RATIO': 'fusion_ratio',
    'SLOWFAST.FUSION_KERNEL_SZ': 'fusion_kernel',
    'RESNET.DEPTH': 'depth',
    'RESNET.WIDTH_PER_GROUP': 'width',
    'RESNET.NUM_BLOCK_TEMP_KERNEL': 'temporal_blocks',
    'MODEL.DROPOUT_RATE': 'dropout',
}
KERNEL_SPECS = (
    ('K3',),
    ('K5', 'P2'),
    ('K5', 'P2', 'K5', 'P2'),
    ('K5', 'K5', 'P2'),
    ('K5', 'K5'),
    ('K5', 'P2', 'K5'),
    ('P2', 'K5', 'K5'),
    ('P2', 'K5', 'P2', 'K5'),
    ('P2', 'P2', 'K5', 'K5'),
    ('K5', 'K5', 'P2'),
    ('K5', 'K5'),
)
_KWARGS = {
    'num_classes': None,
    'c2d_type': None,
    'conv_type': None,
    'slowfast_config': None,
    'slowfast_args': (),
    'load_pkl': False,
    'use_bn': False,  # the published layers ignore it: batch norm is always there
    'hidden_size': 1024,
    'weight_norm': True,
    'share_classifier': 1,
}


def build_recognizer(
    kwargs: Mapping[str, Any], loss_weights: Mapping[str, float], *, multi_stream: bool
) -> CSLRRecognizer:
    """Return the recognizer of the published model's arguments; glosses are ``G001``, ``G002``, ...

    Args:
        kwargs: Arguments of the published ``SLRModel``.
        loss_weights: Its loss weights.
        multi_stream: Whether it is the model of three streams (``slr_network_multi.py``).

    Raises:
        ConfigError: For an argument that nothing here corresponds to.
    """
    for name in kwargs:
        if name not in _KWARGS:
            raise ConfigError(f'the published SLRModel has no such argument.{nearest(name, _KWARGS)}', path=name)
    missing = [name for name, default in _KWARGS.items() if default is None and name not in kwargs]
    if missing:
        raise ConfigError('the published SLRModel needs it.', path=missing[0])
    arguments = {**_KWARGS, **kwargs}
    conv_type = one_of('conv_type', arguments['conv_type'], range(len(KERNEL_SPECS)))
    share = int(one_of('share_classifier', arguments['share_classifier'], (0, 1, 2)))
    return CSLRRecognizer(
        dict(type='SlowFast', with_cp=True, **slowfast_arguments(arguments)),
        dict(
            type='MultiStreamTemporalConv' if multi_stream else 'TemporalConv',
            kernel_spec=KERNEL_SPECS[conv_type],
            hidden_size=arguments['hidden_size'],
        ),
        head=dict(
            type='BiLSTMHead',
            classifier='norm_linear' if arguments['weight_norm'] else 'linear',
            # With one stream the published argument is a truth value.
            share_classifier=('none', 'stream', 'all')[share if multi_stream else min(share, 1)],
        ),
        losses=published_losses(loss_weights),
        decoder=dict(type='BeamDecoder', beam_width=10),
        vocab=[f'G{index:03d}' for index in range(1, arguments['num_classes'])],
        data_preprocessor=BaseDataPreprocessor(),
    )


def slowfast_arguments(arguments: Mapping[str, Any]) -> Dict[str, Any]:
    """Return :class:`SlowFast`'s arguments for a published yaml file and ``slowfast_args``.

    Raises:
        ConfigError: For a file or a key that nothing here corresponds to.
    """
    yaml_file = one_of('slowfast_config', arguments['slowfast_config'], _YAML_FILES)
    result: Dict[str, Any] = dict(_YAML_FILES[yaml_file])
    overrides = list(arguments['slowfast_args'])
    for key, value in zip(overrides[::2], overrides[1::2]):
        if key not in _YAML_KEYS:
            raise ConfigError(f'got {key!r}, which SlowFast has no argument for.', path='slowfast_args')
        result[_YAML_KEYS[key]] = _yaml_value(key, value)
    if (result['depth'] == 18) != (_YAML_FILES[yaml_file]['depth'] == 18):
        raise ConfigError('depth 18 has blocks of another kind; take its own yaml file.', path='slowfast_args')
    named = f'slowfast{result["depth"]}'
    # The published `slowfast18` cannot be called with these arguments, so for depth 18 another name
    # stands with its yaml file; the yaml file decides.
    if result['depth'] != 18 and arguments['c2d_type'] != named:
        raise ConfigError(f'got {arguments["c2d_type"]!r}, expected {named!r} as the yaml file says.', path='c2d_type')
    one_of('c2d_type', arguments['c2d_type'], ('slowfast18', 'slowfast50', 'slowfast101'))
    return result


def _yaml_value(key: str, value: Any) -> Any:
    if key == 'SLOWFAST.FUSE':
        return _FUSIONS[one_of('slowfast_args', value, _FUSIONS)]
    value = ast.literal_eval(value) if isinstance(value, str) else value  # as fvcore's merge_from_list does
    if key == 'RESNET.NUM_BLOCK_TEMP_KERNEL':
        if any(slow != fast for slow, fast in value):
            raise ConfigError(f'got {value!r}, expected equal numbers for slow and fast.', path='slowfast_args')
        return [slow for slow, _ in value]
    return value


def published_shapes(recognizer: nn.Module) -> List[List[Any]]:
    """Return ``[name, shape]`` of each tensor of the published state dict, in its order."""
    state = recognizer.state_dict()
    return [[published, list(state[own].shape)] for published, own in published_names(state)]


def fill_by_rule(
    recognizer: nn.Module,
    exceptions: Optional[Callable[[str, np.ndarray], Any]] = None,
    *,
    kept: Tuple[str, ...] = (),
) -> None:
    """Fill every tensor with numbers that its published name determines.

    Args:
        recognizer: What is filled.
        exceptions: Returns for a published name and its noise what takes the rule's place, or None.
        kept: Ends of names that keep their values.
    """
    state = recognizer.state_dict()
    # Of several names of one tensor the last one counts; the others need not be computed.
    last = {own: published for published, own in published_names(state) if not (kept and own.endswith(kept))}
    filled = {own: _fill_value(name, tuple(state[own].shape), exceptions) for own, name in last.items()}
    recognizer.load_state_dict({**state, **filled})


def _fill_value(
    name: str, shape: Sequence[int], exceptions: Optional[Callable[[str, np.ndarray], Any]] = None
) -> torch.Tensor:
    noise = np.random.RandomState(zlib.crc32(name.encode())).standard_normal(shape)
    special = None if exceptions is None else exceptions(name, noise)
    if special is not None:
        return torch.from_numpy(np.asarray(special, dtype=np.float32))
    if name.endswith('num_batches_tracked'):
        return torch.zeros(shape, dtype=torch.int64)
    if name.endswith('running_var'):
        noise = 1 + 0.1 * np.abs(noise)
    elif name.endswith('running_mean'):
        noise = 0.1 * noise
    elif name.endswith(('weight_s', 'weight_f')):
        noise = 0.3 + 0.1 * noise
    elif len(shape) == 1:
        noise = 1 + 0.1 * noise if name.endswith('weight') else 0.1 * noise
    else:
        noise = noise / np.sqrt(np.prod(shape[1:]))
    return torch.from_numpy(np.asarray(noise, dtype=np.float32))


def published_arithmetic(recognizer: nn.Module) -> None:
    """Add in the order of the recording: weights lie row by row.

    Another order gives other roundings, and a deep network in training mode amplifies that.
    """
    for parameter in recognizer.parameters():
        # `contiguous()` would keep the strides of kernels of size 1, which fit both layouts.
        parameter.data = parameter.data.new_empty(parameter.shape).copy_(parameter.data)


def disable_dropout(recognizer: nn.Module) -> None:
    """Set every probability of dropping something to 0."""
    for module in recognizer.modules():
        if isinstance(module, (nn.Dropout, StochasticDepth)):
            module.p = 0.0
        elif isinstance(module, nn.RNNBase):
            module.dropout = 0.0


def split_labels(labels: Sequence[int], lengths: Sequence[int]) -> List[List[int]]:
    """Split concatenated labels into those of each clip.

    Raises:
        DataError: If the lengths do not add up.
    """
    if sum(lengths) != len(labels):
        raise DataError(f'label_lengths: got a sum of {sum(lengths)}, expected the {len(labels)} labels.')
    parts, start = [], 0
    for length in lengths:
        parts.append(list(labels[start : start + length]))
        start += length
    return parts
