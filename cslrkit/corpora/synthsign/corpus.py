"""Draw a whole synthetic corpus and prepare it."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple, Union

from cslrkit.corpora.synthsign.drawing import DrawingTask, draw_all
from cslrkit.corpora.synthsign.grammar import make_sentences
from cslrkit.corpora.synthsign.layouts import WRITERS, Clip, LayoutWriter, NamedClip, spoken
from cslrkit.corpora.synthsign.lexicon import Lexicon, MinimalPair, make_lexicon
from cslrkit.corpora.synthsign.motion import perform
from cslrkit.corpora.synthsign.randomness import stream
from cslrkit.corpora.synthsign.record import is_complete, make_record, write_record
from cslrkit.corpora.synthsign.signers import Signer, make_signers
from cslrkit.corpora.synthsign.spec import FRAME_RATE, SPLITS, CorpusSpec, find_preset
from cslrkit.errors import ConfigError, OutputError
from cslrkit.registry import nearest


@dataclass(frozen=True)
class CorpusSummary:
    """What ``make_corpus`` wrote.

    Args:
        root: Root of the corpus, ``data_root`` of a dataset.
        layout: Name of the layout.
        frame_dir: Folder of the frames relative to the root.
        frame_size: Width and height in pixels.
        frame_rate: Frames per second.
        ann_dir: Folder of the prepared annotations relative to the root.
        num_samples: Clips of each split.
        num_frames: Frames of each split.
        glosses: The vocabulary as annotated, in the order of the lexicon.
        minimal_pairs: Pairs of glosses, as annotated, whose signs differ in one component.
        signers: Names of the signers of each split.
    """

    root: Path
    layout: str
    frame_dir: str
    frame_size: Tuple[int, int]
    frame_rate: float
    ann_dir: str
    num_samples: Dict[str, int]
    num_frames: Dict[str, int]
    glosses: Tuple[str, ...]
    minimal_pairs: Tuple[MinimalPair, ...]
    signers: Dict[str, Tuple[str, ...]]


def make_corpus(
    root: Union[str, Path],
    *,
    layout: str = 'phoenix2014',
    preset: Union[str, CorpusSpec] = 'small',
    size: Optional[Tuple[int, int]] = None,
    seed: int = 0,
    num_workers: Optional[int] = None,
    progress: bool = True,
) -> CorpusSummary:
    """Draw a corpus of signed sentences in a real corpus's layout, then run the prepare step.

    The same arguments give the same bytes, whatever the number of processes. Asked again for the
    corpus that a folder holds already, it draws nothing; one that was interrupted it draws anew.
    ``synthetic.json`` in the root records the arguments, the signs and, for each clip, the frames
    of each gloss.

    Args:
        root: New or empty folder.
        layout: ``'phoenix2014'``, ``'phoenix2014-T'``, ``'csl-daily'`` or ``'csl'``.
        preset: Name of a preset, or a spec.
        size: Width and height of the frames in pixels; None takes the preset's. The CSL-Daily
            layout adds 40 rows to the preset's, which stay empty: readers of that corpus cut them.
        seed: Of signs, signers, sentences and every repetition.
        num_workers: Processes that draw; None takes one for each CPU, and this process alone for
            a small corpus.
        progress: Whether to show progress on the console when it takes more than two seconds.

    Raises:
        ConfigError: For an unknown layout or preset, or a spec that cannot be met.
        OutputError: If the folder holds something else, or cannot be written.
    """
    if layout not in WRITERS:
        raise ConfigError(f"no corpus layout '{layout}'.{nearest(layout, WRITERS)} There are: {', '.join(WRITERS)}.")
    writer, root, seed = WRITERS[layout], Path(root), int(seed)
    spec = _sized(find_preset(preset) if isinstance(preset, str) else preset, size, writer)
    width, height = spec.frame_size
    frame_dir = writer.frame_dir.format(w=width, h=height)

    lexicon = make_lexicon(spec, seed)
    signers = make_signers(spec.num_signers, seed)
    clips = writer.name_clips(_plan_clips(spec, lexicon, seed), seed)
    tasks = [_plan_task(named, lexicon, signers, spec, seed, root / frame_dir) for named in clips]
    record = make_record(tasks, lexicon, signers, spec, layout=layout, seed=seed, chinese=writer.chinese)
    if not is_complete(root, record):
        write_record(root, record, complete=False)
        draw_all(
            tasks,
            writer=writer,
            signers=signers,
            spec=spec,
            seed=seed,
            num_workers=num_workers,
            progress=progress,
        )
        lengths = [len(task.performance.poses) for task in tasks]
        try:
            writer.write_annotations(root, clips, lengths, [signer.name for signer in signers])
        except OSError as error:
            raise OutputError(f"'{root}': annotations cannot be written: {error}.") from error
        from cslrkit.corpora.prepare import prepare_corpus  # imports torch: late, mistakes are told at once

        prepare_corpus(root, layout)
        write_record(root, record, complete=True)
    return _summarise(root, tasks, lexicon, signers, spec, layout=layout, frame_dir=frame_dir)


def _sized(spec: CorpusSpec, size: Optional[Tuple[int, int]], writer: LayoutWriter) -> CorpusSpec:
    if size is None:
        width, height = spec.frame_size
        return replace(spec, frame_size=(width, height + writer.unused_rows))
    width, height = (int(side) for side in size)
    if height < writer.unused_rows + 32:
        raise ConfigError(
            f'make_corpus: size: got {width}x{height}, expected at least {writer.unused_rows + 32} rows: '
            f'readers of this layout cut the top {writer.unused_rows}.'
        )
    return replace(spec, frame_size=(width, height))


def _plan_clips(spec: CorpusSpec, lexicon: Lexicon, seed: int) -> List[Clip]:
    sentences = make_sentences(spec, list(lexicon.signs), seed)
    known = spec.num_signers - spec.num_unseen_signers
    clips = []
    for split in SPLITS:
        for index, glosses in enumerate(sentences[split]):
            signer = index % known
            if split == 'test' and spec.num_unseen_signers and index % 2 == 0:
                signer = known + (index // 2) % spec.num_unseen_signers
            clips.append(Clip(split, index, glosses, signer))
    return clips


def _plan_task(
    named: NamedClip, lexicon: Lexicon, signers: Sequence[Signer], spec: CorpusSpec, seed: int, frames: Path
) -> DrawingTask:
    clip = named.clip
    rng = stream(seed, 'performance', clip.split, clip.index)
    performance = perform(clip.glosses, lexicon.signs, signer=signers[clip.signer], spec=spec, rng=rng)
    return DrawingTask(named, performance, frames / named.folder)


def _summarise(
    root: Path,
    tasks: Sequence[DrawingTask],
    lexicon: Lexicon,
    signers: Sequence[Signer],
    spec: CorpusSpec,
    *,
    layout: str,
    frame_dir: str,
) -> CorpusSummary:
    chinese = WRITERS[layout].chinese

    def word(gloss: str) -> str:
        return spoken([gloss], chinese=chinese)[0]

    by_split = {split: [task for task in tasks if task.named.clip.split == split] for split in SPLITS}
    return CorpusSummary(
        root=root,
        layout=layout,
        frame_dir=frame_dir,
        frame_size=spec.frame_size,
        frame_rate=FRAME_RATE,
        ann_dir='preprocess',
        num_samples={split: len(own) for split, own in by_split.items()},
        num_frames={split: sum(len(task.performance.poses) for task in own) for split, own in by_split.items()},
        glosses=tuple(word(gloss) for gloss in lexicon.signs),
        minimal_pairs=tuple(replace(p, first=word(p.first), second=word(p.second)) for p in lexicon.minimal_pairs),
        signers={
            split: tuple(sorted({signers[task.named.clip.signer].name for task in own}))
            for split, own in by_split.items()
        },
    )
