"""Draw a whole synthetic corpus and prepare it."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Dict, List, Optional, Tuple, Union

from cslrkit.corpora.base import SPLITS, Corpus, DrawnClip, find_corpus
from cslrkit.corpora.synthsign.drawing import DrawingTask, draw_all
from cslrkit.corpora.synthsign.grammar import make_sentences
from cslrkit.corpora.synthsign.motion import perform
from cslrkit.corpora.synthsign.randomness import stream
from cslrkit.corpora.synthsign.record import is_complete, make_record, write_record
from cslrkit.corpora.synthsign.signers import make_signers
from cslrkit.corpora.synthsign.signs import Lexicon, MinimalPair, make_lexicon
from cslrkit.corpora.synthsign.spec import CorpusSpec, find_preset
from cslrkit.corpora.synthsign.vocabulary import CHINESE
from cslrkit.errors import ConfigError
from cslrkit.utils.files import write_atomically


@dataclass(frozen=True)
class CorpusSummary:
    """What ``make_corpus`` wrote."""

    root: Path  # of the corpus: data_root of a dataset
    corpus: str  # its name
    frame_dir: str  # folder of the frames relative to the root
    num_samples: Dict[str, int]  # clips of each split
    num_frames: Dict[str, int]  # frames of each split
    glosses: Tuple[str, ...]  # the vocabulary as annotated, in the order of the lexicon
    minimal_pairs: Tuple[MinimalPair, ...]  # of glosses, as annotated, whose signs differ in one component
    signers: Dict[str, Tuple[str, ...]]  # names of the signers of each split


def make_corpus(
    root: Union[str, Path],
    *,
    corpus: Union[str, Corpus] = 'synthsign',
    preset: Union[str, CorpusSpec] = 'small',
    size: Optional[Tuple[int, int]] = None,
    seed: int = 0,
    num_workers: Optional[int] = None,
    progress: bool = True,
) -> CorpusSummary:
    """Draw signed sentences with the folders, names and annotations of a corpus, then prepare them.

    The same arguments give the same bytes, whatever the number of processes. Asked again for the
    corpus that a folder holds already, it draws nothing; one that was interrupted it draws anew.
    ``synthetic.json`` in the root records the arguments, the signs and, for each clip, the frames
    of each gloss. The folder ``keypoints`` has the exact keypoints of each clip, for ``StoredKeypoints``.

    Args:
        root: New or empty folder.
        corpus: A corpus, or the name of a registered one.
        preset: Name of a preset, or a spec.
        size: Width and height of the frames in pixels; None takes the preset's. CSL-Daily
            adds 40 rows to the preset's, which stay empty: readers of that corpus cut them.
        seed: Of signs, signers, sentences and every repetition.
        num_workers: Processes that draw; None takes one for each CPU, and this process alone for
            a small corpus.
        progress: Whether to show progress on the console when it takes more than two seconds.

    Raises:
        ConfigError: For an unknown corpus or preset, or a spec that cannot be met.
        OutputError: If the folder holds something else, or cannot be written.
    """
    corpus, root, seed = find_corpus(corpus), Path(root), int(seed)
    spec = _sized(find_preset(preset) if isinstance(preset, str) else preset, size, corpus)
    frame_dir = corpus.distributed_frames(spec.frame_size)
    lexicon, words, tasks = plan_corpus(root, corpus, spec, seed)
    annotations = corpus.annotate([task.clip for task in tasks])  # a corpus that cannot be drawn says so
    record = make_record(tasks, lexicon, words, spec, corpus=corpus.name, seed=seed)
    if not is_complete(root, record):
        write_record(root, record, complete=False)
        draw_all(tasks, corpus, spec, seed=seed, num_workers=num_workers, progress=progress)
        for name, text in annotations.items():
            write_atomically(root / name, text)
        from cslrkit.corpora.prepare import prepare_corpus  # imports torch: late, mistakes are told at once

        prepare_corpus(root, corpus)
        write_record(root, record, complete=True)
    from cslrkit.corpora.synthsign.keypoints import write_drawn_keypoints  # imports torch

    write_drawn_keypoints(root, tasks, corpus, spec, seed=seed)
    by_split = {split: [task.clip for task in tasks if task.clip.split == split] for split in SPLITS}
    pairs = (replace(pair, first=words[pair.first], second=words[pair.second]) for pair in lexicon.minimal_pairs)
    return CorpusSummary(
        root=root,
        corpus=corpus.name,
        frame_dir=frame_dir,
        num_samples={split: len(clips) for split, clips in by_split.items()},
        num_frames={split: sum(clip.num_frames for clip in clips) for split, clips in by_split.items()},
        glosses=tuple(words.values()),
        minimal_pairs=tuple(pairs),
        signers={split: tuple(sorted({clip.signer_name for clip in clips})) for split, clips in by_split.items()},
    )


def plan_corpus(
    root: Path, corpus: Corpus, spec: CorpusSpec, seed: int
) -> Tuple[Lexicon, Dict[str, str], List[DrawingTask]]:
    """Return signs, the words that annotate them, and all that it takes to draw each clip; the same each time."""
    lexicon = make_lexicon(spec, seed)
    signers = make_signers(spec.num_signers, seed)
    words = {gloss: CHINESE[gloss] if corpus.chinese else gloss for gloss in lexicon.signs}
    frames = root / corpus.distributed_frames(spec.frame_size)
    tasks = []
    for number, clip in enumerate(corpus.name_clips(_plan_clips(spec, lexicon, words, seed), seed)):
        rng = stream(seed, 'performance', clip.split, clip.index)
        performance = perform(clip.glosses, lexicon.signs, signer=signers[clip.signer], spec=spec, rng=rng)
        signer = signers[clip.signer]
        clip = replace(clip, number=number, signer_name=signer.name, num_frames=len(performance.poses))
        tasks.append(DrawingTask(clip, performance, signer, frames / corpus.clip_folder(clip)))
    return lexicon, words, tasks


def _sized(spec: CorpusSpec, size: Optional[Tuple[int, int]], corpus: Corpus) -> CorpusSpec:
    margin = corpus.load_frames.get('crop_top', 0)
    if size is None:
        width, height = spec.frame_size
        return replace(spec, frame_size=(width, height + margin))
    width, height = (int(side) for side in size)
    if height < margin + 32:
        raise ConfigError(
            f'make_corpus: size: got {width}x{height}, expected at least {margin + 32} rows: '
            f'readers of this corpus cut the top {margin}.'
        )
    return replace(spec, frame_size=(width, height))


def _plan_clips(spec: CorpusSpec, lexicon: Lexicon, words: Dict[str, str], seed: int) -> List[DrawnClip]:
    sentences = make_sentences(spec, list(lexicon.signs), seed)
    known = spec.num_signers - spec.num_unseen_signers
    clips = []
    for split in SPLITS:
        for index, glosses in enumerate(sentences[split]):
            signer = index % known
            if split == 'test' and spec.num_unseen_signers and index % 2 == 0:
                signer = known + (index // 2) % spec.num_unseen_signers
            clips.append(DrawnClip(split, index, glosses, tuple(words[gloss] for gloss in glosses), signer))
    return clips
