"""List every registered class: what it is, its arguments, where it comes from."""

import shutil

from cslrkit.utils.cli import add_import_option, make_parser, run_tool


def main() -> int:
    """Parse the arguments and print; 1 if nothing is found."""
    parser = make_parser(
        'List every registered class with its summary, arguments and source; plugins that are installed included.',
        'python tools/list_components.py backbones\n  python tools/list_components.py --search blank --json',
    )
    parser.add_argument('registry', nargs='?', metavar='REGISTRY', help='e.g. BACKBONES or backbone (default: all)')
    parser.add_argument('--search', default='', metavar='TEXT', help='only those that have this text, in any case')
    parser.add_argument('--json', action='store_true', help='print a JSON list')
    add_import_option(parser)
    args = parser.parse_args()

    from cslrkit.doctor.components import components_json, format_components, list_components
    from cslrkit.utils.imports import import_modules

    import_modules(args.modules)
    components = list_components(args.registry, search=args.search)
    if args.json:
        print(components_json(components))
    elif components:
        print(format_components(components, width=min(120, shutil.get_terminal_size((120, 24)).columns)))
    else:
        print(f"nothing has '{args.search}' in its name, summary, source or arguments")
    return 0 if components else 1


if __name__ == '__main__':
    run_tool(main)
