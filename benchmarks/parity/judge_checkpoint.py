"""Judges the loading of PySlowFast's Caffe2 files into the backbone against the published loader."""

import pickle
import re
import tempfile
import zlib
from pathlib import Path
from typing import Any, Dict, Iterator, List

import numpy as np
import torch

from benchmarks.parity.published_model import slowfast_arguments
from benchmarks.parity.result import CaseResult, Comparison
from cslrkit.errors import DataError
from cslrkit.models.backbones import SlowFast
from cslrkit.models.backbones.residual3d import STAGE_BLOCKS
from cslrkit.models.weights import load_pretrained
from cslrkit.models.weights.names import parameter_name

KIND = 'checkpoint'

_TOLERANCE = 1e-9
_BEFORE = 7.0  # what every floating tensor holds before the file is loaded
_BLOB_RULE = (
    "float32(RandomState(crc32(name)).standard_normal(shape)*0.05 + (1 if name ends with 'riv' or '_s' else 0)); "
    "file = pickle of {'blobs': {name: array}}"
)
_SINGLE_VALUES = ('lr', 'model_iter')
_NONLOCAL = re.compile(r'nonlocal_conv(?P<stage>\d+)_\d+_(?P<layer>theta|phi|g|out|bn)_\w+')


def recognizes(content: Any) -> bool:
    """Tell a golden file of checkpoint loading from its structure."""
    wanted = {'depth', 'blob_rule', 'blob_shapes', 'name_map', 'targets'}
    return isinstance(content, dict) and wanted <= set(content) and isinstance(content['targets'], list)


def judge(content: Dict[str, Any]) -> Iterator[CaseResult]:
    """Yield a result for the file's names and shapes, and one for each network that it is loaded into."""
    tag = content.get('tag', KIND)
    comparison = Comparison(f'{tag} blobs')
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'blobs.pkl'
        with comparison.attempt():
            if content['blob_rule'] != _BLOB_RULE:
                raise DataError(f'blob_rule: got {content["blob_rule"]!r}, expected {_BLOB_RULE!r}.')
            path.write_bytes(pickle.dumps({'blobs': make_blobs(content['blob_shapes'])}, protocol=2))
            _compare_blobs(content, comparison)
        yield comparison.result()
        for index, target in enumerate(content['targets']):
            comparison = Comparison(f'{tag} target {index}')
            with comparison.attempt():
                comparison.name = f'{tag} -> {target["config"]} {target["fuse"]}'
                _compare_target(path, target, comparison)
            yield comparison.result()


def make_blobs(shapes: Dict[str, List[int]]) -> Dict[str, np.ndarray]:
    """Return the arrays that the recorded rule gives to blobs of these names and shapes."""
    blobs = {}
    for name, shape in shapes.items():
        noise = np.random.RandomState(zlib.crc32(name.encode())).standard_normal(shape)
        blobs[name] = (noise * 0.05 + (1 if name.endswith(('riv', '_s')) else 0)).astype(np.float32)
    return blobs


def build_backbone(config: str, fuse: str) -> SlowFast:
    """Return the backbone of a published yaml file and fusion, all its floating tensors 7.

    Raises:
        ConfigError: If nothing here corresponds to them.
    """
    depth = re.search(r'_R(\d+)', config)
    arguments = dict(
        slowfast_config=config,
        slowfast_args=['SLOWFAST.FUSE', fuse],
        c2d_type=f'slowfast{depth[1]}' if depth else '',
    )
    backbone = SlowFast(**slowfast_arguments(arguments))
    for tensor in backbone.state_dict().values():
        if tensor.is_floating_point():
            tensor.fill_(_BEFORE)
    return backbone


def statistics(tensor: torch.Tensor) -> Dict[str, Any]:
    """Return what a case records of a loaded tensor: mean, mean absolute value, five values."""
    flat = tensor.detach().contiguous().view(-1)
    evenly = np.linspace(0, flat.numel() - 1, 5).astype(int)
    return dict(mean=flat.double().mean().item(), abs=flat.double().abs().mean().item(), at=flat[evenly].tolist())


def _compare_target(path: Path, target: Dict[str, Any], comparison: Comparison) -> None:
    backbone = build_backbone(target['config'], target['fuse'])
    report = load_pretrained(backbone, path)
    state = {name: tensor for name, tensor in backbone.state_dict().items() if tensor.is_floating_point()}
    changed = {*report.loaded, *report.adapted}
    comparison.equal('loaded names', sorted(changed), sorted(target['loaded']))
    comparison.equal('untouched', [name for name in state if name not in changed], target['untouched'])
    comparison.equal('reported as left alone', list(report.left_alone), target['untouched'])
    for name, recorded in target['loaded'].items():
        if name not in state:
            continue  # said already
        got = statistics(state[name])
        comparison.equal(f'{name} keys', sorted(got), sorted(recorded))
        for key in ('mean', 'abs'):
            comparison.close(f'{name}.{key}', got[key], recorded[key], tolerance=_TOLERANCE)
        comparison.all_close(f'{name}.at', got['at'], recorded['at'], tolerance=_TOLERANCE)
    for name in set(target['untouched']) & set(state):
        comparison.equal(f'{name} still {_BEFORE}', bool((state[name] == _BEFORE).all()), True)


def _compare_blobs(content: Dict[str, Any], comparison: Comparison) -> None:
    """Compare names, and shapes that no target shows: what they must be follows from the others."""
    shapes, depth = content['blob_shapes'], content['depth']
    comparison.equal('name_map', [[name, parameter_name(name)] for name in shapes], content['name_map'])
    for tower in ('', 't_'):
        found = [_count_blocks(shapes, rf'{tower}res{stage}_(\d+)_branch2a_w') for stage in (2, 3, 4, 5)]
        comparison.equal(f'blocks of {tower or "slow "}res2..res5', found, list(STAGE_BLOCKS.get(depth, ())))
    shown = {name for target in content['targets'] for name in target['loaded']}
    kernel = next((shape[2] for name, shape in shapes.items() if name.endswith('subsample_w')), 1)
    network = SlowFast(depth, '8x8', fusion='fast_to_slow', fusion_kernel=kernel, width=shapes['conv1_w'][0])
    own = {name: list(tensor.shape) for name, tensor in network.state_dict().items()}
    width = {stage: own[f's{stage}.pathway0_res0.branch1.weight'][0] for stage in (2, 3, 4, 5)}
    for name, shape in shapes.items():
        parameter = parameter_name(name)
        nonlocal_block = _NONLOCAL.fullmatch(name)
        if parameter in own and parameter not in shown:
            comparison.equal(f'{name} shape', shape, own[parameter])
        elif name.endswith('_momentum'):
            comparison.equal(f'{name} shape', shape, shapes.get(name[: -len('_momentum')]))
        elif name in _SINGLE_VALUES:
            comparison.equal(f'{name} shape', shape, [1])
        elif name == 'pred_w':
            comparison.equal(
                f'{name} shape',
                shape,
                [*shapes['pred_b'], sum(spec.channels for spec in network.stream_specs.values())],
            )
        elif nonlocal_block:
            expected = _nonlocal_shape(nonlocal_block['layer'], len(shape), width[int(nonlocal_block['stage'])])
            comparison.equal(f'{name} shape', shape, expected)


def _nonlocal_shape(layer: str, dimensions: int, channels: int) -> List[int]:
    inner = channels // 2
    if dimensions == 1:
        return [channels if layer in ('bn', 'out') else inner]
    return [channels, inner, 1, 1, 1] if layer == 'out' else [inner, channels, 1, 1, 1]


def _count_blocks(shapes: Dict[str, Any], pattern: str) -> int:
    return sum(re.fullmatch(pattern, name) is not None for name in shapes)
