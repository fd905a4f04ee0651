"""Scores as text for a terminal."""

from typing import Any, Dict, List, Mapping, Sequence

from cslrkit.evaluation.functional.table import display_width, format_table, pad

_MARKS = {'C': '', 'S': 'S', 'D': 'D', 'I': 'I'}


def format_summary(summary: Mapping[str, Any], *, top: int = 10) -> str:
    """Lay out what ``summarize`` gathered, without single sentences.

    Args:
        summary: From ``summarize``.
        top: How many confusions of each kind are shown, 0 for none.
    """
    settings, metrics, interval = summary['settings'], summary['metrics'], summary['interval']
    head = [
        f'reference   {settings["ref"]}: {metrics["num_sentences"]} sentences, {metrics["num_words"]} words',
        f'hypothesis  {settings["hyp"]}',
        f'scored      {_rules(settings)}',
        '',
        f'WER {metrics["wer"]:.2f} %   {_interval(interval)}',
        format_table(
            ['', 'errors', '%'],
            [
                ['substitutions', str(metrics['substitutions']), f'{metrics["sub"]:.2f}'],
                ['deletions', str(metrics['deletions']), f'{metrics["del"]:.2f}'],
                ['insertions', str(metrics['insertions']), f'{metrics["ins"]:.2f}'],
                ['all', str(metrics['errors']), f'{metrics["wer"]:.2f}'],
            ],
        ),
        f'sentences with an error: {metrics["sentence_error_rate"]:.2f} %',
    ]
    parts = [
        '\n'.join(head),
        _groups('words', summary['by_length']),
        _groups('signer', summary['by_signer']),
        _confusions(summary['confusions'], top),
    ]
    return '\n\n'.join(part for part in parts if part)


def format_comparison(a: Mapping[str, Any], b: Mapping[str, Any], comparison: Mapping[str, Any]) -> str:
    """Lay out two summaries and what ``compare_corpora`` says of them."""
    metrics = a['metrics']
    rows = []
    for name, summary in (('A', a), ('B', b)):
        m, interval = summary['metrics'], summary['interval']
        figures = [f'{m[key]:.2f}' for key in ('wer', 'sub', 'del', 'ins')]
        rows.append(
            [f'{name}  {summary["settings"]["hyp"]}', *figures, f'{interval["low"]:.2f} to {interval["high"]:.2f}']
        )
    headings = ['', 'WER %', 'sub', 'del', 'ins', f'{comparison["level"]:g} % interval']
    return '\n'.join(
        [
            f'reference   {a["settings"]["ref"]}: {metrics["num_sentences"]} sentences, {metrics["num_words"]} words',
            f'scored      {_rules(a["settings"])}',
            '',
            format_table(headings, rows),
            '',
            f'B - A       {comparison["difference"]:+.2f} percent points   {_interval(comparison)}',
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
        (ref or '*' * display_width(hyp), hyp or '*' * display_width(ref), _MARKS[op])
        for op, ref, hyp in sentence['alignment']
    ]
    counts = ', '.join(
        f'{sentence[name]} {word}'
        for name, word in (('substitutions', 'substituted'), ('deletions', 'deleted'), ('insertions', 'inserted'))
    )
    lines = [f'{sentence["sample_id"]} ({sentence["signer"]}): {sentence["num_words"]} words, {counts}']
    widths = [max(map(display_width, column)) for column in columns]
    for name, row in zip(('REF', 'HYP', '   '), zip(*columns)):
        if any(row):
            lines.append(f'{name}  {" ".join(map(pad, row, widths))}'.rstrip())
    return '\n'.join(lines)


def _rules(settings: Mapping[str, Any]) -> str:
    rules = [f"mode '{settings['mode']}'", f"normaliser '{settings['normalizer']}'"]
    if settings['clean_ref'] is not None:
        rules.append(f'references cleaned as of {settings["clean_ref"]}')
    rules.append(f'repeats {"" if settings["merge_repeats"] else "not "}merged')
    return ', '.join(rules)


def _interval(interval: Mapping[str, Any]) -> str:
    return (
        f'{interval["level"]:g} % interval {interval["low"]:.2f} to {interval["high"]:.2f} '
        f'({interval["resamples"]} resamples of sentences, seed {interval["seed"]})'
    )


def _groups(name: str, groups: Sequence[Mapping[str, Any]]) -> str:
    rows = []
    for group in groups:
        wer = '-' if group['wer'] is None else f'{group["wer"]:.2f}'
        counts = [group[key] for key in ('substitutions', 'deletions', 'insertions', 'num_sentences', 'num_words')]
        rows.append([group['name'], wer, *map(str, counts)])
    return format_table([name, 'WER %', 'sub', 'del', 'ins', 'sentences', 'words'], rows)


def _confusions(confusions: Dict[str, List[Mapping[str, Any]]], top: int) -> str:
    tables: List[str] = []
    if top <= 0:
        return ''
    if confusions['substituted']:
        rows = [[c['ref'], c['hyp'], str(c['count'])] for c in confusions['substituted'][:top]]
        tables.append(format_table(['most confused', 'taken for', 'times'], rows, left=2))
    for kind in ('deleted', 'inserted'):
        if confusions[kind]:
            rows = [[c['gloss'], str(c['count'])] for c in confusions[kind][:top]]
            tables.append(format_table([f'most often {kind}', 'times'], rows))
    return '\n\n'.join(tables)
