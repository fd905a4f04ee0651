"""Word error rates as a small text table."""

from typing import Dict, Mapping

from cslrkit.utils.tables import format_table

_HEADINGS = {
    'wer': 'WER %',
    'sub': 'sub',
    'del': 'del',
    'ins': 'ins',
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
