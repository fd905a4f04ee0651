"""Curves from logs as mmengine writes them."""

import json

import pytest

from cslrkit.errors import ConfigError, DataError, DataNotFoundError, OutputError
from cslrkit.visualization.curves import draw_curves, load_curves

LENGTH = 4  # iterations of an epoch


def log(folder, start, epochs, *, offset=0.0, cut=''):
    """The log of one start: two points of the loss and one of the WER an epoch."""
    lines = []
    for epoch in epochs:
        for i in (2, 4):
            step = (epoch - 1) * LENGTH + i
            lines.append({'loss': 100.0 - step + offset, 'lr': 0.1, 'epoch': epoch, 'iter': step, 'step': step})
        lines.append({'wer': 50.0 - epoch + offset, 'step': epoch})
    path = folder / start / 'vis_data' / 'scalars.json'
    path.parent.mkdir(parents=True)
    path.write_text(''.join(json.dumps(line) + '\n' for line in lines) + cut)
    return path


def test_losses_and_validation_share_an_axis(tmp_path):
    log(tmp_path / 'run', '1', [1, 2])
    run = load_curves(tmp_path / 'run')
    assert run.name == 'run'
    assert run.by_epoch
    assert run.curves['loss'] == [(0.5, 98.0), (1.0, 96.0), (1.5, 94.0), (2.0, 92.0)]
    assert run.curves['wer'] == [(1, 49.0), (2, 48.0)]


def test_a_resumed_run_is_one_curve(tmp_path):
    # Killed in epoch 3 while it wrote a line, and resumed from the end of epoch 1; one start logged nothing.
    log(tmp_path, '20260101_000000', [1, 2, 3], cut='{"loss": 8')
    log(tmp_path, '20260101_000001', [])
    log(tmp_path, '20260102_000000', [2, 3], offset=0.5)
    curves = load_curves(tmp_path).curves
    assert curves['wer'] == [(1, 49.0), (2, 48.5), (3, 47.5)]
    assert [place for place, _ in curves['loss']] == [0.5, 1.0, 1.5, 2.0, 2.5, 3.0]
    assert [value for _, value in curves['loss']] == [98.0, 96.0, 94.5, 92.5, 90.5, 88.5]


def test_a_test_after_training_changes_no_curve(tmp_path):
    log(tmp_path, '20260101_000000', [1, 2])
    before = load_curves(tmp_path).curves
    path = tmp_path / '20260102_000000' / 'vis_data' / 'scalars.json'
    path.parent.mkdir(parents=True)
    path.write_text('{"wer/test/seq": 31.2, "wer/test/conv": 36.2, "step": 0}\n')
    assert load_curves(tmp_path).curves == before


def test_one_start_and_one_file_alone(tmp_path):
    path = log(tmp_path / 'run', '1', [1])
    assert load_curves(path.parents[1]).curves == load_curves(path).curves == load_curves(tmp_path / 'run').curves


def test_runs_that_count_iterations(tmp_path):
    (tmp_path / 'scalars.json').write_text('{"loss": 3.0, "iter": 5, "step": 5}\n{"wer": 9.0, "step": 10}\n')
    run = load_curves(tmp_path / 'scalars.json', name='mine')
    assert (run.name, run.by_epoch) == ('mine', False)
    assert run.curves == {'loss': [(5, 3.0)], 'wer': [(10, 9.0)]}


@pytest.mark.parametrize('suffix', ['png', 'svg'])
def test_pictures(tmp_path, suffix):
    pytest.importorskip('matplotlib')
    log(tmp_path / 'a', '1', [1, 2])
    log(tmp_path / 'b', '1', [1], offset=1.0)
    runs = [load_curves(tmp_path / name) for name in 'ab']
    out = draw_curves(runs, ['loss', 'wer'], tmp_path / 'new' / f'x.{suffix}')
    assert out.read_bytes()[:5] in (b'\x89PNG\r', b'<?xml')


def test_mistakes(tmp_path):
    with pytest.raises(DataNotFoundError, match=r'does not exist\. Give a work directory'):
        load_curves(tmp_path / 'none')
    path = log(tmp_path / 'dirs' / 'mine', '1', [1])
    with pytest.raises(DataError, match=r'holds no log of a training run .* These folders in it do: mine\.'):
        load_curves(tmp_path / 'dirs')
    run = load_curves(path)
    with pytest.raises(
        ConfigError, match=r"keys: got 'los', expected one of 'loss', 'lr', 'wer'\. Did you mean 'loss'"
    ):
        draw_curves([run], ['los'], tmp_path / 'x.png')
    with pytest.raises(OutputError, match=r"x\.jpgg' cannot be written: Format 'jpgg' is not supported .*png"):
        draw_curves([run], ['loss'], tmp_path / 'x.jpgg')
    path.write_text('oops\n' + path.read_text())
    with pytest.raises(DataError, match='line 1: not JSON'):
        load_curves(path)
    path.write_text('{"wer": 3}\n')
    with pytest.raises(DataError, match="expected an object with 'step'"):
        load_curves(path)
    for place in ('"step": 1e999', '"step": 3, "epoch": NaN', '"step": -3'):
        path.write_text('{"wer": 3, ' + place + '}\n')
        with pytest.raises(DataError, match=r'line 1: got .* expected numbers of epochs and steps'):
            load_curves(path)
    path.write_text('')
    with pytest.raises(DataError, match='its log is empty'):
        load_curves(path)


def test_the_tool(tmp_path, run_tool):
    pytest.importorskip('matplotlib')
    log(tmp_path / 'a' / 'work', '1', [1, 2])
    log(tmp_path / 'b' / 'work', '1', [1])
    path = tmp_path / 'a' / 'work' / '1' / 'vis_data' / 'scalars.json'
    path.write_text(path.read_text().replace('"lr"', '"rate"'))
    done = run_tool('analysis/plot_log.py', 'a/work', 'b/work', cwd=tmp_path)
    assert done.stdout == 'written to curves.png\n'
    assert done.stderr == "warning: a/work logged no 'lr'\n"
    done = run_tool('analysis/plot_log.py', 'a/work', '--keys', 'werr', cwd=tmp_path, check=False)
    assert (done.returncode, done.stderr.count('\n')) == (1, 1)
    assert "Did you mean 'wer'" in done.stderr
