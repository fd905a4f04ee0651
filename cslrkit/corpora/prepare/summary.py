"""What was prepared, in figures and in words."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterable, List, Mapping, Optional, Tuple
from unicodedata import normalize

from cslrkit.corpora.prepare.files import build_gloss_dict, samples
from cslrkit.corpora.prepare.resize import ResizeResult
from cslrkit.utils.messages import listed, plural

NAMED = 50  # how many of a kind the text names
_COMMAS = set(',;，、；،؛')


@dataclass(frozen=True)
class SplitSummary:
    """A split of a prepared corpus."""

    num_sentences: int
    num_frames: int  # as num_frames of the info file says
    signers: Tuple[str, ...]  # their names, sorted
    num_words: int  # running glosses
    gloss_counts: Dict[str, int]  # how often each gloss occurs
    missing_frames: Dict[str, str]  # sample id -> what is missing of its frames


@dataclass(frozen=True)
class PreparedCorpus:
    """What was prepared."""

    corpus: str  # its name
    out: Path  # folder of the info files, the vocabulary and the STM files
    frame_dir: str  # folder of the frames, relative to the corpus root
    splits: Dict[str, SplitSummary]
    num_glosses: int  # size of the vocabulary
    notes: Tuple[str, ...]  # what a reader should know, a sentence each
    resized_dir: Optional[Path]  # folder of the resized frames; None if none were asked for
    resized: ResizeResult  # what became of them

    @property
    def num_samples(self) -> Dict[str, int]:
        """Sentences of each split."""
        return {split: own.num_sentences for split, own in self.splits.items()}

    @property
    def num_frames(self) -> Dict[str, int]:
        """Frames of each split."""
        return {split: own.num_frames for split, own in self.splits.items()}

    def absent_from_train(self, split: str) -> Dict[str, int]:
        """Glosses of ``split`` that the training sentences lack, and how often each occurs there."""
        known = self.splits['train'].gloss_counts if 'train' in self.splits else {}
        counts = self.splits[split].gloss_counts
        return {gloss: counts[gloss] for gloss in sorted(counts) if gloss not in known}


def summarize_split(split: str, info: Mapping, missing: Mapping[Tuple[str, str], str]) -> SplitSummary:
    """Count what an info dict holds; ``missing`` says, by split and sample, what is missing of its frames."""
    entries = list(samples(info))
    counts = Counter(gloss for entry in entries for gloss in entry['label'].split())
    problems = {entry['fileid']: missing.get((split, entry['fileid'])) for entry in entries}
    return SplitSummary(
        num_sentences=len(entries),
        num_frames=sum(int(entry['num_frames']) for entry in entries),
        signers=tuple(sorted({entry['signer'] for entry in entries})),
        num_words=sum(counts.values()),
        gloss_counts=dict(counts),
        missing_frames={sample_id: problem for sample_id, problem in problems.items() if problem},
    )


def label_notes(infos: Mapping[str, Mapping]) -> List[str]:
    """Return a note for each kind of label or id that trips up a reader of the corpus."""
    notes, first = [], {}
    for split, info in infos.items():
        entries = list(samples(info))
        empty = [entry['fileid'] for entry in entries if not entry['label'].split()]
        if empty:
            notes.append(f'{split}: {plural(len(empty), "sentence")} without glosses: {listed(empty, NAMED)}')
        blank = [e['fileid'] for e in entries if e['label'].split() != [w for w in e['label'].split(' ') if w]]
        if blank:
            notes.append(
                f'{split}: {plural(len(blank), "label")} with white space other than spaces, which readers of '
                f'the corpus do not split at: {listed(blank, NAMED)}'
            )
        repeated = [entry['fileid'] for entry in entries if first.setdefault(entry['fileid'], split) != split]
        if repeated:
            notes.append(f'{split}: in another split as well: {listed(repeated, NAMED)}')
    return notes + gloss_notes(build_gloss_dict(infos.values()))


def gloss_notes(glosses: Iterable[str]) -> List[str]:
    """Return a note for each kind of gloss of a vocabulary that may be a slip of writing."""
    notes: List[str] = []
    looks: Dict[str, List[str]] = {}
    for gloss in glosses:
        looks.setdefault(normalize('NFC', gloss), []).append(gloss)
    alike = sorted(look for look, own in looks.items() if len(own) > 1)
    if alike:
        notes.append(
            f'glosses that look alike but are written with different code points: {listed(alike, NAMED)}. Write all in '
            'one Unicode form (NFC)'
        )
    commas = sorted(gloss for own in looks.values() for gloss in own if _COMMAS & {gloss[0], gloss[-1]})
    if commas:
        notes.append(
            f'glosses that begin or end with a comma or semicolon: {listed(commas, NAMED)}. Glosses are separated by '
            'spaces alone'
        )
    return notes


def describe(corpus: PreparedCorpus) -> str:
    """Return the summary that the tool prints."""
    lines = [f'{"split":<6}{"sentences":>10}{"frames":>10}{"signers":>9}{"glosses":>9}{"running":>9}']
    for split, own in corpus.splits.items():
        # CSL and CSL-Daily do not say who signs.
        signers = '-' if own.signers == ('unknown',) else len(own.signers)
        lines.append(
            f'{split:<6}{own.num_sentences:>10}{own.num_frames:>10}{signers:>9}'
            f'{len(own.gloss_counts):>9}{own.num_words:>9}'
        )
    lines.append(f'vocabulary: {plural(corpus.num_glosses, "gloss")}')
    for split in corpus.splits:
        absent = corpus.absent_from_train(split) if split != 'train' else {}
        if absent:
            shown = listed([f'{gloss} ({count})' for gloss, count in absent.items()], NAMED)
            lines.append(f'{split}: {plural(len(absent), "gloss")} absent from train: {shown}')
    lines.extend(f'note: {note}' for note in corpus.notes)
    lines.extend(_missing(corpus))
    if corpus.resized_dir is not None:
        lines.append(
            f'frames  {corpus.resized_dir}: {corpus.resized.written} written, {corpus.resized.kept} there already'
        )
    lines.append(f'files   {corpus.out}')
    return '\n'.join(lines)


def _missing(corpus: PreparedCorpus) -> List[str]:
    lines = []
    for split, own in corpus.splits.items():
        missing = own.missing_frames
        if len(missing) == own.num_sentences:
            lines.append(
                f'{split}: NO sentence has all its frames; the first, {next(iter(missing))}: '
                f'{next(iter(missing.values()))}. Check the corpus root and --frame-dir.'
            )
        elif missing:
            lines.append(f'{split}: {plural(len(missing), "sentence")} with missing frames:')
            lines.extend(f'  {sample_id}: {problem}' for sample_id, problem in list(missing.items())[:NAMED])
            if len(missing) > NAMED:
                lines.append(f'  and {len(missing) - NAMED} more; --check lists all')
    return lines
