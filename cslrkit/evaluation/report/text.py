"""Scores as text for a terminal."""

from typing import Any, Dict, List, Mapping

from rich.cells import cell_len, set_cell_size

from cslrkit.utils.messages import plural
from cslrkit.utils.tables import format_table

_HEADINGS = {
    'wer': 'WER %',
    'sub': 'sub',
    'del': 'del',
    'ins': 'ins',
    'wer_main': 'main WER %',
    'wer_conv': 'conv WER %',
    'war': 'WAR',
    'wdr': 'WDR',
    'num_sentences': 'sentences',
    'num_words': 'words',
}


def format_wer_table(results: Mapping[str, Mapping[str, float]]) -> str:
    """Lay out metrics of several splits as an aligned table.

    Args:
        results: Metrics as ``WERMetric`` returns them, by split; a prefix before the last ``/``
            of their keys does not matter. Columns that no split has are left out.

    Examples:
        >>> print(format_wer_table({'dev': {'wer': 18.01, 'num_words': 5540}}))
        split  WER %  words
        dev    18.01   5540
    """
    rows: Dict[str, Dict[str, str]] = {}
    for split, metrics in results.items():
        figures = {key.rpartition('/')[2]: value for key, value in metrics.items()}
        rows[split] = {key: f'{value:.0f}' if 'num_' in key else f'{value:.2f}' for key, value in figures.items()}
    keys = [key for key in _HEADINGS if any(key in row for row in rows.values())]
    cells = [[split, *(row.get(key, '-') for key in keys)] for split, row in rows.items()]
    return format_table(['split', *map(_HEADINGS.get, keys)], cells)


def format_summary(summary: Mapping[str, Any], *, top: int = 10) -> str:
    """Lay out what ``summarize`` gathered, without single sentences.

    Args:
        summary: From ``summarize``.
        top: How many confusions of each kind are shown, 0 for none.
    """
    metrics = summary['metrics']
    kinds = (('substitutions', 'sub'), ('deletions', 'del'), ('insertions', 'ins'), ('errors', 'wer'))
    errors = [['all' if name == 'errors' else name, metrics[name], f'{metrics[key]:.2f}'] for name, key in kinds]
    head = [
        *_head(summary, f'hypothesis  {summary["settings"]["hyp"]}'),
        f'WER {metrics["wer"]:.2f} %   {format_interval(summary["interval"])}',
        format_table(['', 'errors', '%'], errors),
        f'sentences with an error: {metrics["sentence_error_rate"]:.2f} %',
    ]
    parts = ['\n'.join(head)]
    for name in ('length', 'signer'):
        rows = [
            [
                group['name'],
                '-' if group['wer'] is None else f'{group["wer"]:.2f}',
                *(group[key] for key in ('substitutions', 'deletions', 'insertions', 'num_sentences', 'num_words')),
            ]
            for group in summary[f'by_{name}']
        ]
        headings = ['words' if name == 'length' else name, 'WER %', 'sub', 'del', 'ins', 'sentences', 'words']
        parts.append(format_table(headings, rows))
    titles = {'substituted': ['most confused', 'taken for']}
    for kind, confusions in summary['confusions'].items():
        if confusions and top > 0:
            names = titles.get(kind, [f'most often {kind}'])
            rows = [list(confusion.values()) for confusion in confusions[:top]]
            parts.append(format_table([*names, 'times'], rows, left=len(names)))
    return '\n\n'.join(parts)


def format_comparison(a: Mapping[str, Any], b: Mapping[str, Any], comparison: Mapping[str, Any]) -> str:
    """Lay out two summaries and what ``compare_corpora`` says of them."""
    rows: List[List[str]] = []
    for name, summary in (('A', a), ('B', b)):
        figures = [f'{summary["metrics"][key]:.2f}' for key in ('wer', 'sub', 'del', 'ins')]
        interval = '{low:.2f} to {high:.2f}'.format(**summary['interval'])
        rows.append([f'{name}  {summary["settings"]["hyp"]}', *figures, interval])
    return '\n'.join(
        [
            *_head(a),
            format_table(['', 'WER %', 'sub', 'del', 'ins', f'{comparison["level"]:g} % interval'], rows),
            '',
            f'B - A       {comparison["difference"]:+.2f} percent points   {format_interval(comparison)}',
            f'probability that B is better: {comparison["prob_b_better"]:.4f}   '
            f'(two-sided p = {comparison["p_value"]:.4f})',
            f'sentences   A better in {comparison["sentences_a_better"]}, B better in '
            f'{comparison["sentences_b_better"]}, equal in {comparison["sentences_equal"]}',
        ]
    )


def format_alignment(sentence: Mapping[str, Any]) -> str:
    """Reference over hypothesis, word by word, with S, D or I below each error.

    Args:
        sentence: One of the ``sentences`` of a summary.

    Examples:
        >>> print(format_alignment(dict(sample_id='a', signer='s', substitutions=1, deletions=0, insertions=0,
        ...     num_words=2, alignment=[['C', 'HEUTE', 'HEUTE'], ['S', 'REGEN', 'SCHNEE']])))
        a (s): 2 words, 1 substituted, 0 deleted, 0 inserted
        REF  HEUTE REGEN
        HYP  HEUTE SCHNEE
                   S
    """
    columns = [
        (ref or '*' * cell_len(hyp), hyp or '*' * cell_len(ref), op.replace('C', ''))
        for op, ref, hyp in sentence['alignment']
    ]
    lines = [
        f'{sentence["sample_id"]} ({sentence["signer"]}): {plural(sentence["num_words"], "word")}, '
        f'{sentence["substitutions"]} '
        f'substituted, {sentence["deletions"]} deleted, {sentence["insertions"]} inserted'
    ]
    widths = [max(map(cell_len, column)) for column in columns]
    for name, row in zip(('REF', 'HYP', '   '), zip(*columns)):
        if any(row):
            lines.append(f'{name}  {" ".join(map(set_cell_size, row, widths))}'.rstrip())
    return '\n'.join(lines)


def format_interval(interval: Mapping[str, Any]) -> str:
    """Say a bootstrap interval and how it was drawn."""
    return ('{level:g} % interval {low:.2f} to {high:.2f} ({resamples} resamples of sentences, seed {seed})').format(
        **interval
    )


def _head(summary: Mapping[str, Any], *lines: str) -> List[str]:
    settings, metrics = summary['settings'], summary['metrics']
    rules = [f"mode '{settings['mode']}'", f"normalizer '{settings['normalizer']}'"]
    if settings['clean_ref'] is not None:
        rules.append(f'references cleaned as of {settings["clean_ref"]}')
    rules.append(f'repeats {"" if settings["merge_repeats"] else "not "}merged')
    sizes = f'{plural(metrics["num_sentences"], "sentence")}, {plural(metrics["num_words"], "word")}'
    return [f'reference   {settings["ref"]}: {sizes}', *lines, f'scored      {", ".join(rules)}', '']
