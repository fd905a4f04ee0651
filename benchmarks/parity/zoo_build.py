"""Builds and fills the recognizer of the zoo that a golden case describes."""

import re
from pathlib import Path
from typing import Any, Callable, Dict, List, Tuple

import numpy as np
import torch
from mmengine.config import Config
from mmengine.model import BaseDataPreprocessor
from torch import nn

from benchmarks.parity.published_model import (
    KERNEL_SPECS,
    fill_by_rule,
    published_arithmetic,
    published_shapes,
    split_labels,
)
from benchmarks.parity.ustm_unused import with_unused
from cslrkit.errors import DataError
from cslrkit.models.losses import published_losses
from cslrkit.registry import MODELS
from cslrkit.structures import SignDataSample

MODELS_FOLDER = Path(__file__).resolve().parents[2] / 'configs' / '_base_' / 'models'
# Repository of a case -> name of the network, and the config that is judged.
_NETWORKS = {
    'VIPL-SLP/VAC_CSLR': ('VAC', 'vac_r18.py'),
    'hulianyuyy/CorrNet': ('CorrNet', 'corrnet_r18.py'),
    'hulianyuyy/Temporal-Lift-Pooling': ('TLP', 'tlp_r18.py'),
    'hulianyuyy/SEN_CSLR': ('SEN', 'sen_r18.py'),
    'hulianyuyy/CorrNet_Plus': ('CorrNet+', 'corrnet_plus_r18.py'),
    'xhonghu/SignDAGC-master': ('SignDAGC', 'signdagc_r34.py'),
    'gswycf/SignGraph': ('SignGraph', 'signgraph_r18.py'),
    'gufranSabri/USTM': ('USTM', 'ustm_swin.py'),
    'sutwangyan/MSKA': ('MSKA-SLR', 'mska.py'),
    'xhonghu/CESMM': ('CESMM', 'cesmm.py'),
}
# `'conv2d.alpha': 0.3 + 0.05 s`, `last name part is weights or weights2: 0.4 + 0.1 s`, also `; weights: 0.4 + 0.1 s`,
# `names that end in 'down_conv2.weight': 0.05 s / sqrt(...)`.
_EXACT = re.compile(r"'([\w.]+)': ([\d.]+) \+ ([\d.]+) s")
_LAST_PART = re.compile(r'(?:last name part is |; )(\w+(?:(?:, | or )\w+)*): ([\d.]+) \+ ([\d.]+) s')
# `'...relative_pos' is not filled`, `'...relative_position_index' (integer buffers) keep`
_KEPT = re.compile(r"'\.\.\.(\w+)' (?:is not filled|\(integer buffers\) keep)")
_REMOVED = 'with the thresholding line of gcn_lib/temgraph.py removed'
_SCALED = re.compile(r"names that end in '([\w.]+)': ([\d.]+) s / sqrt")


def network_name(case: Dict[str, Any]) -> str:
    """Return what the network of ``case`` is called.

    Raises:
        DataError: If its config is not there yet.
    """
    repository = case['source'].split()[0]
    name, config = _NETWORKS.get(repository, (repository, ''))
    if not config or not (MODELS_FOLDER / config).is_file():
        raise DataError(f'not built: {name}')
    return name


def build(case: Dict[str, Any]) -> nn.Module:
    """Return the recognizer of the base config with the case's arguments, filled by its rule, weights row by row."""
    network_name(case)
    kwargs = case['kwargs']
    name = _NETWORKS[case['source'].split()[0]][1]
    if name == 'vac_r18.py' and kwargs.get('share_classifier'):
        name = 'smkd_r18.py'
    model = Config.fromfile(MODELS_FOLDER / name, lazy_import=False).model.to_dict()
    model['backbone'].pop('init_cfg', None)
    swin = re.fullmatch(r'swin([tsb])_.+', kwargs['c2d_type'])
    if swin:
        model['backbone']['size'] = swin[1]
    else:
        model['backbone']['depth'] = int(re.search(r'\d+', kwargs['c2d_type'])[0])
    if _REMOVED in case['source']:
        model['backbone']['temporal_pairs'] = 'nearest'
    lifts = any(layer.startswith('L') for layer in model['neck']['kernel_spec'])
    layers = KERNEL_SPECS[kwargs['conv_type']]
    model['neck']['kernel_spec'] = [layer.replace('P', 'L') if lifts else layer for layer in layers]
    model['neck']['hidden_size'] = kwargs['hidden_size']
    model['head'].update(
        classifier='norm_linear' if kwargs.get('weight_norm') else 'linear',
        share_classifier='stream' if kwargs.get('share_classifier') else 'none',
    )
    model.update(
        losses=published_losses(case['loss_weights']),
        vocab=[f'G{index}' for index in range(1, kwargs['num_classes'])],
        data_preprocessor=BaseDataPreprocessor(),
    )
    recognizer = MODELS.build(model)
    rule = case['fill_rule']
    if _REMOVED in case['source']:
        # Numbers of this variant are those of gates filled as any tensor of one axis, although its text says otherwise.
        rule = rule.replace("'conv2d.alpha': 0.5 + 0.1 s; ", '')
    fill_by_rule(recognizer, exceptions(rule), kept=tuple(_KEPT.findall(rule)))
    published_arithmetic(recognizer)
    return recognizer


def shapes_of(recognizer: nn.Module, case: Dict[str, Any]) -> List[List[Any]]:
    """Published names and shapes of the state dict, in order."""
    shapes = published_shapes(recognizer)
    return with_unused(shapes, case['kwargs']) if network_name(case) == 'USTM' else shapes


def batch_of(case: Dict[str, Any], dtype: torch.dtype) -> Tuple[torch.Tensor, torch.Tensor, List[SignDataSample]]:
    """The case's batch: noise (N, T, 3, H, W), padded lengths and labels."""
    shape = (case['B'], case['T'], 3, *case['image_size'])
    noise = np.random.RandomState(case['input_seed']).standard_normal(shape)
    return batch_with(noise, case, dtype)


def batch_with(noise: np.ndarray, case: Dict[str, Any], dtype: torch.dtype) -> Tuple:
    """Inputs, rounded to float32 and of ``dtype``, with the case's lengths and labels."""
    labels = split_labels(case['labels'], case['label_lengths'])
    samples = [SignDataSample.create(str(index), ids) for index, ids in enumerate(labels)]
    return torch.from_numpy(noise.astype(np.float32)).to(dtype), torch.tensor(case['lens']), samples


def exceptions(rule: str) -> Callable[[str, np.ndarray], Any]:
    """Read the exceptions of a fill rule from its text."""
    exact = {name: (float(mean), float(scale)) for name, mean, scale in _EXACT.findall(rule)}
    last = {
        part: (float(mean), float(scale))
        for parts, mean, scale in _LAST_PART.findall(rule)
        for part in re.split(', | or ', parts)
    }
    scaled = {end: float(scale) for end, scale in _SCALED.findall(rule)}

    def special(name: str, noise: np.ndarray) -> Any:
        mean_and_scale = exact.get(name) or (last.get(name.rpartition('.')[2]) if noise.ndim == 1 else None)
        if mean_and_scale:
            return mean_and_scale[0] + mean_and_scale[1] * noise
        for end, scale in scaled.items():
            if name.endswith(end):
                return scale * noise / np.sqrt(np.prod(noise.shape[1:]))
        return None

    return special
