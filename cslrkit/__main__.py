"""``cslrkit COMMAND`` and ``python -m cslrkit COMMAND``: run a tool from wherever cslrkit is installed."""

import ast
import os
import runpy
import sys
from pathlib import Path
from typing import Dict, List, Optional, Sequence

from cslrkit.errors import CSLRKitError
from cslrkit.utils import cli
from cslrkit.utils.messages import nearest
from cslrkit.utils.shipped import command_name, shipped_root

_USAGE = 'usage: cslrkit COMMAND [ARGUMENT ...]'
_HELP = """'cslrkit COMMAND --help' says more. Configs are given by path or by name, e.g.

  cslrkit train slowfast/synthsign.py --work-dir work_dirs/first"""


def main(arguments: Optional[Sequence[str]] = None) -> None:
    """Run the tool that the first argument names; without one, list all.

    Args:
        arguments: The command and its arguments; those of the process by default.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if not arguments or arguments[0] in ('-h', '--help', 'help'):
        print(_overview())
        return
    if arguments[0] in ('-V', '--version', 'version'):
        from cslrkit import __version__

        print(__version__)
        return
    tools = _tools()
    name = arguments[0].replace('_', '-')
    if name not in tools:
        print(f"error: cslrkit has no command '{arguments[0]}'.{nearest(name, tools)} {_USAGE}", file=sys.stderr)
        sys.exit(2)
    _run(name, tools[name], arguments[1:])


def _run(name: str, script: Path, arguments: List[str]) -> None:
    if script.suffix == '.sh':
        os.environ.setdefault('PYTHON', sys.executable)
        os.execvp('bash', ['bash', str(script), *arguments])
    cli.command = f'cslrkit {name}'
    sys.argv = [str(script), *arguments]
    sys.path.insert(0, str(script.parent))  # as for a script that is started by its path
    runpy.run_path(str(script), run_name='__main__')


def _tools() -> Dict[str, Path]:
    """Tools by the name of their command."""
    root = shipped_root() / 'tools'
    files = sorted(path for path in root.rglob('*') if path.suffix in ('.py', '.sh') and not path.stem.startswith('_'))
    if not files:
        raise CSLRKitError(f"cslrkit: no tools in '{root}'. Install cslrkit again.")
    # A Python tool before a shell script of its name, and one nearer to the root before one below it.
    files.sort(key=lambda path: (len(path.parts), path.suffix != '.py'), reverse=True)
    return {command_name(path): path for path in files}


def _overview() -> str:
    tools = _tools()
    width = max(map(len, tools))
    lines = [f'  {name:<{width}}  {_summary(path)}' for name, path in sorted(tools.items())]
    return '\n'.join([_USAGE, '', *lines, '', _HELP])


def _summary(path: Path) -> str:
    text = path.read_text(encoding='utf-8')
    if path.suffix == '.py':
        return (ast.get_docstring(ast.parse(text)) or '').partition('\n')[0]
    comments = [line.lstrip('# ') for line in text.splitlines() if line.startswith('#') and not line.startswith('#!')]
    return comments[0] if comments else ''


if __name__ == '__main__':
    main()
