"""Weights of a language model, tuned on the log-probabilities of a split."""

import numpy as np
import pytest

from cslrkit.apis import evaluate_model, tune_language_model
from cslrkit.decoders.language_model.kneser_ney import read_sentences, train_ngrams, write_arpa
from cslrkit.engine.config import load_config
from cslrkit.errors import DataError, DataNotFoundError

GRID = dict(alphas=(0.0, 2.0), betas=(0.0, 1.0))


@pytest.fixture(scope='module')
def arpa(tiny_corpus, tmp_path_factory):
    path = tmp_path_factory.mktemp('arpa') / 'gloss.arpa'
    write_arpa(train_ngrams(read_sentences(tiny_corpus / 'preprocess' / 'train_info.npy'), 2), path)
    return path


@pytest.fixture(scope='module')
def saved(tiny_config, untrained_checkpoint, arpa, tmp_path_factory):
    """The trials of a grid on dev, and the file of log-probabilities that they left."""
    path = tmp_path_factory.mktemp('saved') / 'dev.npz'
    return tune_language_model(load_config(tiny_config), untrained_checkpoint, arpa, save=path, **GRID), path


def test_each_pair_is_scored_as_a_test_of_it_is(saved, tiny_config, untrained_checkpoint, arpa, tmp_path):
    trials = {trial[:2]: trial.metrics for trial in saved[0]}
    assert len(trials) == 4
    assert len({metrics['wer'] for metrics in trials.values()}) > 1
    for (alpha, beta), metrics in trials.items():
        config = load_config(tiny_config)
        config.model.decoder.language_model = dict(type='NGram', path=str(arpa), alpha=alpha, beta=beta)
        tested = evaluate_model(config, untrained_checkpoint, split='dev', work_dir=tmp_path)
        assert metrics == {name: tested[name] for name in metrics}


def test_saved_log_probs_give_the_same_without_the_corpus(saved, tiny_config, untrained_checkpoint, arpa):
    trials, path = saved
    config = load_config(tiny_config, {'data_root': '/nowhere'})
    assert tune_language_model(config, untrained_checkpoint, arpa, log_probs=path, **GRID) == trials
    wers = [trial.metrics['wer'] for trial in trials]
    assert wers == sorted(wers)


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (dict(vocab=['X', 'Y']), 'but the checkpoint is of'),
        (dict(log_probs=np.zeros((7, 3), np.float32)), 'have 3 classes, expected'),
        (dict(feat_lens=lambda lens: lens + 1), 'do not add up'),
        (dict(sample_ids=lambda ids: ids[:1].repeat(len(ids))), 'no sample twice'),
        (dict(log_probs=lambda values: values * np.nan), 'do not sum to 1'),
        (dict(signers=lambda names: names.astype(object)), 'cannot be read: Object arrays'),
        (dict(frame_lens=lambda lens: lens.astype(float)), 'frame_lens is of float64'),
        (dict(origin=lambda origin: np.array([origin[0], 'test', origin[2]])), "of the split 'test'"),
        (dict(origin=lambda origin: origin[:1]), "of the split ''"),
    ],
)
def test_wrong_files_are_refused(changes, message, saved, tiny_config, untrained_checkpoint, arpa, tmp_path):
    with np.load(saved[1]) as file:
        arrays = dict(file)
    for name, value in changes.items():
        arrays[name] = value(arrays[name]) if callable(value) else value
    path = tmp_path / 'wrong.npz'
    np.savez(path, **arrays)
    with pytest.raises(DataError, match=message):
        tune_language_model(load_config(tiny_config), untrained_checkpoint, arpa, log_probs=path, **GRID)


def test_unreadable_files_are_refused(saved, tiny_config, untrained_checkpoint, arpa, tmp_path):
    config, path = load_config(tiny_config), tmp_path / 'cut.npz'
    with pytest.raises(DataNotFoundError, match='do not exist'):
        tune_language_model(config, untrained_checkpoint, arpa, log_probs=path, **GRID)
    path.write_bytes(saved[1].read_bytes()[:-100])
    with pytest.raises(DataError, match='cannot be read'):
        tune_language_model(config, untrained_checkpoint, arpa, log_probs=path, **GRID)
    with np.load(saved[1]) as file:
        np.savez_compressed(path, **file)
    with pytest.raises(DataError, match='it is compressed'):
        tune_language_model(config, untrained_checkpoint, arpa, log_probs=path, **GRID)


def test_the_tool_prints_a_table_and_a_line_for_a_config(saved, tiny_config, untrained_checkpoint, arpa, run_tool):
    given = (tiny_config, untrained_checkpoint, '--log-probs', saved[1])
    done = run_tool('tune_lm.py', *given, '--arpa', arpa, '--alpha', 0, 2, '--beta', 0, 1)
    best, plain = saved[0][0], next(trial for trial in saved[0] if trial[:2] == (0, 0))
    assert done.stdout.split()[:6] == ['alpha', 'beta', 'WER', '%', 'sub', 'del']
    assert best.metrics['wer'] < plain.metrics['wer']
    assert f'best on dev: WER {best.metrics["wer"]:.2f} %' in done.stdout
    weights = f'alpha={best.alpha:g}, beta={best.beta:g}'
    assert f"language_model=dict(type='NGram', path='{arpa}', {weights})))\n" in done.stdout
    assert 'report test' in done.stdout


@pytest.mark.parametrize('fault', ['cut', 'of another corpus'])
def test_wrong_arpa_files_end_with_a_line(fault, saved, tiny_config, untrained_checkpoint, arpa, tmp_path, run_tool):
    wrong = tmp_path / 'wrong.arpa'
    text = arpa.read_text()
    if fault == 'cut':
        wrong.write_text(text[: len(text) // 2])
    else:
        write_arpa(train_ngrams([['X', 'Y'], ['Y', 'X']], 2), wrong)
    given = (tiny_config, untrained_checkpoint, '--log-probs', saved[1])
    done = run_tool('tune_lm.py', *given, '--arpa', wrong, check=False)
    assert done.returncode == 1
    assert done.stderr.count('\n') == 1
    assert f"language model: '{wrong}', line " in done.stderr
