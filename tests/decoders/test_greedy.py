import json
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.parity.judge_decode import formula_logits
from cslrkit.decoders import GreedyDecoder

CASES = json.loads((Path(__file__).parents[1] / 'data' / 'decode_public.json').read_text())['decode']


@pytest.mark.parametrize('index', range(len(CASES)))
def test_recorded_glosses(index):
    case = CASES[index]
    logits = formula_logits(seed=case['seed'], batch=case['B'], steps=case['T'], symbols=case['V'], kind=case['kind'])
    found = GreedyDecoder()(logits.log_softmax(-1), case['lens'])
    assert [[f'G{gloss_id}' for gloss_id in hypothesis.gloss_ids] for hypothesis in found] == case['greedy']


def test_hand_worked():
    best = [0, 2, 2, 0, 2, 1, 0, 3]  # symbol at each step; 2, blank, 2 is merged as published
    peak = [0.5, 0.6, 0.9, 0.8, 0.7, 0.5, 0.9, 0.6]
    probs = torch.empty(1, 8, 4)
    for step, (symbol, p) in enumerate(zip(best, peak)):
        probs[0, step] = (1 - p) / 3
        probs[0, step, symbol] = p
    hypothesis = GreedyDecoder()(probs.log(), [8])[0]
    assert hypothesis.gloss_ids == (2, 1, 3)
    assert hypothesis.timesteps == (2, 5, 7)
    assert hypothesis.step_spans == ((1, 4), (5, 5), (7, 7))
    assert hypothesis.score == pytest.approx(np.log(peak).sum(), abs=1e-5)
    assert hypothesis.nbest[0].gloss_ids == (2, 2, 1, 3)
    assert hypothesis.nbest[0].timesteps == (2, 4, 5, 7)


def test_padding_is_ignored_and_blanks_are_nothing():
    probs = torch.tensor([[[0.9, 0.1], [0.8, 0.2], [0.1, 0.9]]])
    hypothesis = GreedyDecoder()(probs.log(), [2])[0]
    assert (hypothesis.gloss_ids, hypothesis.step_spans) == ((), ())
    assert hypothesis.score == pytest.approx(np.log(0.9 * 0.8), abs=1e-6)
    assert GreedyDecoder(blank_id=1)(probs.log(), [3])[0].gloss_ids == (0,)
