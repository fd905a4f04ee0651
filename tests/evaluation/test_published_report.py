from benchmarks.parity.judge_wer import count_alone, published_report
from cslrkit.evaluation.functional import compare_outputs
from cslrkit.evaluation.functional.published import OutputCounts


def test_one_output():
    assert count_alone([['A', 'B', 'C']], [['A', 'A', 'X', 'C', 'D']]) == OutputCounts(2, 0, 0, 0, words=3)
    assert count_alone([['A', 'B']], [[]]) == OutputCounts(2, 0, 0, 0, words=2)


def test_two_outputs_without_gaps():
    # Positions: both right, only the main, only the auxiliary, both wrong.
    counts = compare_outputs([['A', 'B', 'C', 'D']], [['A', 'B', 'X', 'X2']], [['A', 'Y', 'C', 'Y2']])
    assert counts == OutputCounts(primary=2, auxiliary=2, primary_only_right=1, auxiliary_only_right=1, words=4)


def test_gaps_that_both_outputs_need():
    # The main output inserts 'X' before 'B'. The auxiliary one lacks that position, which is right.
    counts = compare_outputs([['A', 'B']], [['A', 'X', 'B']], [['A', 'B']])
    assert counts == OutputCounts(primary=1, auxiliary=0, primary_only_right=0, auxiliary_only_right=1, words=2)


def test_positions_that_are_off_by_one_count_as_the_published_code_counts_them():
    # Worked by running the published functions: a padded word differs from itself elsewhere.
    ref = ['*', 'A', '**']
    primary = ['A', '**', '*', 'A', '*', 'A', 'B', '*', '*', 'A']
    counts = compare_outputs([ref], [primary], [['**', 'B', '*']])
    assert counts == OutputCounts(primary=3, auxiliary=1, primary_only_right=0, auxiliary_only_right=2, words=1)


def test_report_lines():
    assert published_report(OutputCounts(1, 2, 0, 1, 8)) == [
        'WER_primary:  12.50%',
        'WER_auxiliary:  25.00%',
        'WAR:  0.00%',
        'WDR:  12.50%',
    ]
