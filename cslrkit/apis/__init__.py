"""Training, testing and inference from Python, as the tools do it."""

from cslrkit.apis.checkpoints import convert_checkpoint, publish_checkpoint
from cslrkit.apis.extract import extract_features
from cslrkit.apis.recognizer import init_recognizer
from cslrkit.apis.run import evaluate_model, train_model
from cslrkit.apis.tune import tune_language_model

__all__ = [
    'CSLRInferencer',
    'convert_checkpoint',
    'evaluate_model',
    'extract_features',
    'init_recognizer',
    'publish_checkpoint',
    'train_model',
    'tune_language_model',
]


def __getattr__(name: str):
    if name == 'CSLRInferencer':  # reads videos: imported when it is asked for
        from cslrkit.apis.inferencer import CSLRInferencer

        return CSLRInferencer
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
