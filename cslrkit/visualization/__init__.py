"""Visualizers and their backends that third parties and later parts register; mmengine's own do the logging."""
