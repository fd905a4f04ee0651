"""The files that WERMetric leaves behind: hypotheses, references, and every sentence's score."""

import json
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any, Dict, Mapping, Optional, Sequence, Tuple

from cslrkit.evaluation.functional.ctm import ctm_entries, dump_ctm
from cslrkit.evaluation.functional.stm import StmEntry, dump_stm
from cslrkit.evaluation.functional.text_files import one_field
from cslrkit.evaluation.functional.wer import SentenceScore
from cslrkit.structures import GlossSpan, merge_neighbors
from cslrkit.utils.files import write_atomically


@dataclass(frozen=True)
class ScoredClip:
    """What scoring needs of one sample; small, for processes send it to each other.

    Args:
        sample_id: Which sample.
        signer: Who signs.
        ref: Glosses of the reference.
        spans: Glosses of the hypothesis.
        words: The same cleaned, without those that cleaning drops: spans whose ``gloss`` is a word.
        score: Log-probability of the hypothesis.
        auxiliary: Glosses of the output that it is compared with; None if there is none.
        num_frames: Frames of the source, if known.
        frame_rate: Frames per second of the source, if known.
    """

    sample_id: str
    signer: str
    ref: Tuple[str, ...]
    spans: Tuple[GlossSpan, ...] = ()
    words: Tuple[GlossSpan, ...] = ()
    score: Optional[float] = None
    auxiliary: Optional[Tuple[str, ...]] = None
    num_frames: Optional[int] = None
    frame_rate: Optional[float] = None


def write_files(
    folder: Path,
    split: str,
    *,
    clips: Sequence[ScoredClip],
    references: Mapping[str, Sequence[str]],
    scores: Mapping[str, SentenceScore],
    head: Mapping[str, Any],
) -> None:
    """Write ``{split}.ctm``, ``{split}.stm`` and ``{split}.json`` for one output.

    The first two are what sclite takes, sorted by sample as it wants them. Times in the CTM are
    seconds if the frame rate of every clip is known; otherwise they are frame numbers, and its
    first line says so. A word that stands for an empty hypothesis has no time and is put at 0.

    Args:
        folder: Where to.
        split: Names the files.
        clips: What the metric gathered.
        references: Reference words by sample.
        scores: Scores by sample.
        head: How they were computed, and the corpus figures: what the JSON file begins with.

    Raises:
        OutputError: If a file cannot be written.
    """
    clips = sorted(clips, key=attrgetter('sample_id'))
    in_seconds = all(clip.frame_rate is not None for clip in clips)
    unit = 'seconds' if in_seconds else 'frames (the frame rate is not known)'
    entries = [entry for clip in clips for entry in ctm_entries(clip.sample_id, clip.words, in_seconds=in_seconds)]
    dump_ctm(folder / f'{split}.ctm', entries, comment=f'start and duration in {unit}')
    dump_stm(
        folder / f'{split}.stm',
        [
            StmEntry(
                one_field(clip.sample_id), ' '.join(references[clip.sample_id]), one_field(clip.signer) or 'unknown'
            )
            for clip in clips
        ],
    )
    # A line a sentence, so that the file can be read and compared.
    opening = json.dumps(dict(head), ensure_ascii=False, indent=1)[:-2]
    sentences = (json.dumps(_sentence(clip, scores[clip.sample_id]), ensure_ascii=False) for clip in clips)
    lines = ',\n  '.join(sentences)
    write_atomically(folder / f'{split}.json', f'{opening},\n "sentences": [\n  {lines}\n ]\n}}\n')


def _sentence(clip: ScoredClip, score: SentenceScore) -> Dict[str, Any]:
    counts = score.counts
    merged = merge_neighbors(clip.words, key=attrgetter('gloss'))
    # A scorer may keep repeats; and a word stands for the empty hypothesis, which has no span.
    scored = merged if len(merged) == len(score.hyp) else clip.words
    known = scored and all(span.confidence is not None for span in scored)
    return {
        'sample_id': clip.sample_id,
        'signer': clip.signer,
        'ref': clip.ref,
        'hyp': [span.gloss for span in clip.spans],
        'scored_ref': score.ref,
        'scored_hyp': score.hyp,
        'edits': ''.join(edit.op for edit in score.edits),
        'errors': counts.errors,
        'words': counts.ref_words,
        'sub': counts.substitutions,
        'del': counts.deletions,
        'ins': counts.insertions,
        'score': clip.score,
        'frame_spans': [span.frames for span in clip.spans],
        'scored_spans': [span.frames for span in scored] or None,
        'scored_confidence': [round(span.confidence, 4) for span in scored] if known else None,
        'num_frames': clip.num_frames,
        'frame_rate': clip.frame_rate,
        'seconds': None if clip.frame_rate is None else [span.times for span in clip.spans],
        **({'hyp_auxiliary': clip.auxiliary} if clip.auxiliary is not None else {}),
    }
