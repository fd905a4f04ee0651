"""Recognizers as files that run without the network's code, and inference with them."""

from cslrkit.apis.export.exported import ExportedRecognizer, is_exported
from cslrkit.apis.export.write import export_model

__all__ = ['ExportedRecognizer', 'export_model', 'is_exported']
