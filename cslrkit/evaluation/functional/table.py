"""Word error rates as a small text table."""

from typing import Dict, Mapping

from cslrkit.utils.tables import format_table

_COLUMNS = (  # heading, key, format
    ('WER %', 'wer', '.2f'),
    ('sub', 'sub', '.2f'),
    ('del', 'del', '.2f'),
    ('ins', 'ins', '.2f'),
    ('conv WER %', 'wer_conv', '.2f'),
    ('WAR', 'war', '.2f'),
    ('WDR', 'wdr', '.2f'),
    ('sentences', 'num_sentences', 'd'),
    ('words', 'num_words', 'd'),
)


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
    rows: Dict[str, Dict[str, float]] = {
        split: {key.rpartition('/')[2]: value for key, value in metrics.items()} for split, metrics in results.items()
    }
    columns = [column for column in _COLUMNS if any(column[1] in row for row in rows.values())]
    rows_of_cells = [
        [split, *(_cell(row[key], form) if key in row else '-' for _, key, form in columns)]
        for split, row in rows.items()
    ]
    return format_table(['split', *(heading for heading, _, _ in columns)], rows_of_cells)


def _cell(value: float, form: str) -> str:
    return format(int(value) if form == 'd' else value, form)
