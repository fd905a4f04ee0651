"""Serve a web page that recognizes the signing in clips that visitors upload or record."""

from pathlib import Path

from cslrkit.utils.cli import add_device_option, add_import_option, make_parser, quiet_opencv, run_tool


def main() -> None:
    """Parse the arguments and serve until Ctrl-C."""
    parser = make_parser(
        'Serve a web page that recognizes the signing in clips that visitors upload or record: glosses with times and '
        'confidences, a plot of their probabilities, and a video with heat maps. Uploads are deleted when '
        "their page is closed. Needs pip install 'cslrkit[demo]'.",
        'python tools/demo.py --checkpoint work_dirs/synthsign --port 7860',
    )
    parser.add_argument(
        '--checkpoint',
        default='work_dirs/synthsign',
        help="a checkpoint, or a work directory, whose best one is taken (default: %(default)s, the quickstart's)",
    )
    add_device_option(parser)
    parser.add_argument(
        '--host', default='127.0.0.1', help='address to listen at (default: %(default)s, this machine alone)'
    )
    parser.add_argument('--port', type=int, default=7860, help='default: %(default)s')
    parser.add_argument(
        '--share', action='store_true', help="give the page a public address through Gradio's servers (default: no)"
    )
    parser.add_argument(
        '--max-seconds', type=float, default=60, metavar='S', help='longest clip (default: %(default)s)'
    )
    parser.add_argument(
        '--max-megabytes', type=float, default=50, metavar='MB', help='largest file (default: %(default)s)'
    )
    parser.add_argument(
        '--examples',
        default='data/synthsign/videos',
        metavar='DIR',
        help='videos that visitors may choose, if there are any (default: %(default)s)',
    )
    add_import_option(parser)
    args = parser.parse_args()
    quiet_opencv()

    from cslrkit.demo.limits import Limits
    from cslrkit.demo.serve import find_examples, serve
    from cslrkit.utils.imports import import_modules

    import_modules(args.modules)
    serve(
        args.checkpoint,
        device=args.device,
        host=args.host,
        port=args.port,
        share=args.share,
        limits=Limits(args.max_seconds, args.max_megabytes),
        examples=find_examples(Path(args.examples)),
    )


if __name__ == '__main__':
    run_tool(main)
