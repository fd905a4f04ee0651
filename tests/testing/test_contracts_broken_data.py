"""Broken decoders, transforms and datasets are told of what they break."""

from dataclasses import replace

import numpy as np
import pytest
from mmcv.transforms import BaseTransform

from cslrkit.decoders.greedy_decoder import GreedyDecoder
from cslrkit.testing import ContractError, check_dataset, check_decoder, check_transform


def breach(check, cls, cfg=None):
    """The findings of a check that has to fail, by clause."""
    with pytest.raises(ContractError) as caught:
        check(cls, cfg)
    return {finding.clause: str(finding) for finding in caught.value.findings}


class Changed(GreedyDecoder):
    """Greedy decoding, its hypotheses changed by ``change(hyp, log_probs)``."""

    def __call__(self, log_probs, feat_lens):
        return [self.change(hyp, log_probs) for hyp in super().__call__(log_probs, feat_lens)]


class GivesLists(GreedyDecoder):
    def __call__(self, log_probs, feat_lens):
        return [list(hyp.gloss_ids) for hyp in super().__call__(log_probs, feat_lens)]


class NumpyIds(Changed):
    def change(self, hyp, log_probs):
        return replace(hyp, spans=[replace(span, gloss_id=np.int64(span.gloss_id)) for span in hyp])


class OverlappingSpans(Changed):
    def change(self, hyp, log_probs):
        return replace(hyp, spans=[replace(span, steps=(0, span.peak)) for span in hyp])


class OfAnEarlierRelease(Changed):
    def change(self, hyp, log_probs):
        return replace(hyp, confidences=hyp.confidences)


class WorstFirst(Changed):
    def change(self, hyp, log_probs):
        entry = hyp.nbest[0]
        return replace(hyp, nbest=(replace(entry, score=entry.score - 1), entry))


class OtherBlank(GreedyDecoder):
    def __init__(self):
        super().__init__(blank_id=-1)

    def __call__(self, log_probs, feat_lens):
        return super().__call__(log_probs.roll(1, -1), feat_lens)


class SeesPadding(GreedyDecoder):
    def __call__(self, log_probs, feat_lens):
        return super().__call__(log_probs, [log_probs.shape[1]] * len(feat_lens))


class Remembers(Changed):
    calls = 0

    def change(self, hyp, log_probs):
        self.calls += 1
        return replace(hyp, score=hyp.score + self.calls)


class ChangesInput(GreedyDecoder):
    def __call__(self, log_probs, feat_lens):
        return super().__call__(log_probs.mul_(2), feat_lens)


class OneType(GreedyDecoder):
    def __call__(self, log_probs, feat_lens):
        log_probs.numpy()
        return super().__call__(log_probs, feat_lens)


class NeedsGlosses(Changed):
    def change(self, hyp, log_probs):
        return replace(hyp, score=float(max(hyp.timesteps)))


DECODERS = [
    (GivesLists, 'result', r"got 3 of \['list'\], expected a list of three Hypothesis"),
    (NumpyIds, 'result', 'gloss_ids: got .*expected ints from 1 to 5'),
    (OfAnEarlierRelease, 'result', 'since release 0.2.0 it is made of spans'),
    (OverlappingSpans, 'spans', 'in order that do not overlap'),
    (WorstFirst, 'n-best', 'expected the best first'),
    (OtherBlank, 'result', 'expected ints from 1 to 5.*without blanks'),
    (SeesPadding, 'spans', 'clip 1 of 9 steps.*expected steps from 0 to 8'),
    (Remembers, 'determinism', 'Keep no state between calls'),
    (ChangesInput, 'input', 'log_probs and feat_lens after the call'),
    (OneType, 'dtype', 'log_probs in torch.bfloat16'),
    (NeedsGlosses, 'empty', 'clips that are blank throughout: got ValueError'),
]


@pytest.mark.parametrize(('cls', 'clause', 'message'), DECODERS)
def test_decoder(cls, clause, message):
    assert clause in breach(check_decoder, cls)
    with pytest.raises(ContractError, match=message):
        check_decoder(cls)


class MergesNothing(Changed):
    def change(self, hyp, log_probs):
        return replace(hyp, spans=hyp[:1])


def test_decoder_that_misses_the_obvious():
    message = r'each symbol with a probability of 0.99: got \(1,\), expected \(1, 2, 3\)'
    with pytest.raises(ContractError, match=message):
        check_decoder(MergesNothing)


class ScoresPadding(Changed):
    def change(self, hyp, log_probs):
        return replace(hyp, score=float(log_probs.detach().float().sum()))


def test_decoder_whose_score_depends_on_padding():
    assert 'one hypothesis, spans and score included' in breach(check_decoder, ScoresPadding)['padding invariance']


class Transform(BaseTransform):
    """Keeps its contract; the classes below do not. Required keys: ``imgs``."""

    def transform(self, results):
        return results


class WithoutKeys(Transform):
    """Says nothing."""


class GivesNothing(Transform):
    """Required keys: ``imgs``."""

    def transform(self, results):
        return None


class Normalizes(Transform):
    """Required keys: ``imgs``."""

    def transform(self, results):
        return dict(results, imgs=results['imgs'] / 255)


class DropsFrames(Transform):
    """Required keys: ``imgs``."""

    def transform(self, results):
        return dict(results, imgs=results['imgs'][::2])


class AddsUnnamed(Transform):
    """Required keys: ``imgs``."""

    def transform(self, results):
        return dict(results, mask=1)


class Relabels(Transform):
    """Required keys: ``imgs``."""

    def transform(self, results):
        return dict(results, gloss_ids=[2, 1])


class OwnGenerator(Transform):
    """Required keys: ``imgs``."""

    def transform(self, results):
        noise = np.random.default_rng().integers(0, 9, results['imgs'].shape, dtype=np.uint8)
        return dict(results, imgs=results['imgs'] + noise)


class InPlace(Transform):
    """Required keys: ``imgs``."""

    def transform(self, results):
        results['imgs'][0] = 0
        return results


class NotPicklable(Transform):
    """Required keys: ``imgs``."""

    def __init__(self):
        self.change = lambda results: results


class Fails(Transform):
    """Required keys: ``imgs``."""

    def transform(self, results):
        return results['images']


TRANSFORMS = [
    (WithoutKeys, 'docstring', 'the docstring of WithoutKeys: got no word of keys'),
    (GivesNothing, 'result', 'the result: got a NoneType, expected a dict'),
    (Normalizes, 'imgs', r'got \(11, 40, 48, 3\) of float64, expected a uint8 array'),
    (DropsFrames, 'imgs', 'frame_indices: got 11 for 6 frames'),
    (AddsUnnamed, 'keys', 'keys that were added: got mask'),
    (Relabels, 'annotation', 'got another value of gloss_ids'),
    (OwnGenerator, 'seeds', 'seeded by 0: got different results'),
    (InPlace, 'input', 'the pixels that were given: got other values after the call'),
    (NotPicklable, 'workers', 'Keep no open file, lock or lambda'),
    (Fails, 'result', r"KeyError: 'images' \(test_contracts_broken_data.py:\d+\)"),
]


@pytest.mark.parametrize(('cls', 'clause', 'message'), TRANSFORMS)
def test_transform(cls, clause, message):
    check_transform(Transform)
    assert clause in breach(check_transform, cls)
    with pytest.raises(ContractError, match=message):
        check_transform(cls)


@pytest.mark.parametrize(
    ('clause', 'message', 'changes'),
    [
        ('vocab', 'the attribute vocab: got a list, expected a GlossVocab', {'vocab': ['A']}),
        ('ids', r'sample_ids: got \d+ ids, 1 different', {'sample_ids': property(lambda self: ['a'] * len(self))}),
        ('ids', 'references: got 0 of', {'references': {}}),
        ('sample', "'signer': got None, expected str", {'changed': {'signer': None}}),
        ('sample', "'frame_paths': got 0 paths", {'changed': {'frame_paths': []}, 'without': 'frames'}),
        ('annotation', r'gloss_ids: got \[0\], expected \[', {'changed': {'gloss_ids': [0]}}),
        ('repeatable', 'read again, by 0 and -', {'counter': True}),
        ('independent', 'got the change, expected the sample as it was', {'cached': True}),
        ('workers', 'Keep no open file', {'opened': True}),
        ('config', 'DataNotFoundError', {'data_root': '/nowhere'}),
    ],
)
def test_dataset(clause, message, changes, tiny_corpus):
    cfg = dict(data_root=changes.pop('data_root', str(tiny_corpus)), split='dev', frame_subdir='fullFrame-112x112px')
    with pytest.raises(ContractError, match=message) as caught:
        check_dataset(broken_dataset(**changes), cfg)
    assert clause in {finding.clause for finding in caught.value.findings}


def broken_dataset(*, changed=None, without=None, counter=False, cached=False, opened=False, **attributes):
    """A dataset whose samples are changed as told."""
    from cslrkit.datasets import Phoenix2014Dataset

    class Broken(Phoenix2014Dataset):
        calls = 0

        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.cache = {}
            self.handle = (lambda: None) if opened else None

        def __getitem__(self, idx):
            if cached and idx % len(self) in self.cache:
                return self.cache[idx % len(self)]
            sample = dict(super().__getitem__(idx), **(changed or {}))
            sample.pop(without, None)
            self.calls += 1
            if counter:
                sample['original_info'] = str(self.calls)
            self.cache[idx % len(self)] = sample
            return sample

    for name, value in attributes.items():
        setattr(Broken, name, value)
    return Broken
