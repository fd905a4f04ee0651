"""From logits to hypotheses."""

import json
from pathlib import Path

import pytest
import torch
from small_recognizers import build

from benchmarks.parity.judge_decode import formula_logits
from cslrkit.decoders import GreedyDecoder
from cslrkit.structures import GlossSpan, Hypothesis, SignDataSample

DECODED = json.loads((Path(__file__).parents[1] / 'data' / 'decode_public.json').read_text())['decode']


@pytest.mark.parametrize('index', range(len(DECODED)))
def test_recorded_decoding_holds_on_the_way_from_logits_to_samples(index):
    """The logits of ctcdecode's recordings take every step of a prediction, in two batches."""
    case = DECODED[index]
    logits = formula_logits(seed=case['seed'], batch=case['B'], steps=case['T'], symbols=case['V'], kind=case['kind'])
    settings = {name: case[name] for name in ('beam_width', 'cutoff_top_n', 'cutoff_prob')}
    decoder = dict(type='BeamDecoder', cutoff_rule='ctcdecode', nbest=min(5, case['beam_width']), **settings)
    model = build(decoder=decoder, vocab=[f'G{symbol}' for symbol in range(1, case['V'])]).eval()
    batches = []
    for clips in torch.arange(case['B']).split(max(1, case['B'] // 2)):
        steps = [case['lens'][clip] for clip in clips]
        given = {name: logits[clips, : max(steps)] for name in model.decode_outputs}
        model.logits = lambda *args, given=given, steps=steps, **kwargs: (given, torch.tensor(steps))
        samples = [SignDataSample.create(str(clip), [1]) for clip in clips.tolist()]
        batches.append(model.encode(torch.zeros(len(clips)), 4 * torch.tensor(steps), samples))
    for sample, beams in zip(model.add_hyps(batches), case['beams']):
        for name in model.decode_outputs:
            for entry, beam in zip(sample.hyps[name].nbest, beams):
                assert (list(entry.gloss_ids), list(entry.timesteps)) == (beam['tokens'], beam['timesteps'])
                assert -entry.score == pytest.approx(beam['neg_log_prob'], abs=1e-3)


def test_confidences_are_added_where_a_decoder_gives_none():
    class Bare(GreedyDecoder):
        def __call__(self, log_probs, feat_lens):
            return [
                Hypothesis([GlossSpan(span.gloss_id, steps=span.steps) for span in hyp], hyp.score)
                for hyp in super().__call__(log_probs, feat_lens)
            ]

    model = build()
    log_probs = torch.tensor([[[0.4, 0.6, 0.0], [0.3, 0.7, 0.0], [0.9, 0.0, 0.1], [0.1, 0.0, 0.9]]]).log()
    (hyp,) = model.decode(log_probs, [4], decoder=Bare())
    assert hyp.confidences == pytest.approx((0.88, 0.9))
