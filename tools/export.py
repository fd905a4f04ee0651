"""Write a checkpoint as an ONNX file or a torch program."""

from cslrkit.utils.cli import add_import_option, make_parser, run_tool


def main() -> None:
    """Parse the arguments and export."""
    parser = make_parser(
        'Write a checkpoint as one program from uint8 frames to log-probabilities, with all that inference needs. It '
        'is run on random clips and compared with the checkpoint.',
        'python tools/export.py work_dirs/synthsign -o synthsign.onnx',
    )
    parser.add_argument('checkpoint', help='a checkpoint of cslrkit, or a work directory, whose best one is taken')
    parser.add_argument('-o', '--out', required=True, metavar='FILE', help='file to write: .onnx or .pt2')
    parser.add_argument('--format', choices=('onnx', 'torch'), help="(default: by the file's name)")
    parser.add_argument('--config', help='its config (default: the one in the checkpoint)')
    add_import_option(parser)
    args = parser.parse_args()

    from cslrkit.apis.export import export_model
    from cslrkit.utils.imports import import_modules

    import_modules(args.modules)
    difference = export_model(args.checkpoint, args.out, format=args.format, config=args.config)
    print(f"exported: {args.out}; its log-probabilities differ by at most {difference:.1g} from the checkpoint's")


if __name__ == '__main__':
    run_tool(main)
