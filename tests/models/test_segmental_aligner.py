"""The aligner of a recognizer: it moves glosses in time and changes nothing else."""

import numpy as np
import pytest
import torch
from test_segmental import drawn_clips

from cslrkit.decoders.segmental import fit_signs
from cslrkit.models.aligners.segmental_aligner import SegmentalAligner, _groups
from cslrkit.registry import MODELS
from cslrkit.structures import GlossSpan, GlossVocab, Hypothesis, SignDataSample, StreamSpec, TemporalSpec


@pytest.fixture(scope='module')
def clips():
    return drawn_clips(np.random.default_rng(3), 60)


@pytest.fixture(scope='module')
def aligner(clips):
    fitted = fit_signs(clips[0][:50], 5, dims=6)
    model = SegmentalAligner(
        {'main': StreamSpec(8)}, 5, dims=6, longest_gap=fitted.model.longest_gap, spread=fitted.model.spread
    )
    model.load_fitted(fitted)
    return model


def hypothesis(ids, peaks):
    spans = [GlossSpan(gloss, steps=(peak, peak), peak=peak, confidence=0.9) for gloss, peak in zip(ids, peaks)]
    return Hypothesis(spans, -1.0)


def evidence_of(aligner, features):
    return aligner({'main': torch.as_tensor(features.T[None], dtype=torch.float32)}, len(features))[0].numpy()


def test_glosses_are_placed_where_they_are_signed(aligner, clips):
    for (features, ids), truth in zip(*(part[50:] for part in clips)):
        hyp = hypothesis(ids, [2, 5, 8])
        placed = aligner.place(hyp, evidence_of(aligner, features), stride=2)
        assert np.abs(np.subtract([span.clip_frames for span in placed], truth)).max() <= 2
        assert (placed.gloss_ids, placed.step_spans, placed.confidences) == (
            hyp.gloss_ids,
            hyp.step_spans,
            hyp.confidences,
        )


def test_a_long_video_is_placed_in_parts(aligner, clips):
    chosen = range(40, 60)
    features = np.concatenate([clips[0][place][0] for place in chosen])
    offsets = np.cumsum([0, *(len(clips[0][place][0]) for place in chosen)])
    ids = [gloss for place in chosen for gloss in clips[0][place][1]]
    truth = [(o + a, o + b) for o, place in zip(offsets, chosen) for a, b in clips[1][place]]
    hyp = hypothesis(ids, [(a + b) // 4 for a, b in truth])
    placed = aligner.place(hyp, evidence_of(aligner, features), stride=2)
    assert np.mean(np.abs(np.subtract([span.clip_frames for span in placed], truth))) < 0.7


def test_a_clip_too_short_keeps_its_steps(aligner):
    hyp = hypothesis([1, 2, 3], [0, 1, 2])
    placed = aligner.place(hyp, np.zeros((5, 8), np.float32), stride=2)
    assert [span.clip_frames for span in placed] == [None] * 3


def test_before_it_is_fitted_it_does_nothing():
    hyp = hypothesis([1], [0])
    assert SegmentalAligner({'main': StreamSpec(8)}, 5).place(hyp, np.zeros((5, 24)), stride=2) is hyp


def test_groups_are_cut_at_pauses_and_before_they_get_long():
    assert _groups([0, 5, 100, 105], 50) == [range(2), range(2, 4)]
    groups = _groups([float(peak) for peak in range(0, 500, 5)], 50)
    assert max(map(len, groups)) <= 24
    assert [place for group in groups for place in group] == list(range(100))


def test_streams_of_the_smallest_stride_are_seen_and_pooled_ones_repeated():
    aligner = SegmentalAligner({'slow': StreamSpec(4, stride=4), 'fast': StreamSpec(3, 2, pooled=True)}, 5, dims=2)
    fast = torch.arange(6.0).view(1, 3, 2)
    seen = aligner.gather({'slow': torch.zeros(1, 4, 3), 'fast': fast}, 3)
    assert seen.tolist() == [[[0, 0, 1], [2, 2, 3], [4, 4, 5]]]


def test_an_aligned_span_reaches_over_the_frames_that_are_left_out():
    spans = [
        GlossSpan(1, steps=(0, 0), clip_frames=(1, 3)),
        GlossSpan(2, steps=(1, 1), clip_frames=(3, 5)),
        GlossSpan(1, steps=(0, 0)),
    ]
    placed = Hypothesis(spans, 0.0).resolve(
        GlossVocab.of(['A', 'B']),
        TemporalSpec(('K5', 'P2')),
        frame_indices=[0, 2, 4, 6, 8],
        frame_times=[(2 * place / 25, (2 * place + 1) / 25) for place in range(5)],
    )
    assert placed.frame_spans == ((2, 6), (6, 9), (0, 3))
    assert placed.time_spans == [(2 / 25, 6 / 25), (6 / 25, 9 / 25), (0.0, 3 / 25)]


def test_a_recognizer_with_an_aligner_has_the_same_outputs():
    config = dict(
        type='CSLRRecognizer',
        backbone=dict(type='ResNet', depth=18),
        neck=dict(type='TemporalConv', hidden_size=8, kernel_spec=['K3', 'P2']),
        head=dict(type='LinearHead'),
        losses=[],
        decoder=dict(type='GreedyDecoder'),
        vocab=['A', 'B'],
    )
    torch.manual_seed(0)
    plain = MODELS.build(config).eval()
    torch.manual_seed(0)
    aligned = MODELS.build(dict(config, aligner=dict(type='SegmentalAligner', dims=4))).eval()
    for name, buffer in aligned.aligner.named_buffers():
        buffer.copy_(torch.rand_like(buffer) + (3.0 if name == 'durations' else 0.1))
    inputs, lens = torch.randn(2, 14, 3, 32, 32), torch.tensor([14, 10])

    def samples():
        return [SignDataSample.create(str(n), [1], frame_indices=range(n), frame_rate=25.0) for n in (12, 8)]

    with torch.no_grad():
        one, other = plain.encode(inputs, lens, samples()), aligned.encode(inputs, lens, samples())
        assert all(torch.equal(one.log_probs[name], other.log_probs[name]) for name in one.log_probs)
        assert one.evidence is None
        assert other.evidence.shape == (2, 14, 64)
        for before, after in zip(plain.add_hyps([one]), aligned.add_hyps([other])):
            for name, hyp in before.hyps.items():
                assert hyp.gloss_ids == after.hyps[name].gloss_ids
