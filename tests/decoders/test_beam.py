import json
from itertools import groupby, product
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.parity.judge_decode import formula_logits
from cslrkit.decoders import BeamDecoder, prefix_beam_search
from cslrkit.decoders.beam.search import IMPOSSIBLE
from cslrkit.decoders.beam.symbols import prune_symbols
from cslrkit.errors import ConfigError, DataError
from cslrkit.registry import DECODERS

CASES = json.loads((Path(__file__).parents[1] / 'data' / 'decode_public.json').read_text())['decode']


def search(probs, **settings):
    return prefix_beam_search(torch.as_tensor(probs)[None], [len(probs)], **settings)[0]


def prune(probs, **settings):
    ids, log_probs = prune_symbols(torch.tensor(probs)[None], torch.tensor([len(probs)]), **settings)
    return ids[0], log_probs[0]


def random_probs(seed, steps, symbols, scale=2.0):
    logits = np.random.RandomState(seed).standard_normal((steps, symbols)) * scale
    return torch.from_numpy(logits.astype(np.float32)).softmax(-1).numpy()


@pytest.mark.parametrize('index', range(len(CASES)))
def test_recorded_beams(index):
    case = CASES[index]
    logits = formula_logits(seed=case['seed'], batch=case['B'], steps=case['T'], symbols=case['V'], kind=case['kind'])
    decoder = BeamDecoder(
        case['beam_width'], case['cutoff_top_n'], cutoff_prob=case['cutoff_prob'], cutoff_rule='ctcdecode', nbest=5
    )
    for hypothesis, expected in zip(decoder(logits.log_softmax(-1), case['lens']), case['beams']):
        assert [list(entry.gloss_ids) for entry in hypothesis.nbest] == [beam['tokens'] for beam in expected[:5]]
        assert [list(entry.timesteps) for entry in hypothesis.nbest] == [beam['timesteps'] for beam in expected[:5]]
        scores = [-beam['neg_log_prob'] for beam in expected[:5]]
        assert [entry.score for entry in hypothesis.nbest] == pytest.approx(scores, abs=1e-4)
        assert hypothesis.score == hypothesis.nbest[0].score


@pytest.mark.parametrize('seed', range(3))
def test_a_wide_beam_sums_all_alignments(seed):
    probs = random_probs(seed, steps=4, symbols=3, scale=1.0)
    exact = {}
    for path in product(range(3), repeat=4):
        prefix = tuple(symbol for symbol, _ in groupby(path) if symbol)
        exact[prefix] = exact.get(prefix, 0.0) + np.prod([probs[step, symbol] for step, symbol in enumerate(path)])
    beams = [beam for beam in search(probs, beam_width=1000) if beam.score > IMPOSSIBLE]
    assert {beam.gloss_ids: np.exp(beam.score) for beam in beams} == pytest.approx(exact, rel=1e-5)
    assert [beam.score for beam in beams] == sorted((beam.score for beam in beams), reverse=True)


def test_hand_worked_time_steps():
    # Symbol 1 peaks at step 1, symbol 2 at step 3; '1' again after the blank at 4 peaks at 5.
    probs = np.array(
        [[0.3, 0.6, 0.1], [0.1, 0.8, 0.1], [0.2, 0.2, 0.6], [0.1, 0.1, 0.8], [0.9, 0.05, 0.05], [0.1, 0.8, 0.1]],
        dtype=np.float32,
    )
    beam = search(probs)[0]
    assert (beam.gloss_ids, beam.timesteps) == ((1, 2, 1), (1, 3, 5))


def test_equal_prefixes_fall_as_in_ctcdecode():
    # Recorded with the same algorithm in C++ (GCC 12): beams that tie in score and last token.
    beams = search(np.full((3, 4), 0.25, np.float32), beam_width=4)
    assert [(beam.gloss_ids, beam.timesteps) for beam in beams] == [
        ((1,), (0,)),
        ((2,), (0,)),
        ((3,), (0,)),
        ((3, 1), (0, 2)),
    ]
    probs = np.zeros((3, 60), np.float32)  # 58 symbols underflow to the same log-probability
    probs[:, [0, 7]] = 0.5
    beams = search(probs, beam_width=6, cutoff_top_n=5)
    assert [(beam.gloss_ids, beam.timesteps) for beam in beams] == [
        ((7,), (0,)),
        ((), ()),
        ((7, 7), (0, 2)),
        ((32, 7), (0, 1)),
        ((32,), (0,)),
        ((7, 32), (0, 2)),
    ]
    assert beams[3].score == pytest.approx(-87.3365478515625, abs=1e-4)


def test_impossible_prefixes_are_no_candidates():
    probs = np.full((2, 3), 1 / 3, np.float32)
    beams = search(probs, beam_width=20)
    assert [beam.gloss_ids for beam in beams] == [(1,), (2,), (), (2, 1), (1, 2), (1, 1), (2, 2)]
    assert [beam.score > IMPOSSIBLE for beam in beams] == [True] * 5 + [False] * 2
    hypothesis = BeamDecoder(20, nbest=20)(torch.from_numpy(probs).log()[None], [2])[0]
    assert [entry.gloss_ids for entry in hypothesis.nbest] == [(1,), (2,), (), (2, 1), (1, 2)]


@pytest.mark.parametrize(
    ('rule', 'cutoff_prob', 'kept'),
    [
        ('exact', 0.45, [[2]]),  # 0.5
        ('exact', 0.75, [[2, 0]]),  # 0.5 + 0.3
        ('exact', 0.95, [[2, 0, 1]]),  # 0.5 + 0.3 + 0.15
        ('ctcdecode', 0.45, [[2, 0]]),  # log 1.5 = 0.41, log 1.8 = 0.59
        ('ctcdecode', 0.66, [[2, 0, 1]]),  # log 1.95 = 0.668
        ('ctcdecode', 0.95, [[2, 0, 1, 3]]),  # log 2 = 0.69 is all there is
    ],
)
def test_cutoff_rules(rule, cutoff_prob, kept):
    probs = np.array([[0.3, 0.15, 0.5, 0.05]], np.float32)
    candidates = prune(probs, top_n=40, cutoff_prob=cutoff_prob, cutoff_rule=rule)
    assert [[symbol for symbol in step if symbol < 4] for step in candidates[0].tolist()] == kept
    np.testing.assert_allclose(candidates[1][0, : len(kept[0])], np.log(probs[0, kept[0]]), rtol=1e-6)
    assert candidates[1][0, len(kept[0]) :].eq(-np.inf).all()


def test_top_n_limits_either_way():
    probs = np.array([[0.3, 0.15, 0.5, 0.05]], np.float32)
    for cutoff_prob in (1.0, 0.99):
        ids, _ = prune(probs, top_n=2, cutoff_prob=cutoff_prob, cutoff_rule='exact')
        assert ids.tolist() == [[2, 0]]
    ids, log_probs = prune(np.array([[1.0, 0.0]], np.float32), top_n=9, cutoff_prob=1.0, cutoff_rule='exact')
    assert ids.tolist() == [[0, 1]]
    assert log_probs[0, 1] == pytest.approx(-87.33655)  # log of the smallest normal float32, not -inf


def test_padding_and_batch_do_not_matter():
    logits = torch.from_numpy(np.random.RandomState(3).standard_normal((3, 20, 15)).astype(np.float32))
    decoder, lengths, logits = BeamDecoder(nbest=3), [20, 13, 0], logits.log_softmax(-1)
    together = decoder(logits, torch.tensor(lengths))
    logits[1, 13:] = float('nan')  # padding may hold anything
    assert decoder(logits, lengths) == together
    for index, length in enumerate(lengths):
        assert decoder(logits[index : index + 1, :length], [length]) == [together[index]]
    assert (together[2].gloss_ids, together[2].score, together[2].step_spans) == ((), 0.0, ())


def test_neighbours_are_merged_with_their_real_span():
    # 1, blank, 1: the beam keeps both, the gloss spans from the first to the last.
    probs = torch.tensor([[[0.1, 0.9], [0.9, 0.1], [0.05, 0.95]]])
    hypothesis = BeamDecoder()(probs.log(), [3])[0]
    assert hypothesis.nbest[0].gloss_ids == (1, 1)
    assert (hypothesis.gloss_ids, hypothesis.timesteps, hypothesis.step_spans) == ((1,), (2,), ((0, 2),))
    # Paths that collapse to 1, 1: only 1, blank, 1.
    assert hypothesis.score == pytest.approx(np.log(0.9 * 0.9 * 0.95), abs=1e-5)


@pytest.mark.parametrize('kind', ['BeamDecoder', 'GreedyDecoder'])
def test_decoders_do_not_normalize(kind):
    # Two thirds of each step's probability, as if the rest went to a symbol that is not there.
    log_probs = torch.tensor([[[0.1, 0.9], [0.8, 0.2], [0.3, 0.7]]]).log()
    decoder = DECODERS.build(dict(type=kind))
    whole, part = decoder(log_probs, [3])[0], decoder(log_probs + np.log(2 / 3), [3])[0]
    assert part.gloss_ids == whole.gloss_ids
    assert part.score == pytest.approx(whole.score + 3 * np.log(2 / 3), abs=1e-5)
    assert part.confidences[0] < whole.confidences[0]
    with pytest.raises(DataError, match=r'has 3 at step 1, expected log-probabilities.* give logits\.log_softmax'):
        decoder(torch.tensor([[[-1.0, -0.5], [3.0, 0.0]]]), [2])


def test_another_blank():
    probs = random_probs(1, 10, 5)
    moved = probs[:, [4, 0, 1, 2, 3]]
    found = [beam.gloss_ids for beam in search(probs, blank_id=4)]
    expected = [tuple(token - 1 for token in beam.gloss_ids) for beam in search(moved, blank_id=0)]
    assert found == expected


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(beam_width=0), 'beam_width: got 0, expected a positive integer'),
        (dict(cutoff_top_n=0), 'cutoff_top_n: got 0'),
        (dict(nbest=0), 'nbest: got 0'),
        (dict(beam_width=2, nbest=3), 'nbest: got 3, expected at most beam_width = 2'),
        (dict(cutoff_prob=0.0), r'cutoff_prob: got 0.0, expected a number in \(0, 1\]'),
        (dict(cutoff_prob=1.5), 'cutoff_prob: got 1.5'),
        (dict(cutoff_rule='loose'), "cutoff_rule: got 'loose', expected one of"),
    ],
)
def test_wrong_settings(arguments, message):
    with pytest.raises(ConfigError, match=message):
        DECODERS.build(dict(type='BeamDecoder', **arguments))


@pytest.mark.parametrize('kind', ['BeamDecoder', 'GreedyDecoder'])
def test_wrong_inputs(kind):
    decoder = DECODERS.build(dict(type=kind))
    log_probs = torch.zeros(2, 4, 3).log_softmax(-1)
    with pytest.raises(DataError, match=r'got log_probs of shape \(4, 3\)'):
        decoder(log_probs[0], [4])
    with pytest.raises(DataError, match=r'got feat_lens \[4\], expected 2 numbers'):
        decoder(log_probs, [4])
    with pytest.raises(DataError, match=r"got feat_lens \[4, 5\], expected 2 numbers from 0 to T' = 4"):
        decoder(log_probs, [4, 5])
    log_probs[1, 2, 0] = float('nan')
    with pytest.raises(DataError, match='clip 1 of the batch has NaN at step 2'):
        decoder(log_probs, [4, 4])
    assert len(decoder(log_probs, [4, 2])) == 2
