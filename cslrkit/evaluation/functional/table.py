"""Word error rates as a small text table."""

from typing import Dict, List, Mapping

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
    cells: List[List[str]] = [['split', *(heading for heading, _, _ in columns)]]
    for split, row in rows.items():
        values = (_cell(row[key], form) if key in row else '-' for _, key, form in columns)
        cells.append([split, *values])
    widths = [max(len(line[i]) for line in cells) for i in range(len(cells[0]))]
    lines = []
    for line in cells:
        numbers = (cell.rjust(width) for cell, width in zip(line[1:], widths[1:]))
        lines.append('  '.join([line[0].ljust(widths[0]), *numbers]).rstrip())
    return '\n'.join(lines)


def _cell(value: float, form: str) -> str:
    return format(int(value) if form == 'd' else value, form)
