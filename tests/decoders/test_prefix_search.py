"""The batched search against a plain one, and against ctcdecode's order of equal prefixes."""

import hashlib

import numpy as np
import pytest
import torch

from benchmarks.decode import plain_prefix_search
from cslrkit.decoders import forced_align, forced_align_batch, measure_spans, prefix_beam_search
from cslrkit.decoders.beam.search import IMPOSSIBLE


@pytest.mark.parametrize(
    ('sizes', 'width', 'top_n', 'blank'),
    [
        ((6, 20, 30), 10, 40, 0),
        ((5, 30, 60), 10, 12, 0),
        ((4, 12, 9), 25, 9, 8),
        ((3, 40, 3), 4, 40, 0),
        ((3, 1, 50), 10, 40, 7),
    ],
)
def test_finds_what_a_plain_search_finds(sizes, width, top_n, blank):
    generator = np.random.RandomState(sum(sizes))
    logits = torch.from_numpy((generator.standard_normal(sizes) * 2).astype(np.float32))
    probs = logits.softmax(-1)
    lengths = [sizes[1], *generator.randint(0, sizes[1] + 1, sizes[0] - 1).tolist()]
    beams = prefix_beam_search(probs, lengths, beam_width=width, cutoff_top_n=top_n, blank_id=blank)
    assert len(beams) == len(lengths)
    for found, clip, length in zip(beams, probs.numpy(), lengths):
        expected = plain_prefix_search(clip[:length], beam_width=width, top_n=top_n, blank_id=blank)
        possible = {tokens: score for tokens, score in expected if score > -np.inf}
        assert {beam.gloss_ids: beam.score for beam in found if beam.score > IMPOSSIBLE} == pytest.approx(
            possible, abs=1e-3
        )
        assert found[0].gloss_ids == expected[0][0]
        assert [beam.score for beam in found] == sorted((beam.score for beam in found), reverse=True)


def tied_cases(count):
    """Probabilities of which many are equal or zero, exact in float32, with settings."""
    for seed in range(count):
        generator = np.random.RandomState(seed)
        shape = (3, int(generator.choice([1, 4, 9, 14])), int(generator.choice([2, 3, 6, 20, 50])))
        probs = generator.randint(0, generator.choice([2, 4, 9]), shape) / np.float32(64)
        settings = dict(
            beam_width=int(generator.choice([1, 3, 10, 20])),
            cutoff_top_n=int(generator.choice([2, 5, 40])),
            cutoff_prob=float(generator.choice([1.0, 1.0, 0.5])),
            cutoff_rule=['exact', 'ctcdecode'][generator.randint(2)],
            blank_id=int(generator.randint(shape[2])),
        )
        yield torch.from_numpy(probs.astype(np.float32)), generator.randint(0, shape[1] + 1, 3).tolist(), settings


def test_equal_prefixes_in_the_recorded_order():
    # The digest is that of a search clip by clip, a port of ctcdecode's trie, on the same cases.
    digest = hashlib.sha256()
    for probs, lengths, settings in tied_cases(80):
        for beams in prefix_beam_search(probs, lengths, **settings):
            digest.update(repr([(beam.gloss_ids, beam.timesteps) for beam in beams]).encode())
    assert digest.hexdigest() == '4e1738ef3c3a40925ba7fb94d5984b56894d06099e50f5a778224147ee1c438e'


def test_a_clip_is_searched_as_if_it_were_alone():
    for probs, lengths, settings in tied_cases(12):
        together = prefix_beam_search(probs, lengths, **settings)
        for clip, length, beams in zip(probs, lengths, together):
            assert prefix_beam_search(clip[None, :length], [length], **settings) == [beams]
        assert prefix_beam_search(probs, lengths, nbest=2, **settings) == [beams[:2] for beams in together]


def test_no_clips_and_no_steps():
    assert prefix_beam_search(torch.zeros(0, 5, 4), []) == []
    assert [[beam.gloss_ids for beam in beams] for beams in prefix_beam_search(torch.zeros(2, 0, 4), [0, 0])] == [
        [()]
    ] * 2


def test_clips_are_aligned_as_if_they_were_alone():
    log_probs = torch.randn(4, 9, 5, generator=torch.Generator().manual_seed(0)).log_softmax(-1)
    tokens, lengths = [[1, 2, 2], [], [4], [3, 1]], [9, 5, 2, 0]
    with pytest.raises(ValueError, match='got 0 steps, expected at least 2 for 2 tokens'):
        forced_align_batch(log_probs, tokens, lengths=lengths)
    lengths[3] = 4
    log_probs[2, 2:] = float('nan')  # padding may hold anything
    spans = forced_align_batch(log_probs, tokens, lengths=lengths)
    clips = [clip[:length].numpy() for clip, length in zip(log_probs, lengths)]
    assert spans == [forced_align(clip, each) for clip, each in zip(clips, tokens)]
    peaks = [[first for first, _ in clip] for clip in spans]
    together = measure_spans(log_probs, tokens, timesteps=peaks, step_spans=spans)
    for clip, *found, measured in zip(clips, tokens, peaks, spans, together):
        ids, steps, bounds = ([each] for each in found)
        assert measure_spans(torch.from_numpy(clip)[None], ids, timesteps=steps, step_spans=bounds) == [measured]
    assert forced_align_batch(log_probs, [[]] * 4, lengths=lengths) == [()] * 4
