"""Train a recognizer from a config."""

from cslrkit.utils.cli import add_training_options, make_parser, run_tool, training_options


def main() -> None:
    """Parse the arguments and train."""
    parser = make_parser(
        'Train a recognizer from a config.',
        'python tools/train.py configs/slowfast/synthsign.py --work-dir work_dirs/first --seed 1',
    )
    add_training_options(parser)
    args = parser.parse_args()

    from cslrkit.apis import train_model
    from cslrkit.engine.config import load_config

    train_model(load_config(args.config, args.cfg_options), **training_options(args))


if __name__ == '__main__':
    run_tool(main)
