"""Word error rates as a small text table."""

import unicodedata
from typing import Dict, Mapping, Sequence

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


def format_table(headings: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 1) -> str:
    """Lay out cells in columns, two spaces apart.

    Args:
        headings: First line.
        rows: Lines, of as many cells each.
        left: How many columns stand at the left of their place; the others stand at the right.

    Examples:
        >>> print(format_table(['signer', 'WER %'], [['Ann', '9.50'], ['Bo', '12.00']]))
        signer  WER %
        Ann      9.50
        Bo      12.00
    """
    lines = [list(headings), *map(list, rows)]
    widths = [max(display_width(line[i]) for line in lines) for i in range(len(headings))]
    return '\n'.join(
        '  '.join(pad(cell, widths[i], left=i < left) for i, cell in enumerate(line)).rstrip() for line in lines
    )


def display_width(text: str) -> int:
    """Columns that ``text`` takes in a terminal: two for wide characters, none for combining ones."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in 'WF' else 1 for c in text)


def pad(text: str, width: int, *, left: bool = True) -> str:
    """Fill ``text`` with spaces to ``width`` columns, text at the left or at the right."""
    spaces = ' ' * (width - display_width(text))
    return text + spaces if left else spaces + text


def _cell(value: float, form: str) -> str:
    return format(int(value) if form == 'd' else value, form)
