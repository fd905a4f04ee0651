"""Write a checkpoint to give away."""

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
    args = parser.parse_args()

    from cslrkit.apis import publish_checkpoint
    from cslrkit.engine.config import load_config

    config = load_config(args.config) if args.config else None
    suffix = f'.{args.format}' if args.format else None
    path = publish_checkpoint(args.source, args.out, config=config, suffix=suffix, name=args.name)
    print(f'published: {path} ({path.stat().st_size / 2**20:.1f} MiB)')


if __name__ == '__main__':
    run_tool(main)
