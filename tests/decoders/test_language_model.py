"""A language model in the beam search, against an exhaustive one, and the faults of ARPA files."""

from itertools import groupby, product

import numpy as np
import pytest
import torch

from cslrkit.decoders import BeamDecoder, LanguageModel, NGram, build_decoder, prefix_beam_search
from cslrkit.decoders.beam.search import IMPOSSIBLE
from cslrkit.errors import ConfigError, DataError, DataNotFoundError
from cslrkit.registry import LANGUAGE_MODELS
from cslrkit.structures import GlossVocab

VOCAB = GlossVocab.from_list(['REGEN', 'NORD', 'WIND'])
# WIND is in no n-gram: it is unknown.
ARPA = """Made by hand.

\\data\\
ngram 1=5
ngram 2=4
ngram 3=2

\\1-grams:
-99\t<s>\t-0.3
-0.9\t</s>
-1.4\t<unk>\t-0.1
-0.5\tREGEN\t-0.2
-0.8\tNORD\t-0.4

\\2-grams:
-0.2\t<s> REGEN\t-0.25
-0.6\tREGEN NORD\t-0.15
-0.7\tNORD NORD
-0.3\tNORD </s>

\\3-grams:
-0.1\t<s> REGEN NORD
-0.4\tREGEN NORD </s>

\\end\\
"""
# Base 10, as in the file.
GRAMS = {
    tuple(fields[1].split()): (float(fields[0]), float(fields[2]) if len(fields) > 2 else 0.0)
    for fields in (line.split('\t') for line in ARPA.splitlines())
    if len(fields) > 1
}


@pytest.fixture
def arpa(tmp_path):
    path = tmp_path / 'gloss.arpa'
    path.write_text(ARPA)
    return path


def log10_after(history, word):
    """P(word | history) by the definition of back-off."""
    history = tuple(history[-2:])
    if (*history, word) in GRAMS:
        return GRAMS[(*history, word)][0]
    return GRAMS.get(history, (0.0, 0.0))[1] + log10_after(history[1:], word)


def log_prob(glosses, *, end):
    words = [gloss if (gloss,) in GRAMS else '<unk>' for gloss in glosses] + ['</s>'] * end
    history, total = ['<s>'], 0.0
    for word in words:
        total += log10_after(history, word)
        history.append(word)
    return total * np.log(10)


def random_probs(seed, steps=4, symbols=4):
    logits = np.random.RandomState(seed).standard_normal((steps, symbols))
    return torch.from_numpy(logits).float().softmax(-1)


def exhaustive(probs, *, alpha, beta, end):
    """Score of every sequence: all its paths summed, the language model added once for each gloss."""
    sums = {}
    for path in product(range(probs.shape[1]), repeat=len(probs)):
        sequence = tuple(symbol for symbol, _ in groupby(path) if symbol)
        sums[sequence] = sums.get(sequence, 0.0) + float(np.prod([probs[t, symbol] for t, symbol in enumerate(path)]))
    return {
        sequence: np.log(total) + alpha * log_prob(VOCAB.decode(sequence), end=end) + beta * len(sequence)
        for sequence, total in sums.items()
    }


@pytest.mark.parametrize('seed', range(3))
@pytest.mark.parametrize(('alpha', 'beta', 'end'), [(0.7, 0.4, True), (2.0, -1.0, False), (0.0, 1.5, True)])
def test_a_wide_beam_equals_an_exhaustive_search(arpa, seed, alpha, beta, end):
    probs = random_probs(seed)
    model = NGram(arpa, VOCAB, alpha=alpha, beta=beta, sentence_end=end)
    beams = prefix_beam_search(probs[None], [4], beam_width=400, language_model=model)[0]
    beams = [beam for beam in beams if beam.score > IMPOSSIBLE]
    expected = exhaustive(probs.numpy(), alpha=alpha, beta=beta, end=end)
    assert {beam.gloss_ids: beam.score for beam in beams} == pytest.approx(expected, abs=1e-4)
    assert [beam.score for beam in beams] == sorted((beam.score for beam in beams), reverse=True)
    for beam in beams:
        glosses = VOCAB.decode(beam.gloss_ids)
        assert beam.lm_score == pytest.approx(alpha * log_prob(glosses, end=end) + beta * len(glosses), abs=1e-4)


def test_the_language_model_changes_what_is_found(arpa):
    # NORD and WIND are as likely; after REGEN the file knows NORD.
    probs = torch.tensor([[[0.1, 0.8, 0.05, 0.05], [0.8, 0.1, 0.05, 0.05], [0.1, 0.1, 0.39, 0.41]]])
    decoder = build_decoder(dict(type='BeamDecoder', nbest=2), VOCAB)
    assert decoder(probs.log(), [3])[0].gloss_ids == (1, 3)
    model = dict(type='NGram', path=str(arpa), alpha=0.5, beta=0.5)
    hyp = build_decoder(dict(type='BeamDecoder', nbest=2, language_model=model), VOCAB)(probs.log(), [3])[0]
    assert hyp.gloss_ids == (1, 2)
    # log10 P: <s> REGEN -0.2, <s> REGEN NORD -0.1, REGEN NORD </s> -0.4.
    assert hyp.nbest[0].lm_score == pytest.approx(0.5 * -0.7 * np.log(10) + 0.5 * 2, abs=1e-5)
    assert hyp.score == hyp.nbest[0].score


def test_a_batch_is_searched_as_its_clips_alone(arpa):
    probs = torch.stack([random_probs(seed, steps=30) for seed in range(4)])
    lengths = [13, 30, 0, 7]
    model = NGram(arpa, VOCAB, alpha=0.8, beta=0.3)
    together = prefix_beam_search(probs, lengths, beam_width=6, language_model=model)
    for clip, length, beams in zip(probs, lengths, together):
        (alone,) = prefix_beam_search(clip[None, :length], [length], beam_width=6, language_model=model)
        assert alone == beams


def test_weights_of_zero_change_nothing(arpa):
    log_probs = torch.stack([random_probs(seed, steps=30) for seed in range(2)]).log()
    none = dict(type='NGram', path=str(arpa), alpha=0, beta=0)
    with_it = build_decoder(dict(type='BeamDecoder', nbest=5, language_model=none), VOCAB)(log_probs, [30, 20])
    assert with_it == BeamDecoder(nbest=5)(log_probs, [30, 20])
    assert with_it[0].nbest[0].lm_score is None


def test_unknown_glosses_and_the_sentence_end(arpa, tmp_path):
    wind = VOCAB.encode(['WIND'])[0][0]
    model = NGram(arpa, VOCAB)
    state = model.advance(model.start(), 1)
    assert model.score(state)[wind] == pytest.approx((-1.4 - 0.25 - 0.2) * np.log(10))
    assert model.score(state)[0] == pytest.approx((-0.9 - 0.25 - 0.2) * np.log(10))
    bare = tmp_path / 'bare.arpa'
    bare.write_text('\\data\\\nngram 1=2\n\n\\1-grams:\n-0.3 REGEN\n-0.4 NORD\n\n\\end\\\n')
    model = NGram(bare, VOCAB, unk_log_prob=-7.0)
    expected = [0.0, -0.3 * np.log(10), -0.4 * np.log(10), -7.0]
    assert model.score(model.start()).tolist() == pytest.approx(expected)
    assert model.start() == model.advance(model.start(), 1) == ()


class Echo(LanguageModel):
    """Likes each gloss after itself; its state is that gloss."""

    def start(self):
        return None

    def advance(self, state, gloss_id):
        return gloss_id

    def score(self, state):
        return np.where(np.arange(self.vocab.num_classes) == state, -0.1, -3.0).astype(np.float32)


def test_a_language_model_of_a_plugin():
    LANGUAGE_MODELS.register_module(module=Echo, force=True)
    try:
        cfg = dict(type='BeamDecoder', beam_width=400, nbest=400, language_model=dict(type='Echo', alpha=1.0))
        hyp = build_decoder(cfg, VOCAB)(random_probs(0)[None].log(), [4])[0]
    finally:
        LANGUAGE_MODELS.module_dict.pop('Echo')
    scores = {entry.gloss_ids: entry.lm_score for entry in hyp.nbest}
    # Each of: the first gloss, a repeat, another gloss; the end -3.
    assert (scores[1, 1], scores[1, 2], scores[()]) == pytest.approx((-6.1, -9.0, -3.0), abs=1e-5)


@pytest.mark.parametrize(
    ('old', 'new', 'message'),
    [
        ('\\end\\\n', '', r'line 24: got the end of the file, expected \\end\\'),
        (
            '\n\\3-grams:\n-0.1\t<s> REGEN NORD\n-0.4\tREGEN NORD </s>\n\n\\end\\\n',
            '',
            r'got the end of the file, expected \\3-grams:',
        ),
        ('\\data\\', '', r'got the end of the file, expected \\data\\'),
        ('ngram 2=4', 'ngram 2=5', 'line 21: got 4 2-grams, expected 5, as ngram 2=5 says'),
        ('ngram 2=4', 'ngram 2=3', 'line 19: got -0.3 NORD </s>, expected 3 2-grams'),
        ('ngram 2=4', 'ngram 3=4', 'line 5: got ngram 3=4, expected ngram 2=COUNT'),
        ('ngram 3=2', 'ngram 3=2\nngram 4=1\nngram 5=1\nngram 6=1', 'line 9: got ngram 6=1, expected orders up to 5'),
        ('ngram 2=4', 'ngram 2=99999999999', 'line 5: got ngram 2=99999999999, expected orders up to 5 and up to'),
        ('ngram 1=5', 'ngram 1=many', 'line 4: got ngram 1=many'),
        ('-0.6\t', 'nought\t', 'line 17: got nought, expected a number'),
        ('-0.6\t', 'nan\t', 'line 17: got nan, expected a number'),
        ('-0.6\t', '0.6\t', 'line 17: got 0.6, expected a log-probability of at most 0'),
        ('\t-0.15', '\t-inf', 'line 17: got -inf, expected a number'),
        ('REGEN NORD\t-0.15', 'REGEN SUED\t-0.15', "line 17: got the word 'SUED', expected words of the 1-grams"),
        ('NORD NORD', 'REGEN NORD', 'line 18: got -0.7 REGEN NORD, expected each n-gram once'),
        ('<s> REGEN NORD', '<unk> REGEN NORD', 'line 22: .*, expected only n-grams whose first 2 words are a 2-gram'),
        (
            '-0.3\tNORD </s>',
            '-0.3\tNORD',
            'line 19: got .*, expected a log-probability, 2 words and perhaps a back-off',
        ),
        ('-0.4\tREGEN NORD </s>', '-0.4\tREGEN NORD </s>\t-1', 'line 23: got .*, expected a log-probability, 3 words.'),
        ('\\2-grams:', '\\bigrams:', r'line 15: got \\bigrams:, expected'),
    ],
)
def test_malformed_files(arpa, old, new, message):
    assert old in ARPA
    arpa.write_text(ARPA.replace(old, new, 1))
    with pytest.raises(DataError, match=message) as error:
        NGram(arpa, VOCAB)
    assert str(arpa) in str(error.value)
    assert '\n' not in str(error.value)


def test_other_files(arpa, tmp_path):
    with pytest.raises(DataError, match=r'line 8: the 1-grams have 0 of the 2 glosses .*EINS, ZWEI.*at least half'):
        NGram(arpa, GlossVocab.from_list(['EINS', 'ZWEI']))
    with pytest.raises(DataNotFoundError, match=r"'.*none.arpa' does not exist.*or is None"):
        NGram(tmp_path / 'none.arpa', VOCAB)
    arpa.write_bytes(b'\\data\\\n\xff\xfe')
    with pytest.raises(DataError, match='is not UTF-8 text'):
        NGram(arpa, VOCAB)
    arpa.write_bytes(b'0' * 100_000)
    with pytest.raises(DataError, match=r'line 1: got 0+\.\.\., expected a line of ARPA text'):
        NGram(arpa, VOCAB)


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(alpha=-1), 'language_model.*alpha: got -1, expected 0 or more'),
        (dict(beta='much'), "language_model.*beta: got 'much', expected a number"),
        (dict(gamma=1), "NGram has no argument 'gamma'"),
    ],
)
def test_wrong_settings(arpa, arguments, message):
    with pytest.raises(ConfigError, match=message):
        build_decoder(dict(type='BeamDecoder', language_model=dict(type='NGram', path=str(arpa), **arguments)), VOCAB)


def test_a_language_model_needs_the_vocabulary(arpa):
    with pytest.raises(ConfigError, match='language_model: got the vocabulary None and the blank 0, expected vocab='):
        BeamDecoder(language_model=dict(type='NGram', path=str(arpa)))
    with pytest.raises(ConfigError, match='the blank 3'):
        BeamDecoder(language_model=dict(type='NGram', path=str(arpa)), vocab=VOCAB, blank_id=3)
