"""Train a prior of hands and face, which tools/restore_frames.py restores with."""

from cslrkit.utils.cli import add_training_options, make_parser, run_tool, training_options


def main() -> None:
    """Parse the arguments and train."""
    parser = make_parser(
        'Train a diffusion prior on crops of hands and face of a corpus, for tools/restore_frames.py. '
        'docs/restoration.md says what it needs.',
        'python tools/train_prior.py configs/restoration/prior_synthsign.py --work-dir work_dirs/prior',
    )
    add_training_options(parser)
    args = parser.parse_args()

    from cslrkit.apis import train_model
    from cslrkit.engine.config import load_config
    from cslrkit.errors import ConfigError
    from cslrkit.models.priors import DiffusionPrior
    from cslrkit.registry import MODELS

    config = load_config(args.config, args.cfg_options)
    kind = (config.get('model') or {}).get('type')
    if kind is None or not issubclass(MODELS.lookup(kind), DiffusionPrior):
        raise ConfigError(f"got {kind!r}, expected 'DiffusionPrior'. tools/train.py trains a recognizer.", path='model')
    train_model(config, **training_options(args))


if __name__ == '__main__':
    run_tool(main)
