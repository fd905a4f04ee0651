"""Print a config with its bases merged and the options of a training applied."""

from cslrkit.utils.cli import add_training_options, make_parser, run_tool, training_options


def main() -> None:
    """Parse the arguments and print."""
    parser = make_parser(
        'Print the config that train.py with the same options runs: bases merged, overrides applied, derived settings '
        'filled in.',
        'python tools/print_config.py configs/slowfast/phoenix2014.py --amp --cfg-options data_root=/data/phoenix2014',
    )
    add_training_options(parser)
    args = parser.parse_args()

    from mmengine.config import Config

    from cslrkit.engine.complete import TrainOptions, complete
    from cslrkit.engine.config import load_config

    config = complete(load_config(args.config, args.cfg_options), TrainOptions(**training_options(args)))
    print(Config(config.to_dict()).pretty_text)


if __name__ == '__main__':
    run_tool(main)
