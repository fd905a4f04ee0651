"""Times of recognized glosses beside annotated segments, worked by hand."""

import subprocess
import sys
from pathlib import Path

import pytest
from results_files import write_results

from cslrkit.errors import DataError
from cslrkit.evaluation.report.spans import GOALS, calibration_error, goal_lines, place_glosses, summarize
from cslrkit.visualization.html_report import load_results

REPO = Path(__file__).parents[2]
# Spans of the hand-made results: 0.08 to 0.32 s, then 0.48 to 0.72 s, then 0.88 to 1.12 s.
TRUTH = {
    'a': [('HEUTE', 0.08, 0.32), ('REGEN', 0.5, 0.7), ('NORD', 1.0, 1.24)],
    'b': [('MORGEN', 0.12, 0.32), ('SONNE', 0.5, 0.7)],
    'c': [('NORD', 0.0, 0.08), ('REGEN', 0.4, 0.6)],
}


@pytest.fixture
def results(tmp_path):
    return load_results(write_results(tmp_path))


def test_correct_glosses_are_compared_with_their_segments(results):
    placed = place_glosses(results.corpus.sentences, results.seconds, TRUTH)
    # a: HEUTE and NORD are right; b: MORGEN; c: REGEN, whose span and segment do not overlap, a segment before it.
    assert [(one.gloss, one.signer) for one in placed] == [
        ('HEUTE', 'Ann'),
        ('NORD', 'Ann'),
        ('MORGEN', 'Bo'),
        ('REGEN', 'Ann'),
    ]
    assert [one.iou for one in placed] == pytest.approx([1.0, 0.12 / 0.36, 0.20 / 0.24, 0.0])
    assert [one.start_error for one in placed] == pytest.approx([0.0, -0.12, -0.04, -0.32])
    figures = summarize(placed)
    assert figures['mean_iou'] == pytest.approx((1 + 1 / 3 + 5 / 6) / 4)
    assert figures['share_at_half'] == 0.5
    assert figures['start_bias'] == pytest.approx(-0.08)
    assert figures['end_error'] == pytest.approx(0.06)


def test_annotations_of_another_corpus_are_an_error(results):
    with pytest.raises(DataError, match='none of the 5 sentences'):
        place_glosses(results.corpus.sentences, results.seconds, {'z': [('HEUTE', 0.0, 1.0)]})


def test_calibration_error():
    # Two bins: 0.95 twice, one right: |1 - 1.9|; 0.25 twice, none right: 0.5. (0.9 + 0.5) / 4
    assert calibration_error([0.95, 0.25, 0.95, 0.25], [True, False, False, False]) == pytest.approx(0.35)
    assert calibration_error([1.0], [True]) == 0.0


def test_goals_say_what_was_reached():
    lines = goal_lines(dict(mean_iou=0.71, share_at_half=0.5, start_error=0.08, end_error=0.1))
    assert [line.endswith(' not reached') for line in lines] == [False, True, False, True]
    assert len(lines) == len(GOALS)


@pytest.mark.slow
def test_the_tool_prints_and_draws(tmp_path):
    write_results(tmp_path)
    rows = [f'{sample},{gloss},{start},{end}' for sample, signs in TRUTH.items() for gloss, start, end in signs]
    (tmp_path / 'truth.csv').write_text('\n'.join(['id,glosses,start,end', *rows]))
    command = [sys.executable, 'tools/analysis/spans.py', tmp_path / 'dev.json', '--truth', tmp_path / 'truth.csv']
    run = subprocess.run(
        [*command, '--goal', '--picture', tmp_path / 'spans.png'], cwd=REPO, capture_output=True, text=True
    )
    assert run.returncode == 1, run.stderr
    assert 'mean_iou: 0.542, goal at least 0.70: not reached' in run.stdout
    assert (tmp_path / 'spans.png').stat().st_size > 5000
