"""Gather what the page shows, as plain values, and put them into one HTML file that loads nothing."""

from collections import Counter
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple, Union

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from cslrkit import __version__
from cslrkit.errors import DataError
from cslrkit.evaluation.functional.wer import lower_ascii
from cslrkit.evaluation.report import (
    ScoredCorpus,
    ScoredSentence,
    by_frequency,
    compare_corpora,
    format_interval,
    summarize,
)
from cslrkit.registry import NORMALIZERS
from cslrkit.utils.messages import listed
from cslrkit.visualization.html_report.results import Results

Content = Dict[str, Any]

_HERE = Path(__file__).parent
_GROUP = ('name', 'wer', 'substitutions', 'deletions', 'insertions', 'num_sentences', 'num_words')
_SCRIPTS = ('table.js', 'alignment.js', 'report.js')


def gather(
    runs: Sequence[Results],
    *,
    train_info: Optional[Union[str, Path]] = None,
    resamples: int = 10_000,
    seed: int = 0,
    level: float = 95.0,
) -> Content:
    """Gather the numbers of one run, or of two and how they compare.

    All of them come from ``cslrkit.evaluation.report``, and so are those of ``tools/score.py``.

    Args:
        runs: One or two, of the same sentences.
        train_info: ``train_info.npy``, whose labels say how frequent a gloss is; without it, the
            references of the file do.
        resamples: Draws of the bootstrap.
        seed: Of the bootstrap.
        level: Of its interval, in percent.

    Returns:
        ``runs`` (``name``, ``path``, ``metrics``, ``interval``, ``groups``, ``confusions``), ``comparison``
        (None for one run), ``frequency`` (where it was counted), ``settings``, ``notes``, ``sentences``.

    Raises:
        ConfigError: For wrong settings of the bootstrap.
        DataError: If two runs have other sentences or references.
    """
    drawing = {'resamples': resamples, 'seed': seed, 'level': level}
    first = runs[0].corpus
    corpora = [first, *(_in_order_of(runs[0], run) for run in runs[1:])]
    occurrences, counted_in = _occurrences(first, train_info)
    notes = [*dict.fromkeys(note for corpus in corpora for note in corpus.notes), *_difference_notes(corpora)]
    return {
        'runs': [_run(run, corpus, occurrences, drawing) for run, corpus in zip(runs, corpora)],
        'comparison': compare_corpora(*corpora, **drawing) if len(corpora) == 2 else None,
        'frequency': counted_in,
        'settings': {key: value for key, value in first.settings.items() if key != 'hyp'},
        'notes': notes,
        'sentences': [_sentence(sentences, runs) for sentences in zip(*(corpus.sentences for corpus in corpora))],
    }


def _in_order_of(a: Results, b: Results) -> ScoredCorpus:
    """The corpus of ``b`` with its sentences in the order of ``a``; they must be the same."""
    ours, theirs = ({s.sample_id: s for s in run.corpus.sentences} for run in (a, b))
    only_a, only_b = [s for s in ours if s not in theirs], [s for s in theirs if s not in ours]
    if only_a or only_b:
        raise DataError(
            f"'{a.path}' and '{b.path}' are of other sentences: {len(only_a)} of {len(ours)} only in the first "
            f'({listed(only_a, 5) or "none"}), {len(only_b)} of {len(theirs)} only in the second '
            f'({listed(only_b, 5) or "none"}). Give two results of one split.'
        )
    other = [name for name, sentence in ours.items() if sentence.score.ref != theirs[name].score.ref]
    if other:
        name = other[0]
        raise DataError(
            f"'{a.path}' and '{b.path}': {len(other)} of {len(ours)} references differ ({listed(other, 5)}); '{name}' "
            f'is {" ".join(ours[name].score.ref)!r} in the first and {" ".join(theirs[name].score.ref)!r} in the '
            'second. Evaluate both in one mode, with one normalizer.'
        )
    return ScoredCorpus([theirs[name] for name in ours], b.corpus.settings, b.corpus.notes)


def _difference_notes(corpora: Sequence[ScoredCorpus]) -> List[str]:
    rules = [tuple(corpus.settings.get(key) for key in ('mode', 'normalizer')) for corpus in corpora]
    if len(set(rules)) == 1:
        return []
    first, second = (f'mode {mode!r} and normalizer {normalizer!r}' for mode, normalizer in rules)
    return [f'The runs were scored by other rules: A in {first}, B in {second}. The difference may come from these.']


def _occurrences(
    corpus: ScoredCorpus, train_info: Optional[Union[str, Path]]
) -> Tuple[Mapping[str, int], Optional[str]]:
    if train_info is None:
        return Counter(word for sentence in corpus.sentences for word in sentence.score.ref), None
    from cslrkit.corpora.info_file import read_entries  # late: it imports torch

    normalizer = NORMALIZERS.build(dict(type=corpus.settings.get('normalizer', 'none')))
    entries = read_entries(Path(train_info), where='training labels')
    words = (word for entry in entries for word in normalizer.reference(entry['glosses'], split='train'))
    if corpus.settings.get('mode') == 'sclite':
        words = map(lower_ascii, words)  # as the words of the results are
    return Counter(words), str(train_info)


def _run(run: Results, corpus: ScoredCorpus, occurrences: Mapping[str, int], drawing: Mapping[str, Any]) -> Content:
    summary = summarize(corpus, **drawing)
    groups = {'signer': summary['by_signer'], 'length': summary['by_length']}
    groups['frequency'] = by_frequency(corpus.sentences, occurrences)
    auxiliary = {key: run.metrics[key] for key in ('wer_conv', 'war', 'wdr') if key in run.metrics}
    return {
        'name': run.name,
        'path': str(run.path),
        'metrics': {**summary['metrics'], **auxiliary},
        'interval': summary['interval'],
        'groups': {kind: [[group[key] for key in _GROUP] for group in found] for kind, found in groups.items()},
        'confusions': {
            kind[0].upper(): [list(confusion.values()) for confusion in confusions]
            for kind, confusions in summary['confusions'].items()
        },
    }


def _sentence(scored: Sequence[ScoredSentence], runs: Sequence[Results]) -> Dict[str, Any]:
    first, times = scored[0], [run.times[scored[0].sample_id] for run in runs]
    return {
        'id': first.sample_id,
        'signer': first.signer,
        'ref': first.score.ref,
        'words': first.score.counts.ref_words,
        'frames': times[0]['frames'],
        'rate': times[0]['rate'],
        'runs': [
            {
                'hyp': sentence.score.hyp,
                'ops': ''.join(edit.op for edit in sentence.score.edits),
                'errors': sentence.score.counts.errors,
                'spans': time['spans'],
                'confidence': time['confidence'],
            }
            for sentence, time in zip(scored, times)
        ],
    }


def render_page(content: Mapping[str, Any]) -> str:
    """Return the HTML page of what :func:`gather` gathered.

    Args:
        content: From :func:`gather`.
    """
    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters['interval'] = format_interval
    environment.policies['json.dumps_kwargs'] = {'ensure_ascii': False, 'separators': (',', ':')}
    style, *scripts = (Markup((_HERE / name).read_text(encoding='utf-8')) for name in ('report.css', *_SCRIPTS))
    page = environment.get_template('report.html.j2')
    return page.render(**content, version=__version__, style=style, script=Markup('\n').join(scripts))
