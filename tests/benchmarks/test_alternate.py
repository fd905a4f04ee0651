import importlib
import json

import pytest

from benchmarks.__main__ import NAMES, main
from benchmarks.alternate import Measured, alternate, report
from cslrkit.errors import ConfigError


def test_runs_alternate_and_warm_up_first():
    order = []
    measured = alternate(
        lambda: order.append('a'), {'b': lambda: order.append('b'), 'c': lambda: order.append('c')}, rounds=2
    )
    assert ''.join(order) == 'abc' * 3
    assert {name: (len(one.baseline), len(one.ours)) for name, one in measured.items()} == {'b': (2, 2), 'c': (2, 2)}
    assert measured['b'].baseline == measured['c'].baseline


def test_report_compares_round_by_round(capsys):
    # Ratios 2, 4, 3: the second round was slow for both.
    record = report(
        Measured([2.0, 8.0, 3.0], [1.0, 2.0, 1.0]), benchmark='data', row='x', required=3.5, limit_s=0.5, frames=7
    )
    line, parsed = capsys.readouterr().out.splitlines()
    assert json.loads(parsed) == record
    assert line.startswith('data: x: 3.00 times the baseline (2.00 to 4.00 in 3 rounds; 3 s -> 1 s)')
    assert line.endswith('required 3.5: NOT REACHED, 50% of the limit')
    expected = dict(baseline_s=3.0, ours_s=1.0, ratio=3.0, ratio_min=2.0, ratio_max=4.0, limit_share=0.5, frames=7)
    assert {name: record[name] for name in expected} == expected
    assert set(record['env']) == {'threads', 'torch', 'cpus'}


def test_rounds(monkeypatch):
    seen = []
    monkeypatch.setattr('benchmarks.score.run', lambda args: seen.append(args.rounds))
    for line in ('score', 'score --short', 'score --short --rounds 2'):
        main(line.split())
    assert seen == [7, 3, 2]
    with pytest.raises(ConfigError, match='--rounds: got 0'):
        main(['score', '--rounds', '0'])


@pytest.mark.parametrize('name', NAMES)
def test_every_benchmark_says_what_it_is(name, capsys):
    with pytest.raises(SystemExit) as stopped:
        main([name, '--help'])
    assert stopped.value.code == 0
    text = ' '.join(capsys.readouterr().out.split())
    assert ' '.join(importlib.import_module(f'benchmarks.{name}').__doc__.split('\n')[0].split()) in text
    assert f'python -m benchmarks {name} --short' in text


def test_wrong_arguments():
    with pytest.raises(ConfigError, match='rounds 0'):
        alternate(print, {}, rounds=0)
    with pytest.raises(ConfigError, match="'baseline' is kept"):
        alternate(print, {'baseline': print})
