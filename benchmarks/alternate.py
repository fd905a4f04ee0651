"""Time a baseline and candidates in turn, and print what they gain."""

import json
import os
import statistics
import time
from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Mapping, Optional

import torch

from cslrkit.errors import ConfigError

BASELINE = 'baseline'


@dataclass(frozen=True)
class Measured:
    """Seconds of a baseline and of a candidate, round by round.

    Rounds are compared with themselves, so that a machine that slows down for a while slows both.

    Args:
        baseline: Seconds of the baseline in each round.
        ours: Seconds of the candidate in each round.
    """

    baseline: List[float]
    ours: List[float]

    @property
    def ratios(self) -> List[float]:
        """How many times the candidate's speed is the baseline's, in each round."""
        return [baseline / ours for baseline, ours in zip(self.baseline, self.ours)]

    @property
    def ratio(self) -> float:
        """Median of the ratios."""
        return statistics.median(self.ratios)

    @property
    def baseline_s(self) -> float:
        """Median seconds of the baseline."""
        return statistics.median(self.baseline)

    @property
    def ours_s(self) -> float:
        """Median seconds of the candidate."""
        return statistics.median(self.ours)


def alternate(
    baseline: Callable[[], Any],
    candidates: Mapping[str, Callable[[], Any]],
    *,
    rounds: int = 5,
    warmup: int = 1,
) -> Dict[str, Measured]:
    """Run a baseline and candidates in turn, A B C A B C ..., and time each.

    Args:
        baseline: What candidates are compared with; what it returns is dropped.
        candidates: What is measured, by name.
        rounds: How often each is timed.
        warmup: How often each is run before, untimed.

    Returns:
        The measurements of each candidate by its name.
    """
    if rounds < 1 or BASELINE in candidates:
        raise ConfigError(
            f"alternate: got rounds {rounds} and the names {list(candidates)}, of which '{BASELINE}' is kept."
        )
    runs = {BASELINE: baseline, **candidates}
    seconds: Dict[str, List[float]] = {name: [] for name in runs}
    for number in range(warmup + rounds):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            elapsed = time.perf_counter() - start
            if number >= warmup:
                seconds[name].append(elapsed)
    return {name: Measured(seconds[BASELINE], seconds[name]) for name in candidates}


def report(
    measured: Measured,
    *,
    benchmark: str,
    row: str,
    required: Optional[float] = None,
    limit_s: Optional[float] = None,
    **extra: Any,
) -> Dict[str, Any]:
    """Print a readable line and one JSON line, and return what the JSON line says.

    Args:
        measured: What :func:`alternate` returned for a candidate.
        benchmark: The tool, e.g. ``'data'``.
        row: What was compared, e.g. ``'training samples from folders'``.
        required: The ratio that must be reached, if one must.
        limit_s: Seconds that the work takes at the physical limit, measured in the same run; its
            share of the candidate's time is reported.
        **extra: Further fields of the JSON line: numbers, strings, lists of them.
    """
    share = None if limit_s is None else limit_s / measured.ours_s
    record = dict(
        benchmark=benchmark,
        row=row,
        baseline_s=_rounded(measured.baseline_s),
        ours_s=_rounded(measured.ours_s),
        ratio=_rounded(measured.ratio),
        ratio_min=_rounded(min(measured.ratios)),
        ratio_max=_rounded(max(measured.ratios)),
        required=required,
        limit_share=_rounded(share),
        **extra,
        env=environment(),
    )
    line = f'{benchmark}: {row}: {measured.ratio:.2f} times the baseline'
    line += f' ({min(measured.ratios):.2f} to {max(measured.ratios):.2f} in {len(measured.ours)} rounds'
    line += f'; {measured.baseline_s:.4g} s -> {measured.ours_s:.4g} s)'
    if required is not None:
        line += f', required {required:g}: {"reached" if measured.ratio >= required else "NOT REACHED"}'
    if share is not None:
        line += f', {100 * share:.0f}% of the limit'
    print(line, flush=True)
    print(json.dumps(record), flush=True)
    return record


def environment() -> Dict[str, Any]:
    """What a measurement depends on besides the code."""
    return dict(threads=torch.get_num_threads(), torch=torch.__version__, cpus=os.cpu_count())


def _rounded(number: Optional[float]) -> Optional[float]:
    return None if number is None else float(f'{number:.4g}')
