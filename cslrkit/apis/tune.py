"""Tuning the weights of a language model on the log-probabilities of a split."""

from itertools import product
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Union

from mmengine.config import Config
from mmengine.registry import DefaultScope
from torch import nn

from cslrkit.apis.checkpoints import sha256_of
from cslrkit.apis.recognizer import init_recognizer
from cslrkit.apis.split_outputs import Origin, encode_split, read_outputs, write_outputs
from cslrkit.decoders import build_decoder
from cslrkit.engine.complete import EvalOptions, as_list, complete, inference_options
from cslrkit.errors import ConfigError
from cslrkit.evaluation.metrics.wer_metric import AUTO, WERMetric, scored_outputs
from cslrkit.models.recognizers import EncodedBatch
from cslrkit.registry import METRICS
from cslrkit.utils.config_path import config_path
from cslrkit.utils.files import ensure_writable_dir
from cslrkit.utils.progress import ProgressLine

_CHUNK = 64  # clips that are decoded together


class Trial(NamedTuple):
    """The weights of a language model, and what ``WERMetric`` says of the main output with them."""

    alpha: float
    beta: float
    metrics: Dict[str, float]


def tune_language_model(
    config: Config,
    checkpoint: Union[str, Path],
    arpa: Union[str, Path],
    *,
    alphas: Sequence[float],
    betas: Sequence[float],
    split: str = 'dev',
    save: Optional[Union[str, Path]] = None,
    log_probs: Optional[Union[str, Path]] = None,
    progress: bool = False,
) -> List[Trial]:
    """Score a split with each pair of weights; the network runs once.

    Decoder and evaluator are those of the config, ``sentence_end`` and ``unk_log_prob`` of its n-gram model, too.

    Args:
        config: From ``cslrkit.engine.config.load_config``; it stays as it is.
        checkpoint: A checkpoint of cslrkit, or a work directory, whose best checkpoint is taken.
        arpa: The n-gram model, an ARPA file.
        alphas: Weights of the language model.
        betas: Rewards of a gloss.
        split: What to score: ``'dev'``, for weights that are chosen on test say nothing of test.
        save: File for the log-probabilities (``.npz``).
        log_probs: Such a file, read in the place of running the network.
        progress: Whether to show how far it is.

    Returns:
        The trials from the smallest WER to the largest, of equal ones that with less of the language model first. One
        without a language model, both weights 0, is always among them.

    Raises:
        ConfigError: If the decoder takes no language model, or for a weight that is none.
        DataError: If the ARPA file or the log-probabilities cannot be used.
        CheckpointError: If the checkpoint cannot be used.
    """
    if save is not None:
        ensure_writable_dir(Path(save).parent, what='log-probabilities', option='--save')
    config = complete(config, EvalOptions(checkpoint, split=split))
    decoder = config.model.decoder
    given = decoder.pop('language_model', None) or {}  # its file need not be there
    options = {name: given[name] for name in ('sentence_end', 'unk_log_prob') if name in given}
    network, _ = init_recognizer(config.load_from, config)
    metric = _metric(config, network.decode_outputs)
    network.decode_outputs = (metric.primary,)
    pairs = sorted({(0.0, 0.0), *product(alphas, betas)})

    def decoder_with(alpha: float, beta: float) -> Any:
        language_model = dict(type='NGram', path=str(arpa), alpha=alpha, beta=beta, **options)
        with config_path('model.decoder'):
            return build_decoder(dict(decoder, language_model=language_model), network.vocab)

    decoder_with(*pairs[0])  # a wrong file is noticed before the network runs
    origin = Origin(sha256_of(config.load_from), split, metric.primary, network.vocab)
    if log_probs is not None:
        batches = read_outputs(log_probs, origin)
    else:
        batches = encode_split(network, dict(config.test_dataloader), **inference_options(config))
    if save is not None:
        write_outputs(save, batches, origin)
    line = ProgressLine(f'weights on {split}', len(pairs), shown=progress)
    trials = []
    for alpha, beta in pairs:
        network.decoder = decoder_with(alpha, beta)
        trials.append(Trial(alpha, beta, _score(network, batches, metric)))
        line.add(1)
    line.close()
    return sorted(trials, key=lambda trial: (trial.metrics['wer'], trial.alpha, abs(trial.beta)))


def _metric(config: Config, decoded: Sequence[str]) -> WERMetric:
    """Build the metric of the config, to count the main output alone."""
    for metric in as_list(config.test_evaluator):
        if issubclass(METRICS.lookup(metric['type']), WERMetric):
            with DefaultScope.overwrite_default_scope('cslrkit'), config_path('test_evaluator'):
                primary, _ = scored_outputs(decoded, primary=metric.get('primary', AUTO), auxiliary=None)
                own = dict(primary=primary, auxiliary=None, report_head='main', out_dir=None, prefix=None)
                return METRICS.build(dict(metric, **own))
    raise ConfigError('got no WERMetric, which weights are tuned by.', path='test_evaluator')


def _score(network: nn.Module, batches: Sequence[EncodedBatch], metric: WERMetric) -> Dict[str, float]:
    count = 0
    for chunk in _chunks(batches):
        samples = network.add_hyps(chunk)
        metric.process({}, samples)
        count += len(samples)
    return metric.evaluate(count)


def _chunks(batches: Sequence[EncodedBatch]) -> Iterator[List[EncodedBatch]]:
    chunk: List[EncodedBatch] = []
    for batch in batches:
        chunk.append(batch)
        if sum(len(each.data_samples) for each in chunk) >= _CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
