from itertools import product

import numpy as np
import pytest
import torch

from cslrkit.decoders import forced_align, measure_spans


def collapse(path):
    """Tokens of a path of states, and the first and last step of each."""
    tokens, spans, last = [], [], 0
    for step, symbol in enumerate(path):
        if symbol and symbol != last:
            tokens.append(symbol)
            spans.append([step, step])
        elif symbol:
            spans[-1][1] = step
        last = symbol
    return tuple(tokens), tuple(map(tuple, spans))


@pytest.mark.parametrize('seed', range(5))
def test_brute_force(seed):
    generator = np.random.RandomState(seed)
    log_probs = np.log(generator.dirichlet(np.ones(3), size=5))
    best = {}
    for path in product(range(3), repeat=5):
        score = sum(log_probs[step, symbol] for step, symbol in enumerate(path))
        tokens, spans = collapse(path)
        if score > best.get(tokens, (-np.inf,))[0]:
            best[tokens] = (score, spans)
    assert len(best) > 20
    for tokens, (_, spans) in best.items():
        assert forced_align(log_probs, tokens) == spans


def test_hand_worked_spans():
    # 1 is likely at steps 1 and 2, blank at 3, 1 again at 4, and 2 at 5 directly after.
    likely = [0, 1, 1, 0, 1, 2]
    log_probs = np.full((6, 3), np.log(0.1))
    log_probs[range(6), likely] = np.log(0.8)
    assert forced_align(log_probs, [1, 1, 2]) == ((1, 2), (4, 4), (5, 5))
    # Told of one 1 only, a 1 at step 3 and a 2 at step 4 cost the same; the last token begins early.
    assert forced_align(log_probs, [1, 2]) == ((1, 2), (4, 5))
    log_probs[3, 1] = np.log(0.2)
    assert forced_align(log_probs, [1, 2]) == ((1, 4), (5, 5))


def test_another_blank():
    log_probs = np.log([[0.7, 0.1, 0.2], [0.1, 0.1, 0.8]])
    assert forced_align(log_probs, [0], blank_id=2) == ((0, 0),)


def test_impossible_symbols_are_aligned_where_there_is_room():
    log_probs = np.full((3, 3), -np.inf)
    log_probs[:, 0] = 0.0
    spans = forced_align(log_probs, [1, 2])
    assert all(0 <= first <= last < 3 for first, last in spans)
    assert spans[0][1] < spans[1][0]


def test_no_tokens_and_exactly_enough_steps():
    log_probs = np.log(np.full((3, 2), 0.5))
    assert forced_align(log_probs, []) == ()
    assert forced_align(log_probs[:0], []) == ()
    assert forced_align(log_probs, [1, 1]) == ((0, 0), (2, 2))
    with pytest.raises(ValueError, match='got 2 steps, expected at least 3 for 2 tokens'):
        forced_align(log_probs[:2], [1, 1])


def test_confidence_is_the_chance_to_be_seen_at_all():
    probs = torch.tensor([[0.5, 0.5, 0.0], [0.2, 0.6, 0.2], [0.1, 0.1, 0.8], [0.0, 0.0, 1.0]])
    spans = measure_spans(probs.log()[None], [[1, 2]], timesteps=[[1, 3]], step_spans=[[(0, 1), (2, 3)]])
    # 1 - 0.5 * 0.4 and 1 - 0.2 * 0.
    assert [span.confidence for span in spans[0]] == pytest.approx([0.8, 1.0])
    assert [span.peak_prob for span in spans[0]] == pytest.approx([0.6, 1.0])
    assert measure_spans(probs.log()[None], [[]], timesteps=[[]], step_spans=[[]]) == [[]]
