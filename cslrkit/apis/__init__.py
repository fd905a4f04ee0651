"""Training and testing from Python, as the tools do it."""

from cslrkit.apis.run import evaluate_model, train_model

__all__ = ['evaluate_model', 'train_model']
