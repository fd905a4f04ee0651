"""Write a checkpoint to give away."""

import argparse

from cslrkit.utils.cli import make_parser, run_tool


def main() -> None:
    """Parse the arguments and publish."""
    parser = make_parser(
        'Strip a checkpoint to weights, config and vocabulary, and name it by its hash. Data roots in the config '
        'become data/<corpus>.',
        'python tools/publish_checkpoint.py work_dirs/phoenix2014 published --format safetensors',
    )
    parser.add_argument('source', metavar='in', help='a checkpoint of cslrkit, or a work directory (its best one)')
    parser.add_argument('out', help='the folder to write into, or the file: a name that ends in .pth or .safetensors')
    parser.add_argument('--format', choices=('pth', 'safetensors'), help="(default: pth, or by the file's name)")
    parser.add_argument('--name', help="beginning of the file's name in a folder (default: that of the checkpoint)")
    parser.add_argument('--config', help='the config, for a checkpoint that does not carry one')
    card = parser.add_argument_group('a folder with a model card, which from_pretrained reads')
    card.add_argument('--card', action='store_true', help='write model.safetensors and README.md into the folder')
    card.add_argument('--scores', nargs='+', metavar='JSON', help='results of tools/test.py for the card')
    card.add_argument('--license', help='of the weights, as the Hugging Face Hub names it: cc-by-nc-4.0')
    card.add_argument('--hub', metavar='USER/NAME', help='upload the folder to the Hugging Face Hub')
    args = parser.parse_args()
    if args.card or args.scores or args.license or args.hub:
        if args.name or args.config:
            parser.error('--name and --config go with a file, not with a card')
        _publish_with_card(args)
        return

    from cslrkit.apis import publish_checkpoint
    from cslrkit.engine.config import load_config

    config = load_config(args.config) if args.config else None
    suffix = f'.{args.format}' if args.format else None
    path = publish_checkpoint(args.source, args.out, config=config, suffix=suffix, name=args.name)
    print(f'published: {path} ({path.stat().st_size / 2**20:.1f} MiB)')


def _publish_with_card(args: argparse.Namespace) -> None:
    from cslrkit.apis.hub import push_to_hub, save_pretrained

    suffix = f'.{args.format or "safetensors"}'
    options = dict(scores=args.scores or (), license=args.license, name=args.hub, suffix=suffix)
    folder = save_pretrained(args.source, args.out, **options)
    print(f'published: {folder} (model{suffix}, README.md)')
    if args.hub:
        print(f'uploaded: {push_to_hub(folder, args.hub)}')


if __name__ == '__main__':
    run_tool(main)
