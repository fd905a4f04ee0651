import pytest

from cslrkit.errors import ConfigError
from cslrkit.evaluation import WERMetric
from cslrkit.registry import NORMALIZERS

PHOENIX = NORMALIZERS.build(dict(type='phoenix2014'))


@pytest.mark.parametrize(
    ('word', 'scored'),
    [
        ('WETTER', 'WETTER'),
        ('loc-NORD', 'NORD'),
        ('cl-KOMMEN-PLUSPLUS', 'KOMMEN'),
        ('NICHT-cl-KOMMEN', 'NICHT-KOMMEN'),
        ('qu-WAS', 'WAS'),
        ('poss-EUCH', 'EUCH'),
        ('lh-HOCH', 'HOCH'),
        ('S0NNE', 'SONNE'),
        ('loc-HABEN2-PLUSPLUS', 'HABEN'),
        ('ZEIGEN', 'ZEIGEN-BILDSCHIRM'),
        ('ANZEIGEN', 'ANZEIGEN-BILDSCHIRM'),
        ('ZEIGEN-BILDSCHIRM', 'ZEIGEN-BILDSCHIRM'),
        ('ALPENRAUM', 'ALPEN'),
        ('RAUM', 'RAUM'),
        ('TRAUM', 'TRAUM'),  # two letters must come before
        ('C+M', 'C+M'),
        ('__ON__', '__ON__'),
        ('__EMOTION__', ''),
        ('__PU__', ''),
        ('__LEFTHAND__', ''),
        ('__EPENTHESIS__', ''),
        ('cl-', ''),
        ('wetter', 'wetter'),
        ('今天', '今天'),
    ],
)
def test_words_of_hypotheses(word, scored):
    assert PHOENIX.hypothesis_word(word) == scored


def test_references_of_dev_and_test_are_cleaned_word_by_word():
    words = ['S', 'H', 'loc-VOR', '__PU__', 'MOEGLICH', 'MOEGLICH']
    assert PHOENIX.reference(words, split='test') == ['S', 'H', 'VOR', 'MOEGLICH', 'MOEGLICH']


@pytest.mark.parametrize(
    ('label', 'scored'),
    [
        ('E R Z BERG C M', 'E+R+Z BERG C+M'),
        ('WIE AUSSEHEN ZEIGEN WETTER', 'WIE-AUSSEHEN ZEIGEN-BILDSCHIRM WETTER'),
        ('REGEN REGEN REGEN WIND', 'REGEN WIND'),
        ('NACH-HAUSE NACH-HAUSE', 'NACH-HAUSE NACH-HAUSE'),  # only unhyphenated words are merged
        ('SCH N NN M', 'SCH+N+NN M'),
        ('WETTER __EPENTHESIS__', ''),
    ],
)
def test_references_of_train_are_cleaned_as_sentences(label, scored):
    assert ' '.join(PHOENIX.reference(label.split(), split='train')) == scored


def test_none_leaves_everything():
    none = NORMALIZERS.build(dict(type='none'))
    assert none.hypothesis_word('loc-NORD') == 'loc-NORD'
    assert none.reference(('A', 'A'), split='dev') == ['A', 'A']


def test_a_normalizer_of_ones_own():
    @NORMALIZERS.register_module(name='upper-for-test')
    class Upper:
        def hypothesis_word(self, word):
            return word.upper()

        def reference(self, words, *, split):
            return [word.upper() for word in words]

    try:
        assert WERMetric(normalizer='upper-for-test').normalizer.hypothesis_word('a') == 'A'
    finally:
        NORMALIZERS.module_dict.pop('upper-for-test')


def test_unknown_normalizer():
    with pytest.raises(ConfigError, match=r"'phoenix14' is not registered in the normalizer registry.*'phoenix2014'"):
        WERMetric(normalizer='phoenix14')
