"""Training, testing and inference from Python, as the tools do it."""

from importlib import import_module

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
    'from_pretrained',
    'init_recognizer',
    'publish_checkpoint',
    'push_to_hub',
    'save_pretrained',
    'train_model',
    'tune_language_model',
]


# These read videos: imported when they are asked for.
_LATE = {
    'CSLRInferencer': 'cslrkit.apis.inferencer',
    'from_pretrained': 'cslrkit.apis.hub',
    'push_to_hub': 'cslrkit.apis.hub',
    'save_pretrained': 'cslrkit.apis.hub',
}


def __getattr__(name: str):
    if name in _LATE:
        return getattr(import_module(_LATE[name]), name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
