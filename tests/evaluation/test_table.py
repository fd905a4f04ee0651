from cslrkit.evaluation.report import format_wer_table


def test_table_of_two_splits():
    dev = {'wer': 18.006, 'sub': 9.5, 'del': 6.25, 'ins': 2.256, 'num_sentences': 540, 'num_words': 5540}
    test = {'phoenix/wer': 18.28, 'phoenix/wer_conv': 21.0, 'phoenix/num_sentences': 629.0}
    assert format_wer_table({'dev': dev, 'test': test}).split('\n') == [
        'split  WER %   sub   del   ins  conv WER %  sentences  words',
        'dev    18.01  9.50  6.25  2.26           -        540   5540',
        'test   18.28     -     -     -       21.00        629      -',
    ]


def test_empty_table():
    assert format_wer_table({}) == 'split'
