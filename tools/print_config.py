"""Print a config with its bases merged and its overrides applied."""

from mmengine.config import DictAction

from cslrkit.utils.cli import make_parser, run_tool


def main() -> None:
    """Parse the arguments and print."""
    parser = make_parser(
        'Print a config as it will be run: bases merged, overrides applied, derived settings filled in.',
        'python tools/print_config.py configs/slowfast/phoenix2014.py --cfg-options data_root=/data/phoenix2014',
    )
    parser.add_argument('config', help='a Python or YAML config file')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, metavar='KEY=VALUE', help='override settings')
    args = parser.parse_args()

    from cslrkit.engine.config import load_config

    print(load_config(args.config, args.cfg_options).pretty_text)


if __name__ == '__main__':
    run_tool(main)
