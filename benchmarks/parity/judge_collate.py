"""Judge of recorded padding: which frame each padded position holds, and the lengths that follow.

Form: a list of ``{conv_type, kernel_size, cases}`` for the eleven published temporal layouts; each
case gives clip lengths, ``padded_frame_index``, ``video_length`` and ``feat_len``.
"""

from typing import Any, Dict, Iterator, List, Sequence

import torch

from benchmarks.parity.cases import are_cases
from benchmarks.parity.result import CaseResult, Comparison
from cslrkit.datasets import make_collate_fn
from cslrkit.structures.temporal_spec import TemporalSpec

KIND = 'collate'

# `TemporalConv` in modules/tconv.py of kaistmm/SlowFastSign 37d1b6c, by its `conv_type`.
PUBLISHED_LAYOUTS = {
    0: ['K3'],
    1: ['K5', 'P2'],
    2: ['K5', 'P2', 'K5', 'P2'],
    3: ['K5', 'K5', 'P2'],
    4: ['K5', 'K5'],
    5: ['K5', 'P2', 'K5'],
    6: ['P2', 'K5', 'K5'],
    7: ['P2', 'K5', 'P2', 'K5'],
    8: ['P2', 'P2', 'K5', 'K5'],
    9: ['K5', 'K5', 'P2'],
    10: ['K5', 'K5'],
}


def recognizes(content: Any) -> bool:
    """Whether ``content`` is a recording of this kind."""
    return are_cases(content, ('kernel_size', 'cases'))


def judge(content: List[Dict[str, Any]]) -> Iterator[CaseResult]:
    """Yield one result per recorded layout."""
    seen = set()
    for recorded in content:
        comparison = Comparison(f'{KIND} conv_type {recorded.get("conv_type")}')
        with comparison.attempt():
            conv_type, layers = recorded['conv_type'], recorded['kernel_size']
            comparison.equal(f'conv_type {conv_type}: kernel_size', layers, PUBLISHED_LAYOUTS.get(conv_type))
            if not recorded['cases']:
                comparison.fail('no cases')
            for case in recorded['cases']:
                # Some layouts are equal, so a wrong number shows only as a repetition.
                key = (conv_type, tuple(case['lens']))
                if key in seen:
                    comparison.fail(f'conv_type {conv_type}: lens {case["lens"]} are recorded twice')
                seen.add(key)
                _judge_case(case, layers, comparison)
        yield comparison.result()


def _judge_case(recorded: Dict[str, Any], layers: Sequence[str], comparison: Comparison) -> None:
    what = f'lens {recorded["lens"]}'
    samples = [(torch.arange(float(length)).view(-1, 1, 1, 1), [], '') for length in recorded['lens']]
    video, lengths, _, _, _ = make_collate_fn(layers, left_pad_rule='slowfastsign')(samples)
    comparison.equal(f'{what} padded_frame_index', video[:, :, 0, 0, 0].int().tolist(), recorded['padded_frame_index'])
    comparison.equal(f'{what} video_length', lengths.tolist(), recorded['video_length'])
    feat_lens = TemporalSpec(layers, left_pad_rule='slowfastsign').feat_len(lengths)
    # The published lengths are floats; ours are the whole steps in them.
    floats = [_published_feat_len(length, layers) for length in lengths.tolist()]
    comparison.equal(f'{what} feat_len', floats, recorded['feat_len'])
    comparison.equal(f'{what} whole steps of feat_len', feat_lens.tolist(), [int(value // 1) for value in floats])


def _published_feat_len(length: int, layers: Sequence[str]) -> float:
    """Follow ``TemporalConv.update_lgt``: any pooling halves, nothing is rounded."""
    value = float(length)
    for layer in layers:
        value = value / 2 if layer[0] == 'P' else value - (int(layer[1]) - 1)
    return value
