"""Tables of text, for terminals and logs."""

from io import StringIO
from typing import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

_UNLIMITED = 1 << 16  # columns: lines are not wrapped, a terminal does that


def format_table(headings: Sequence[str], rows: Sequence[Sequence[object]], *, left: int = 1) -> str:
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
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style='')
    for index, heading in enumerate(headings):
        table.add_column(Text(heading), justify='left' if index < left else 'right', no_wrap=True)
    for row in rows:
        table.add_row(*(Text(str(cell)) for cell in row))
    out = Console(file=StringIO(), width=_UNLIMITED, color_system=None)
    out.print(table)
    return '\n'.join(line.rstrip() for line in out.file.getvalue().splitlines())
