"""Write another project's weights as a checkpoint of cslrkit."""

from cslrkit.utils.cli import add_cfg_options, make_parser, run_tool


def main() -> None:
    """Parse the arguments, convert, print what became of each tensor."""
    parser = make_parser(
        "Convert SlowFastSign's, VAC's and CorrNet's .pt, PySlowFast's .pkl and .pyth, or torchvision's weights. "
        'The format is told from the file, and nothing in it is executed.',
        'python tools/convert_checkpoint.py configs/slowfast/phoenix2014.py _best_model.pt phoenix2014.pth',
    )
    parser.add_argument('config', help='the config of the network and corpus that the weights are for')
    parser.add_argument('source', metavar='in', help='the weights file')
    parser.add_argument('target', metavar='out', help='the checkpoint to write, .pth or .safetensors')
    parser.add_argument(
        '--vocab', metavar='FILE', help="gloss_dict.npy that they were trained with (default: the config's corpus)"
    )
    parser.add_argument('--all', action='store_true', help='print every name, not the first few of each kind')
    add_cfg_options(parser)
    args = parser.parse_args()

    from cslrkit.apis import convert_checkpoint
    from cslrkit.engine.config import load_config

    options = dict(args.cfg_options or {})
    if args.vocab:
        options['model.vocab'] = args.vocab
    report = convert_checkpoint(load_config(args.config, options), args.source, args.target)
    print(report.text(everything=args.all))
    print(f'written: {args.target}')


if __name__ == '__main__':
    run_tool(main)
