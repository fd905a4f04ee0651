"""Curves of training runs from the logs in their work directories."""

import math
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple, Union

from cslrkit.errors import DataError, DataNotFoundError, OutputError
from cslrkit.utils.checks import one_of
from cslrkit.utils.files import write_beside
from cslrkit.utils.messages import listed
from cslrkit.utils.plain_json import parse_json

LOG = Path('vis_data', 'scalars.json')

_POSITIONS = ('epoch', 'iter', 'step')
_MOST = 2**53  # epochs or steps
_LABELS = {'wer': 'WER (%)', 'lr': 'learning rate', 'time': 'seconds per batch'}
_STYLES = ('-', '--', ':', '-.')  # runs differ in more than colour
_MARKERS = 'osD^vX'

Record = Dict[str, float]
Curve = List[Tuple[float, float]]


@dataclass(frozen=True)
class RunCurves:
    """What one run logged.

    Args:
        name: For the legend.
        curves: Points by key; positions are epochs, or iterations if the run counts no epochs.
        by_epoch: Which of the two.
    """

    name: str
    curves: Dict[str, Curve]
    by_epoch: bool


def load_curves(path: Union[str, Path], *, name: Optional[str] = None) -> RunCurves:
    """Read the log of a run; the parts of one that was stopped and resumed are joined.

    A resumed part replaces what earlier parts logged from the epoch on with which it begins. mmengine
    logs the losses of an epoch by iteration and validation by epoch; both are placed on one axis. What
    ``tools/test.py`` logged is left out.

    Args:
        path: A work directory, the folder of one start in it, or a ``scalars.json``.
        name: Of the run; by default that of the folder.

    Raises:
        DataNotFoundError: If there is no such file or folder.
        DataError: If it holds no log of a training run, or a damaged one.
    """
    path = Path(path)
    records: List[Record] = []
    for file in _logs(path):
        part = _read(file)
        if any(record['step'] for record in part):  # a test of the run logs into the same folder, at step 0
            begin = min(map(_position, part))
            records = [record for record in records if _position(record) < begin] + part
    if not records:
        raise DataError(f"'{path}': its log is empty: the run was stopped before it logged. Train longer.")
    by_epoch = any('epoch' in record for record in records)
    # Where only the number of the epoch and of the iteration in the whole run are logged.
    length = max([1, *(math.ceil(r['step'] / r['epoch']) for r in records if r.get('epoch'))])
    curves: Dict[str, Curve] = {}
    for record in records:
        place = record['step'] / length if 'epoch' in record else record['step']
        for key, value in record.items():
            if key not in _POSITIONS:
                curves.setdefault(key, []).append((place, value))
    folder = path.parent.parent if path.is_file() else path
    return RunCurves(name or folder.resolve().name, curves, by_epoch)


def draw_curves(runs: Sequence[RunCurves], keys: Sequence[str], out: Union[str, Path]) -> Path:
    """Draw a panel for each key with a line for each run.

    Args:
        runs: From ``load_curves``.
        keys: What to draw, e.g. ``loss``, ``wer``, ``lr``. A run without one is left out of its panel.
        out: The picture; its suffix decides the format (``.png``, ``.svg``, ``.pdf``).

    Returns:
        Where the picture is.

    Raises:
        ConfigError: If no run has a key.
        OutputError: If the picture cannot be written, or its suffix is of no known format.
    """
    from matplotlib.figure import Figure  # late: it takes a second to import

    for key in keys:
        one_of('keys', key, sorted({known for run in runs for known in run.curves}))
    figure = Figure(figsize=(6.4, 0.6 + 2.4 * len(keys)), layout='constrained')
    panels = figure.subplots(len(keys), 1, sharex=True, squeeze=False)[:, 0]
    for panel, key in zip(panels, keys):
        _draw_panel(panel, runs, key)
    units = {'epoch' if run.by_epoch else 'iteration' for run in runs}
    panels[-1].set_xlabel(' or '.join(sorted(units)))
    out = Path(out)
    try:
        write_beside(out, partial(figure.savefig, dpi=110, format=out.suffix[1:]))
    except ValueError as error:  # an unknown suffix; the message has those that there are
        raise OutputError(f"'{out}' cannot be written: {error}.") from error
    return out


def _draw_panel(panel: Any, runs: Sequence[RunCurves], key: str) -> None:
    for index, (run, style, marker) in enumerate(zip(runs, cycle(_STYLES), cycle(_MARKERS))):
        points = run.curves.get(key)
        if points is None:
            continue
        places, values = zip(*points)
        label = run.name
        if key == 'wer' or key.endswith('/wer') or key.startswith('wer_'):
            best, place = min((value, place) for place, value in points)
            label += f': best {best:.2f} at {place:g}'
        look = dict(linewidth=1.4, marker=marker if len(points) <= 60 else None, markersize=3.5)
        panel.plot(places, values, style, color=f'C{index}', label=label, **look)
    panel.set_ylabel(_LABELS.get(key, key))
    panel.grid(alpha=0.3)
    panel.margins(x=0.02)
    panel.set_ylim(bottom=min(0.0, panel.get_ylim()[0]))
    if len(runs) > 1 or ': best' in label:
        panel.legend(fontsize='small', loc='upper right')


def _logs(path: Path) -> List[Path]:
    """The logs of a run, in the order of its starts; folders are named by the time."""
    if path.is_file():
        return [path]
    if not path.exists():
        raise DataNotFoundError(f"'{path}' does not exist. Give a work directory of tools/train.py.")
    found = sorted([*path.glob(str(LOG)), *path.glob(f'*/{LOG}')])
    if found:
        return found
    deeper = sorted({file.parents[2].name for file in path.glob(f'*/*/{LOG}')})
    hint = f'These folders in it do: {listed(deeper)}.' if deeper else 'Give a work directory of tools/train.py.'
    raise DataError(f"'{path}' holds no log of a training run (no */{LOG}). {hint}")


def _read(file: Path) -> List[Record]:
    try:
        lines = file.read_text(encoding='utf-8').splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"'{file}' cannot be read ({error}). Give a scalars.json of a training run.") from error
    records = []
    for number, line in enumerate(lines, start=1):
        try:
            record = parse_json(line)
        except ValueError as error:
            if number == len(lines):
                break  # a run that was killed may have written half a line
            raise DataError(f"'{file}' line {number}: not JSON ({error}). Is it a scalars.json?") from error
        if not isinstance(record, dict) or not isinstance(record.get('step'), (int, float)):
            raise DataError(f"'{file}' line {number}: got {line[:60]!r}, expected an object with 'step'.")
        numbers = {k: v for k, v in record.items() if isinstance(v, (int, float)) and not isinstance(v, bool)}
        if not all(0 <= numbers.get(key, 0) < _MOST for key in _POSITIONS):
            raise DataError(f"'{file}' line {number}: got {line[:60]!r}, expected numbers of epochs and steps.")
        records.append(numbers)
    return records


def _position(record: Record) -> float:
    # Records of validation have no epoch: their step counts epochs.
    return record.get('epoch', record['step'])
