"""Training and testing from Python, as the tools do it."""

from cslrkit.apis.run import test_model, train_model

__all__ = ['test_model', 'train_model']
