from cslrkit.utils import progress
from cslrkit.utils.progress import ProgressLine


def test_progress_line(monkeypatch, capsys):
    monkeypatch.setattr(progress, '_SHOWN_AFTER', -1.0)
    line = ProgressLine('drawing frames', 10)
    line.add(5)
    line.close()
    assert 'drawing frames: 5/10, about' in capsys.readouterr().err


def test_bar_on_a_terminal(monkeypatch, capsys):
    monkeypatch.setattr(progress, '_SHOWN_AFTER', -1.0)
    monkeypatch.setattr('sys.stderr.isatty', lambda: True)
    line = ProgressLine('drawing frames', 10)
    line.add(5)
    line.close()
    shown = capsys.readouterr().err
    assert 'drawing frames ' in shown
    assert ' 5/10' in shown


def test_silent_when_short_or_not_wanted(monkeypatch, capsys):
    ProgressLine('drawing frames', 10).add(5)
    monkeypatch.setattr(progress, '_SHOWN_AFTER', -1.0)
    ProgressLine('drawing frames', 10, shown=False).add(5)
    assert capsys.readouterr().err == ''
