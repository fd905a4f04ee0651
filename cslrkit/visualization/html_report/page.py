"""Put a report together as one HTML file that loads nothing."""

import html
import json
from importlib import resources
from typing import Any, Dict, List, Mapping, Sequence

from cslrkit import __version__

_PACKAGE = 'cslrkit.visualization.html_report'
_SCRIPTS = ('table.js', 'alignment.js', 'report.js')
_KINDS = (('substituted', 'S', 'sub', 'substitutions'), ('deleted', 'D', 'del', 'deletions'))
_KINDS += (('inserted', 'I', 'ins', 'insertions'),)

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; \
script-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
<style>
{style}</style>
</head>
<body>
<a class="skip" href="#sentences">Skip to the sentences</a>
<header>
<h1>{heading}</h1>
<p class="muted">{subtitle}</p>
</header>
<main>
{notes}
<section aria-labelledby="summary"><h2 id="summary">Summary</h2>
{summary}
</section>
<noscript><p class="notes">The tables below need JavaScript, which is switched off.</p></noscript>
<section aria-labelledby="groups"><h2 id="groups">Where the errors are</h2>
<div class="grid"><div id="by-signer"></div><div id="by-length"></div>
<div><div id="by-frequency"></div><p class="muted">{frequency}</p></div></div>
</section>
<section aria-labelledby="confusions"><h2 id="confusions">What was confused</h2>
<div class="{confusions}"><div id="confusions-S"></div><div id="confusions-D"></div><div id="confusions-I"></div></div>
</section>
<section aria-labelledby="sentences"><h2 id="sentences" tabindex="-1">Sentences</h2>
<form class="search" role="search" onsubmit="return false">
<label class="query">Search for glosses, sentences or signers
<input id="query" type="search" autocomplete="off" spellcheck="false"></label>
<label>Show <select id="filter"></select></label>
<label>Signer <select id="signer"></select></label>
<button id="only" type="button" hidden></button>
<button id="reset" type="button">Reset</button>
<span id="matches" role="status" aria-live="polite"></span>
</form>
<p class="legend" aria-hidden="true">Reference above hypothesis:
<span class="correct">correct</span><span class="substituted">S substituted</span>\
<span class="deleted">D deleted</span><span class="inserted">I inserted</span></p>
<div id="sentence-table"></div>
</section>
</main>
<footer>Made by cslrkit {version}. {times}</footer>
<script type="application/json" id="data">{data}</script>
<script>
(() => {{
'use strict';
{script}}})();
</script>
</body>
</html>
"""

_TIMES = (
    'Times are those of the hypothesis; of a missed gloss none is known, so it stands between the glosses that it is '
    'aligned between.'
)


def render_page(content: Mapping[str, Any]) -> str:
    """Return the HTML page of what ``gather`` gathered.

    Args:
        content: From ``gather``.
    """
    runs = content['runs']
    names = ' and '.join(run['name'] for run in runs)
    return _PAGE.format(
        title=_text(f'Word error rate: {names}'),
        heading='Comparison of two runs' if len(runs) == 2 else 'Word error rate',
        subtitle=_subtitle(content),
        notes=''.join(f'<p class="notes">{_text(note)}</p>' for note in content['notes']),
        summary=_comparison(runs, content['comparison']) if len(runs) == 2 else _single(runs[0]),
        confusions='grid' if len(runs) == 2 else 'grid narrow',
        frequency=_frequency(content['frequency']),
        version=_text(__version__),
        times=_TIMES,
        style=_resource('report.css'),
        data=_embedded(content),
        script='\n'.join(map(_resource, _SCRIPTS)),
    )


def _subtitle(content: Mapping[str, Any]) -> str:
    settings, runs = content['settings'], content['runs']
    letters = ('A: ', 'B: ') if len(runs) == 2 else ('',)
    files = [f'{letter}<code>{_text(run["path"])}</code>' for letter, run in zip(letters, runs)]
    named = {'split': 'split {}', 'mode': "scored in mode '{}'", 'normalizer': "normaliser '{}'"}
    rules = [_text(text.format(settings[key])) for key, text in named.items() if key in settings]
    return ', '.join([*files, *rules])


def _frequency(counted_in: Any) -> str:
    if counted_in is None:
        return 'How often the gloss occurs in these references; insertions count for the gloss that was inserted.'
    return (
        f'How often the gloss occurs in <code>{_text(counted_in)}</code>; insertions count for the gloss that was '
        'inserted.'
    )


def _single(run: Mapping[str, Any]) -> str:
    m = run['metrics']
    rows = [
        [f'<span class="{kind}">{letter}</span> {words}', str(m[words]), f'{m[key]:.2f}']
        for kind, letter, key, words in _KINDS
    ]
    rows.append(['all errors', str(m['errors']), f'{m["wer"]:.2f}'])
    facts = [
        ['sentences', str(m['num_sentences'])],
        ['words of the references', str(m['num_words'])],
        ['sentences with an error', f'{m["sentence_error_rate"]:.2f} %'],
    ]
    if 'wer_conv' in m:
        facts.append(['WER of the auxiliary output', f'{m["wer_conv"]:.2f} %'])
    return (
        f'<div class="summary"><div><p class="headline">{m["wer"]:.2f} %</p><p>word error rate; '
        f'{_interval(run["interval"])}</p>{_parts(m)}</div>'
        f'{_table("Errors by kind", ["kind", "count", "% of words"], rows)}{_table("Corpus", ["", ""], facts)}</div>'
    )


def _parts(metrics: Mapping[str, Any]) -> str:
    """A bar of all aligned words: right, substituted, deleted, inserted."""
    correct = metrics['num_words'] - metrics['substitutions'] - metrics['deletions']
    parts = [('correct', '', max(0, correct)), *((kind, letter, metrics[words]) for kind, letter, _, words in _KINDS)]
    total = sum(count for _, _, count in parts)
    spans = ''.join(
        f'<span class="{kind}" style="width:{100 * count / total:.3f}%">{letter}</span>'
        for kind, letter, count in parts
        if count
    )
    named = ', '.join(f'{count} {kind}' for kind, _, count in parts)
    return f'<div class="parts" role="img" aria-label="Words: {named}">{spans}</div>'


def _comparison(runs: Sequence[Mapping[str, Any]], comparison: Mapping[str, Any]) -> str:
    rows = []
    for letter, run in zip('AB', runs):
        m, interval = run['metrics'], run['interval']
        figures = [f'{m[key]:.2f}' for key in ('wer', 'sub', 'del', 'ins', 'sentence_error_rate')]
        rows.append([f'{letter}: {_text(run["name"])}', *figures, f'{interval["low"]:.2f} to {interval["high"]:.2f}'])
    level = f'{comparison["level"]:g} % interval'
    headings = ['run', 'WER %', 'sub', 'del', 'ins', 'sentences with an error %', level]
    facts = [
        ['probability that B is better', f'{comparison["prob_b_better"]:.4f}'],
        ['two-sided p', f'{comparison["p_value"]:.4f}'],
        ['sentences in which A is better', str(comparison['sentences_a_better'])],
        ['sentences in which B is better', str(comparison['sentences_b_better'])],
        ['sentences with equally many errors', str(comparison['sentences_equal'])],
    ]
    return (
        f'<div class="scroll">{_table("Both runs", headings, rows)}</div>'
        f'<div class="summary"><div><p class="headline">{comparison["difference"]:+.2f}</p><p>percent points, WER of B '
        f'minus WER of A; {_interval(comparison)}</p></div>{_table("Paired test", ["", ""], facts)}</div>'
    )


def _interval(interval: Mapping[str, Any]) -> str:
    return (
        f'{interval["level"]:g} % interval {interval["low"]:.2f} to {interval["high"]:.2f} '
        f'({interval["resamples"]} resamples of sentences, seed {interval["seed"]})'
    )


def _table(caption: str, headings: Sequence[str], rows: List[List[str]]) -> str:
    """A table of cells that are HTML already; the first column heads the rows."""
    head = ''.join(f'<th scope="col"{_number(index)}>{_text(heading)}</th>' for index, heading in enumerate(headings))
    body = ''.join(
        f'<tr><th scope="row">{row[0]}</th>' + ''.join(f'<td class="number">{cell}</td>' for cell in row[1:]) + '</tr>'
        for row in rows
    )
    head = f'<thead><tr>{head}</tr></thead>' if any(headings) else ''
    return f'<table><caption>{_text(caption)}</caption>{head}<tbody>{body}</tbody></table>'


def _number(index: int) -> str:
    return ' class="number"' if index else ''


def _text(value: object) -> str:
    return html.escape(str(value))


def _embedded(content: Mapping[str, Any]) -> str:
    """JSON that cannot end the script element it stands in."""
    shown: Dict[str, Any] = {key: content[key] for key in ('runs', 'sentences')}
    text = json.dumps(shown, ensure_ascii=False, separators=(',', ':'))
    for character in '<>&\u2028\u2029':
        text = text.replace(character, f'\\u{ord(character):04x}')
    return text


def _resource(name: str) -> str:
    return resources.files(_PACKAGE).joinpath(name).read_text(encoding='utf-8')
