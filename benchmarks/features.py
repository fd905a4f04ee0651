"""One training epoch of the synthetic corpus on features that were extracted before, and on frames."""

import argparse
import tempfile
from pathlib import Path
from typing import Any, Dict, Optional

from benchmarks.alternate import Measured, report
from benchmarks.end_to_end import CONFIG, SHORT_BATCHES, alternate_epochs, base_config
from cslrkit.apis import extract_features
from cslrkit.corpora.synthsign import make_corpus
from cslrkit.engine.config import load_config
from cslrkit.engine.stored_config import config_json
from cslrkit.registry import MODELS
from cslrkit.utils.tensor_files import write_tensor_file

FEATURE_CONFIG = 'configs/features/synthsign.py'
REQUIRED = 20.0


def measure(
    *, short: bool, rounds: int, data_root: Optional[str] = None, checkpoint: Optional[str] = None
) -> Dict[str, Any]:
    """Train epochs in turn and report the row.

    Args:
        short: Only a few batches of each epoch.
        rounds: Epochs of each side, after one that is left out.
        data_root: A synthetic corpus; None draws one.
        checkpoint: Its backbone gives the features; None takes random weights.

    Returns:
        The record of the row.
    """
    with tempfile.TemporaryDirectory() as scratch:
        if data_root is None:
            data_root = str(make_corpus(Path(scratch, 'synthsign'), progress=True).root)
        root = str(Path(data_root).absolute())
        out = str(Path(scratch, 'features'))
        frames = load_config(CONFIG, {'data_root': root})
        for split in ('train', 'dev'):
            extract_features(frames, checkpoint or _random_weights(frames, scratch), out, split=split, progress=True)
        features = load_config(FEATURE_CONFIG, {'data_root': root, 'features.path': out})
        variants = dict(frames=base_config(frames, short), features=base_config(features, short))
        seconds = alternate_epochs(variants, rounds, Path(scratch, 'runs'))
    return report(
        Measured(seconds['frames'], seconds['features']),
        benchmark='features',
        row='an epoch from features',
        required=REQUIRED,
        batches=SHORT_BATCHES if short else None,
    )


def _random_weights(config: Any, folder: str) -> str:
    model = MODELS.build(config.model)
    path = Path(folder, 'random.pth')
    write_tensor_file(path, model.state_dict(), dict(cfg=config_json(config), vocab=model.vocab.glosses))
    return str(path)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark."""
    parser.add_argument('--data-root', metavar='DIR', help='a corpus of tools/make_synthetic.py (default: draws one)')
    parser.add_argument('--checkpoint', metavar='FILE', help='whose features (default: of random weights)')


def run(args: argparse.Namespace) -> None:
    """Train the epochs."""
    measure(short=args.short, rounds=args.rounds, data_root=args.data_root, checkpoint=args.checkpoint)
