"""Training of n-gram models: a hand-worked one, and sums of probabilities."""

import numpy as np
import pytest

from cslrkit.decoders import NGram
from cslrkit.decoders.language_model.kneser_ney import read_sentences, train_ngrams, write_arpa
from cslrkit.decoders.language_model.ngram import read_arpa
from cslrkit.errors import ConfigError, DataError, DataNotFoundError
from cslrkit.structures import GlossVocab


def random_sentences(count, seed=0, words=6):
    generator = np.random.RandomState(seed)
    chain = generator.dirichlet(np.full(words, 0.5), words)
    for _ in range(count):
        word, sentence = generator.randint(words), []
        for _ in range(generator.randint(1, 9)):
            sentence.append(f'G{word}')
            word = generator.choice(words, p=chain[word])
        yield tuple(sentence)


def test_hand_worked():
    # Bigrams of '<s> A B </s>' and '<s> A </s>': <s> A 2, A B 1, B </s> 1, A </s> 1. Discounts 0.5, 1, 1.5.
    # 1-grams by what is before them: A 1, B 1, </s> 2 of 4; taken 0.5 + 0.5 + 1; the uniform one is 1 / 4.
    one, two = train_ngrams([('A', 'B'), ('A',), ()], 2)
    assert one['<unk>',] == pytest.approx((0.5 / 4, 1.0))
    assert one['A',][0] == pytest.approx(0.5 / 4 + 0.5 / 4)
    assert one['</s>',] == pytest.approx((1 / 4 + 0.5 / 4, 1.0))
    assert one['<s>',] == pytest.approx((0.0, 1 / 2))  # of 2 is taken 1
    assert one['A',][1] == pytest.approx((0.5 + 0.5) / 2)
    assert two['<s>', 'A'][0] == pytest.approx((2 - 1) / 2 + 1 / 2 * 0.25)
    assert two['A', '</s>'][0] == pytest.approx((1 - 0.5) / 2 + 0.5 * 0.375)


def test_discounts_of_the_counts():
    # Counts of order 1: A, B, C and </s> 1, D and E 2, F 3, G 4: n1 = 4, n2 = 2, n3 = 1, n4 = 1; Y = 4 / 8.
    (one,) = train_ngrams([tuple('ABCDDEEFFFGGGG')], 1)
    first, second, third = 1 - 2 * 0.5 * 2 / 4, 2 - 3 * 0.5 * 1 / 2, 3 - 4 * 0.5 * 1 / 1
    weight = (4 * first + 2 * second + 2 * third) / 15
    assert one['A',][0] == pytest.approx((1 - first) / 15 + weight / 9)
    assert one['D',][0] == pytest.approx((2 - second) / 15 + weight / 9)
    assert one['G',][0] == pytest.approx((4 - third) / 15 + weight / 9)
    assert one['<unk>',][0] == pytest.approx(weight / 9)


@pytest.mark.parametrize('order', [1, 2, 3, 5])
def test_probabilities_sum_to_one_after_every_context(order, tmp_path):
    write_arpa(train_ngrams(random_sentences(300), order), tmp_path / 'a.arpa')
    vocab = GlossVocab.from_list([*(f'G{index}' for index in range(6)), '<unk>'])
    model = NGram(tmp_path / 'a.arpa', vocab)
    states = {model.start()}
    for _ in range(order):
        states |= {model.advance(state, gloss_id) for state in states for gloss_id in range(1, 7)}
    assert len(states) > order - 1
    for state in states:
        assert np.exp(model.score(state).astype(np.float64)).sum() == pytest.approx(1, abs=1e-5)


def test_is_read_back(tmp_path):
    model = train_ngrams(random_sentences(50), 3)
    write_arpa(model, tmp_path / 'a.arpa')
    arpa = read_arpa(tmp_path / 'a.arpa')
    names = list(arpa.words)
    assert [sum(len(ids) for context, (ids, _) in arpa.followers.items() if len(context) == n) for n in range(3)] == [
        len(grams) for grams in model
    ]
    for context, (ids, log_probs) in arpa.followers.items():
        for index, log_prob in zip(ids, log_probs):
            gram = (*(names[word] for word in context), names[index])
            prob, weight = model[len(gram) - 1][gram]
            assert np.exp(log_prob) == pytest.approx(prob, rel=1e-5)
            assert np.exp(arpa.backoffs.get((*context, index), 0)) == pytest.approx(weight, rel=1e-5)


def test_sources(tmp_path, tiny_corpus):
    text = tmp_path / 'sentences.txt'
    text.write_text('A B\n\nC\n')
    assert read_sentences(text) == [('A', 'B'), (), ('C',)]
    path = tiny_corpus / 'preprocess' / 'train_info.npy'
    entries = np.load(path, allow_pickle=True).item()
    assert read_sentences(path)[0] == tuple(entries[0]['label'].split())
    with pytest.raises(DataNotFoundError, match=r'none\.txt'):
        read_sentences(tmp_path / 'none.txt')
    text.write_bytes(b'\xff')
    with pytest.raises(DataError, match='is not UTF-8'):
        read_sentences(text)


def test_wrong_input():
    with pytest.raises(DataError, match='got no sentence'):
        train_ngrams([()], 2)
    with pytest.raises(DataError, match="the gloss '</s>', which ARPA files reserve"):
        train_ngrams([('A', '</s>')], 2)
    with pytest.raises(ConfigError, match='order: got 6, expected 1 to 5'):
        train_ngrams([('A',)], 6)


@pytest.mark.slow
def test_the_tool(run_tool, tiny_corpus, tmp_path):
    out = tmp_path / 'gloss.arpa'
    done = run_tool('train_lm.py', tiny_corpus / 'preprocess' / 'train_info.npy', '--order', 2, '--out', out)
    assert done.returncode == 0, done.stderr
    assert f'written: {out}' in done.stdout
    assert read_arpa(out).order == 2
