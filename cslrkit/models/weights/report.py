"""What became of the tensors of a file and of a model."""

from dataclasses import dataclass, field
from typing import Dict, List

_SHOWN = 4


@dataclass
class LoadReport:
    """The outcome of loading a file into a model or a part of it.

    Args:
        path: The file.
        format: Its format, e.g. ``'slowfastsign'``.
        loaded: Names in the model that got a tensor as it is.
        adapted: Names in the model that got a tensor changed to fit, and how.
        left_alone: Names in the model that keep their values, and why.
        unused: Names in the file that nothing in the model corresponds to.
        conflicts: Tensors that differ in the file and are one in the model; the last one counts.
    """

    path: str
    format: str
    loaded: List[str] = field(default_factory=list)
    adapted: Dict[str, str] = field(default_factory=dict)
    left_alone: Dict[str, str] = field(default_factory=dict)
    unused: List[str] = field(default_factory=list)
    conflicts: List[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether every tensor of the model was loaded and every one of the file used."""
        return not self.left_alone and not self.unused

    def summary(self) -> str:
        """One line of counts."""
        return (
            f"'{self.path}' ({self.format}): {len(self.loaded)} tensors loaded as they are, "
            f'{len(self.adapted)} adapted, {len(self.left_alone)} of the model left alone, '
            f'{len(self.unused)} of the file not used'
        )

    def details(self, *, everything: bool = False) -> List[str]:
        """Lines with names and reasons, by default the first few of each kind."""
        groups = (
            ('conflict', self.conflicts),
            ('adapted', [f'{name}: {how}' for name, how in self.adapted.items()]),
            ('left alone', [f'{name}: {why}' for name, why in self.left_alone.items()]),
            ('not used', self.unused),
        )
        lines = []
        for title, entries in groups:
            shown = entries if everything else entries[:_SHOWN]
            lines += [f'{title}: {entry}' for entry in shown]
            if len(shown) < len(entries):
                lines.append(f'{title}: and {len(entries) - len(shown)} more')
        return lines

    def text(self, *, everything: bool = False) -> str:
        """The summary, and the details below it."""
        return '\n  '.join([self.summary(), *self.details(everything=everything)])
