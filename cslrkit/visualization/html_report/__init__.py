"""A scored run, or two in comparison, as one HTML page: what ``tools/analysis/report.py`` writes."""

from cslrkit.visualization.html_report.content import gather, render_page
from cslrkit.visualization.html_report.results import Results, load_results

__all__ = ['Results', 'gather', 'load_results', 'render_page']
