"""Builds, fills and runs the keypoint network that a golden case describes."""

import re
from typing import Any, Callable, Dict, List, Tuple

import numpy as np
import torch
from mmengine.config import Config
from mmengine.model import BaseDataPreprocessor
from torch import nn

from benchmarks.parity.published_model import fill_by_rule, published_shapes
from benchmarks.parity.zoo_build import MODELS_FOLDER, batch_with, network_name
from benchmarks.parity.zoo_network import Evaluated, statistics
from cslrkit.models.backbones.joint_attention import JointAttention
from cslrkit.models.weights.names import published_names
from cslrkit.registry import MODELS

INPUT_RULE = (
    'r = RandomState(input_seed); r.uniform(-1, 1, (B, 3, T, 1)) + 0.5 r.uniform(-1, 1, (B, 3, T, 133)), then float32: '
    'stands for the normalised x, y and score; lens in frames (multiples of 4)'
)
# `names that end in '.alphas': 0.05 + 0.01 s; names that end in '.attention0s' (last axis V): (1 + 0.5 s) / V`
_EXCEPTION = re.compile(r"names that end in '(\.\w+)'[^:]*: \(?([\d.]+) \+ ([\d.]+) s\)?( / V)?")
_KEYPOINTS = 133
# Lengths of the published codes of joints, which are repeated for each frame, and of time.
_FRAMES, _STEPS = 400, 5000


def build(case: Dict[str, Any], config: str, change: Callable[[Dict[str, Any], Dict[str, Any]], None]) -> nn.Module:
    """Return the recognizer of the base config, changed as the case asks, filled by its rule."""
    network_name(case)
    model = Config.fromfile(MODELS_FOLDER / config, lazy_import=False).model.to_dict()
    change(model, case)
    vocab = [f'G{index}' for index in range(1, case['kwargs']['num_classes'])]
    recognizer = MODELS.build({**model, 'vocab': vocab, 'data_preprocessor': BaseDataPreprocessor()})
    fill_by_rule(recognizer, _exceptions(case['fill_rule']))
    return recognizer


def _exceptions(rule: str) -> Callable[[str, np.ndarray], Any]:
    found = [(end, float(mean), float(scale), over) for end, mean, scale, over in _EXCEPTION.findall(rule)]

    def special(name: str, noise: np.ndarray) -> Any:
        for end, mean, scale, over in found:
            if name.endswith(end):
                return (mean + scale * noise) / (noise.shape[-1] if over else 1)
        return None

    return special


def shapes_of(recognizer: nn.Module) -> List[List[Any]]:
    """Published names and shapes of the state dict, in order, with the constants that are not stored here."""
    codes = _joint_codes(recognizer)
    shapes = []
    for name, shape in published_shapes(recognizer):
        if name.endswith('_visual_head.feedforward.layer_norm.weight'):
            shapes.append([name.replace('feedforward.layer_norm.weight', 'pe.pe'), [1, _STEPS, *shape]])
        shapes.append([name, shape])
        if name.endswith('.attention0s'):
            block = name[: -len('attention0s')]
            shapes += [[f'{block}atts', shape], [f'{block}pes.pe', codes[block]]]
    return shapes


def _joint_codes(recognizer: nn.Module) -> Dict[str, List[int]]:
    """Shape of the published code of each block, by its published name with a dot."""
    blocks = {name: block for name, block in recognizer.named_modules() if isinstance(block, JointAttention)}
    names = {own: published for published, own in published_names(recognizer.state_dict())}
    shapes, frames = {}, _FRAMES
    for name, block in blocks.items():
        frames = _FRAMES if name.endswith('.0') else frames
        channels, _, joints = block.code.shape
        shapes[names[f'{name}.alphas'][: -len('alphas')]] = [1, channels, frames, joints]
        frames //= block.stride
    return shapes


def batch_of(case: Dict[str, Any], dtype: torch.dtype) -> Tuple:
    """The case's batch: keypoints (N, 3, T, 133), padded lengths and labels."""
    random, shape = np.random.RandomState(case['input_seed']), (case['B'], 3, case['T'])
    together = random.uniform(-1, 1, (*shape, 1))
    return batch_with(together + 0.5 * random.uniform(-1, 1, (*shape, _KEYPOINTS)), case, dtype)


def evaluate(recognizer: nn.Module, case: Dict[str, Any]) -> Evaluated:
    """Run the network in evaluation and record its stages; logits (N, T', V)."""
    inputs, lens, _ = batch_of(case, torch.float32)
    result, handles = Evaluated(), []
    recognizer.eval()
    for name in case['eval']['stages']:
        handles.append(_module(recognizer, name).register_forward_hook(_record(result.stages, name)))
    with torch.no_grad():
        result.logits, feat_lens = recognizer.logits(inputs, lens)
    for handle in handles:
        handle.remove()
    result.feat_len = feat_lens.tolist()
    return result


def logits_of(recognizer: nn.Module, batch: Tuple) -> Dict[str, torch.Tensor]:
    """Logits (N, T', V) of evaluation in the arithmetic of the batch's inputs."""
    inputs, lens, _ = batch
    with torch.no_grad():
        return recognizer.to(inputs.dtype).eval().logits(inputs, lens)[0]


def _module(recognizer: nn.Module, name: str) -> nn.Module:
    """The module of a published name."""
    part, _, rest = name.partition('.')
    head = re.fullmatch(r'(\w+)_visual_head', part)
    if head:
        root = recognizer.head.heads[head[1]]
    else:
        root = recognizer.backbone if part == 'visual_backbone_keypoint' else recognizer.head.rnns['main']
    return root.get_submodule(rest)


def _record(stages: Dict[str, Any], name: str) -> Callable:
    def hook(module: nn.Module, args: Any, output: Any) -> None:
        output = output['main'] if isinstance(output, dict) else output
        stages[name] = statistics(output.transpose(0, 1) if name == 'temporal_model' else output)

    return hook
