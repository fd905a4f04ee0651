"""How much of a heat map lies on hands, face and body, against how much of the picture they cover."""

import copy
import json
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Dict, List, Mapping, Sequence, Union

import numpy as np

from cslrkit.corpora.synthsign.regions import REGIONS, DrawnRegions, RegionClips
from cslrkit.datasets.seeded_dataset import SeededDataset
from cslrkit.utils.files import write_atomically, write_beside
from cslrkit.utils.tables import format_table
from cslrkit.visualization.cam import GlossCam

PLACES = (*REGIONS, 'elsewhere')
ALL = 'all glosses'


class RegionMasks:
    """Masks of the samples of a dataset, as its pipeline cuts and resizes their frames.

    Args:
        dataset: Config of a dataset of a drawn corpus, as it is used in evaluation.

    Raises:
        DataNotFoundError: If its corpus was not drawn.
    """

    def __init__(self, dataset: Mapping[str, Any]) -> None:
        regions = DrawnRegions(dataset['data_root'])
        parts = [partial(RegionClips, regions, channels) for channels in ((0, 1, 2), (3, 3, 3))]
        configs = [{**copy.deepcopy(dict(dataset)), 'frames': dict(type=part)} for part in parts]
        self._parts = [SeededDataset(config) for config in configs]
        self._places = {name: place for place, name in enumerate(self._parts[0].sample_ids)}

    def __call__(self, sample_id: str) -> np.ndarray:
        """Return how much of each pixel each of ``REGIONS`` covers, float32 (T, H, W, 4) within 0 to 1."""
        hands_and_face, body = (part[self._places[sample_id]]['inputs'].numpy() for part in self._parts)
        return np.concatenate([hands_and_face, body[:, :1]], 1).transpose(0, 2, 3, 1).astype(np.float32) / 255


@dataclass
class RegionShares:
    """Shares of heat and of area by gloss, each the mean over its occurrences; they sum to 1."""

    found: Dict[str, List[np.ndarray]] = field(default_factory=dict)

    def add(self, cams: Sequence[GlossCam], masks: np.ndarray) -> None:
        """Count the heat maps of a clip, of which those without any heat tell nothing.

        Args:
            cams: Heat maps of its glosses.
            masks: What :class:`RegionMasks` gives for it.
        """
        for cam in cams:
            frames = slice(*cam.clip_span)
            heat, covered = cam.frame_heat(frames), masks[frames]
            if heat.sum() > 0:
                shares = np.stack([_shares(heat, covered), _shares(np.ones_like(heat), covered)])
                self.found.setdefault(cam.span.gloss, []).append(shares)

    def rows(self) -> Dict[str, Dict[str, Any]]:
        """Return ``count``, ``heat`` and ``area`` (shares by place) of each gloss, and of all occurrences together."""
        every = [shares for found in self.found.values() for shares in found]
        named = {**{gloss: self.found[gloss] for gloss in sorted(self.found)}, ALL: every}
        return {
            name: dict(
                count=len(found),
                heat=dict(zip(PLACES, np.mean(found, 0)[0].tolist())),
                area=dict(zip(PLACES, np.mean(found, 0)[1].tolist())),
            )
            for name, found in named.items()
            if found
        }

    def means(self) -> Dict[str, Dict[str, float]]:
        """Return ``heat`` and ``area`` of all occurrences together, shares by place; nothing if there are none."""
        found = self.rows().get(ALL, {})
        return {kind: found[kind] for kind in ('heat', 'area') if found}

    def table(self) -> str:
        """Return a table: share of heat / share of area in percent, by gloss and place."""
        rows = []
        for name, row in self.rows().items():
            cells = [f'{100 * row["heat"][place]:.0f} / {100 * row["area"][place]:.0f}' for place in PLACES]
            rows.append([name, row['count'], *cells])
        headings = ['heat % / area %', 'count', *(place.replace('_', ' ') for place in PLACES)]
        return format_table(headings, rows)

    def write(self, folder: Union[str, Path], **made_of: Any) -> List[Path]:
        """Write ``regions.json`` and ``regions.png``, and return their paths.

        Args:
            folder: Where to; it must exist.
            **made_of: What else the JSON file says, such as the layer.
        """
        rows = self.rows()
        file, picture = Path(folder, 'regions.json'), Path(folder, 'regions.png')
        write_atomically(file, json.dumps(dict(made_of, regions=rows), ensure_ascii=False, indent=1))
        write_beside(picture, partial(_draw, rows))
        return [file, picture]


def _shares(heat: np.ndarray, covered: np.ndarray) -> np.ndarray:
    """Share of heat (T, H, W) on each region of ``covered`` (T, H, W, R), and elsewhere: (R + 1,)."""
    on = np.einsum('thw,thwr->r', heat, covered, dtype=np.float64) / heat.sum(dtype=np.float64)
    return np.append(on, max(0.0, 1.0 - on.sum()))


def _draw(rows: Mapping[str, Mapping[str, Any]], path: Path) -> None:
    from matplotlib.figure import Figure  # takes a second to import

    figure = Figure(figsize=(9, 1.2 + 0.5 * len(rows)), layout='constrained')
    panel = figure.subplots()
    for kind, shift, alpha in (('heat', -0.2, 1.0), ('area', 0.2, 0.45)):
        left = np.zeros(len(rows))
        for place, color in zip(PLACES, ('C0', 'C1', 'C2', 'C4', '0.8')):
            widths = np.array([100 * row[kind][place] for row in rows.values()])
            label = place.replace('_', ' ') if kind == 'heat' else None
            panel.barh(np.arange(len(rows)) + shift, widths, 0.38, left, color=color, alpha=alpha, label=label)
            left += widths
    panel.set_yticks(range(len(rows)), list(rows))
    panel.invert_yaxis()
    panel.set_xlabel('percent; above: of the heat, below, pale: of the area')
    panel.legend(ncols=len(PLACES), loc='lower center', bbox_to_anchor=(0.5, 1.0), frameon=False)
    figure.savefig(path, format='png', dpi=110)
