from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from cslrkit.corpora.synthsign import PRESETS, CorpusSpec, make_lexicon
from cslrkit.corpora.synthsign.figure import Camera, Canvas, draw_signer
from cslrkit.corpora.synthsign.grammar import make_sentences
from cslrkit.corpora.synthsign.motion import REST_POSE, perform, sign_poses
from cslrkit.corpora.synthsign.randomness import stream
from cslrkit.corpora.synthsign.signers import make_signers
from cslrkit.corpora.synthsign.signs import HANDSHAPES, Sign, is_possible
from cslrkit.errors import ConfigError

STEADY = replace(PRESETS['tiny'], variation=0.0, sign_frames=(12, 12))


def draw(pose, size=(64, 64), *, signer=None, **camera):
    signer = make_signers(1, 0)[0] if signer is None else signer
    picture = Canvas(Camera(size, **camera), signer.backdrop)
    draw_signer(picture, signer, pose, hand_scale=1.3)
    return picture.frame()


def poses_of(sign, *, spec=STEADY, seed=0):
    return sign_poses(sign, signer=make_signers(1, 0)[0], spec=spec, rng=stream(seed, 'repetition'))


@pytest.mark.parametrize('preset', list(PRESETS))
@pytest.mark.parametrize('seed', [0, 1, 2])
def test_pairs_are_minimal_and_no_others(preset, seed):
    spec = PRESETS[preset]
    lexicon = make_lexicon(spec, seed)
    assert len(lexicon.signs) == spec.num_glosses
    assert all(is_possible(sign) for sign in lexicon.signs.values())
    listed = {frozenset((pair.first, pair.second)): pair.component for pair in lexicon.minimal_pairs}
    assert sorted(listed.values()) == ['handshape'] * spec.handshape_pairs + ['movement'] * spec.movement_pairs
    for first, second in combinations(lexicon.signs, 2):
        differences = lexicon.signs[first].differences(lexicon.signs[second])
        component = listed.get(frozenset((first, second)))
        if component is None:
            assert len(differences) >= 2
        else:
            assert differences == (component,)


@pytest.mark.parametrize('seed', [0, 1, 2])
def test_one_frame_does_not_tell_a_movement_pair_apart(seed):
    lexicon = make_lexicon(PRESETS['small'], seed)
    for pair in lexicon.minimal_pairs:
        first, second = (poses_of(lexicon.signs[gloss]) for gloss in (pair.first, pair.second))
        if pair.component == 'movement':
            # The same hand, and places that both movements come by.
            gaps = np.abs(first[:, None, 0, :2] - second[None, :, 0, :2]).max(-1)
            assert gaps.min() < 0.18
            assert np.array_equal(first[0, 0, 3:], second[0, 0, 3:])
            assert not np.allclose(first, second, atol=0.05)
        else:
            # The same way, another hand.
            assert np.array_equal(first[..., :3], second[..., :3])
            assert not np.allclose(first[0, 0, 3:], second[0, 0, 3:])


def test_signs_follow_the_seed():
    spec = PRESETS['small']
    assert make_lexicon(spec, 3) == make_lexicon(spec, 3)
    assert make_lexicon(spec, 3) != make_lexicon(spec, 4)


def test_handshapes_look_different_in_small_frames():
    images = {}
    for shape in HANDSHAPES:
        pose = poses_of(Sign(shape, 'side', 'hold', 'one'))[0]
        images[shape] = draw(pose).astype(int)
    for first, second in combinations(HANDSHAPES, 2):
        changed = (np.abs(images[first] - images[second]).max(-1) > 40).sum()
        assert changed >= 6, f'{first} and {second} differ in {changed} pixels of a 64x64 frame'


def test_both_hands_are_mirror_images():
    image = draw(poses_of(Sign('index', 'side', 'hold', 'both'))[0]).astype(int)
    # Beside the face, which is not quite symmetric.
    assert np.abs(image - image[:, ::-1])[:, :20].max() < 60
    one_hand = draw(poses_of(Sign('index', 'side', 'hold', 'one'))[0]).astype(int)
    assert np.abs(one_hand - one_hand[:, ::-1])[:, :20].max() > 100


@pytest.mark.parametrize('seed', [0, 1])
def test_a_sentence_moves_without_jumps_from_rest_to_rest(seed):
    spec = PRESETS['small']
    lexicon = make_lexicon(spec, seed)
    glosses = tuple(lexicon.signs)
    for signer in make_signers(spec.num_signers, seed):
        performance = perform(glosses, lexicon.signs, signer=signer, spec=spec, rng=stream(seed, signer.name))
        poses = performance.poses
        assert np.array_equal(poses[0], REST_POSE)
        assert np.array_equal(poses[-1], REST_POSE)
        # A hand never crosses more than a quarter of the picture (two body units) in a frame.
        assert np.abs(np.diff(poses[..., :2], axis=0)).max() < 0.5
        assert len(performance.spans) == len(glosses)
        ends = [0]
        for start, end in performance.spans:
            assert start - ends[-1] >= 2  # a transition or the rest pose
            assert 6 <= end - start <= 15
            ends.append(end)
        assert ends[-1] < len(poses)


def test_repetitions_vary():
    sign = Sign('flat', 'chest', 'up', 'one')
    varied = replace(STEADY, variation=1.0)
    assert not np.array_equal(poses_of(sign, spec=varied, seed=0), poses_of(sign, spec=varied, seed=1))
    assert np.array_equal(poses_of(sign, seed=0), poses_of(sign, seed=1))


def test_signers_differ():
    signers = make_signers(9, 0)
    assert [signer.name for signer in signers] == [f'Signer{number:02d}' for number in range(1, 10)]
    for first, second in combinations(signers, 2):
        assert (first.skin, first.clothes, first.hair) != (second.skin, second.clothes, second.hair)
        assert first.pace != second.pace


@pytest.mark.parametrize('size', [(64, 64), (112, 112), (210, 260), (260, 210), (64, 104)])
def test_frame_size(size):
    frame = draw(REST_POSE, size)
    assert frame.shape == (size[1], size[0], 3)
    assert frame.dtype == np.uint8


def test_top_margin_stays_empty():
    pose = poses_of(Sign('spread', 'temple', 'up', 'both'))[-1]
    frame = draw(pose, (64, 104), margin_top=40)
    backdrop = make_signers(1, 0)[0].backdrop
    assert (frame[:40] == backdrop).all()
    assert np.array_equal(frame[40:], draw(pose, (64, 64)))


@pytest.mark.parametrize('preset', ['tiny', 'small'])
@pytest.mark.parametrize('seed', [0, 1, 2, 3])
def test_sentences(preset, seed):
    spec = PRESETS[preset]
    glosses = list(make_lexicon(spec, seed).signs)
    sentences = make_sentences(spec, glosses, seed)
    assert {split: len(own) for split, own in sentences.items()} == spec.num_sentences
    train, dev, test = (set(sentences[split]) for split in ('train', 'dev', 'test'))
    assert not train & dev
    assert not train & test
    assert not dev & test
    assert len(dev) == len(sentences['dev'])
    assert {gloss for sentence in train for gloss in sentence} == set(glosses)
    assert {len(sentence) for sentence in train} == set(spec.sentence_lengths)


def test_repeated_glosses_are_rare_and_can_be_had():
    def count(probability):
        spec = replace(PRESETS['small'], repeat_probability=probability)
        sentences = make_sentences(spec, list(make_lexicon(spec, 0).signs), 0)['train']
        return sum(any(a == b for a, b in zip(sentence, sentence[1:])) for sentence in sentences)

    assert count(0.0) == 0
    assert 1 <= count(0.02) <= 30
    assert count(1.0) == 300


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (dict(frame_size=(16, 64)), r'CorpusSpec\.frame_size: got \(16, 64\), expected .* at least 32 pixels'),
        (dict(num_sentences={'train': 3}), r'CorpusSpec\.num_sentences'),
        (dict(num_glosses=61), r'CorpusSpec\.num_glosses: got 61, expected 4 to 60'),
        (dict(sentence_lengths={0: 1.0}), r'CorpusSpec\.sentence_lengths'),
        (dict(sign_frames=(9, 8)), r'CorpusSpec\.sign_frames'),
        (dict(transition_frames=(0, 3)), r'CorpusSpec\.transition_frames'),
        (dict(num_unseen_signers=5), r'CorpusSpec\.num_unseen_signers: got 5, expected fewer than the 5'),
        (dict(movement_pairs=-1), r'CorpusSpec\.movement_pairs: got -1'),
        (dict(handshape_pairs=6), r'CorpusSpec\.handshape_pairs: got 6, expected pairs that fit into 14'),
        (dict(repeat_probability=2.0), r'CorpusSpec\.repeat_probability'),
        (dict(hand_scale=0.1), r'CorpusSpec\.hand_scale'),
        (dict(variation=-1.0), r'CorpusSpec\.variation'),
    ],
)
def test_contradictory_spec(change, message):
    with pytest.raises(ConfigError, match=message):
        CorpusSpec(**change)


@pytest.mark.slow
def test_too_many_sentences():
    spec = replace(PRESETS['tiny'], num_sentences={'train': 4, 'dev': 500, 'test': 3})
    with pytest.raises(ConfigError, match=r'the grammar gives only .* new sentences for dev, expected 500'):
        make_sentences(spec, list(make_lexicon(spec, 0).signs), 0)


def test_too_few_sentences_for_the_vocabulary():
    spec = replace(PRESETS['small'], num_sentences={'train': 2, 'dev': 1, 'test': 1})
    with pytest.raises(ConfigError, match='2 train sentences leave out'):
        make_sentences(spec, list(make_lexicon(spec, 0).signs), 0)
