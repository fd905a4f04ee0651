"""The files that WERMetric leaves behind: hypotheses, references, and every sentence's score."""

import json
from itertools import groupby
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence

from cslrkit.evaluation.functional.ctm import CtmEntry, dump_ctm
from cslrkit.evaluation.functional.stm import StmEntry, dump_stm
from cslrkit.evaluation.functional.text_files import write_text
from cslrkit.evaluation.functional.wer import EMPTY, SentenceScore

Record = Dict[str, Any]


def write_files(
    folder: Path,
    split: str,
    *,
    records: Sequence[Record],
    references: Mapping[str, Sequence[str]],
    scores: Mapping[str, SentenceScore],
    metrics: Mapping[str, float],
    settings: Mapping[str, Any],
) -> None:
    """Write ``{split}.ctm``, ``{split}.stm`` and ``{split}.json`` for one output.

    The first two are what sclite takes, sorted by sample as it wants them. Times in the CTM are
    seconds if the frame rate of every clip is known; otherwise they are frame numbers, and its
    first line says so. A word that stands for an empty hypothesis has no time and is put at 0.

    Args:
        folder: Where to.
        split: Names the files.
        records: What the metric gathered; ``words`` are pairs of a scored word and the index of
            its gloss.
        references: Reference words by sample.
        scores: Scores by sample.
        metrics: Corpus figures.
        settings: How they were computed.

    Raises:
        OutputError: If a file cannot be written.
    """
    records = sorted(records, key=lambda record: record['sample_id'])
    in_seconds = all(record['frame_rate'] is not None for record in records)
    unit = 'seconds' if in_seconds else 'frames (the frame rate is not known)'
    entries = [entry for record in records for entry in _ctm_entries(record, in_seconds)]
    dump_ctm(folder / f'{split}.ctm', entries, comment=f'start and duration in {unit}')
    dump_stm(
        folder / f'{split}.stm',
        [
            StmEntry(
                _one_field(r['sample_id']), ' '.join(references[r['sample_id']]), _one_field(r['signer']) or 'unknown'
            )
            for r in records
        ],
    )
    # A line a sentence, so that the file can be read and compared.
    head = json.dumps({**settings, 'metrics': dict(metrics)}, ensure_ascii=False, indent=1)[:-2]
    sentences = (json.dumps(_sentence(r, scores[r['sample_id']]), ensure_ascii=False) for r in records)
    lines = ',\n  '.join(sentences)
    write_text(folder / f'{split}.json', f'{head},\n "sentences": [\n  {lines}\n ]\n}}\n')


def _ctm_entries(record: Record, in_seconds: bool) -> List[CtmEntry]:
    sample_id = _one_field(record['sample_id'])
    if not record['words']:
        return [CtmEntry(sample_id, 0, 0, EMPTY)]
    entries = []
    for word, index in record['words']:
        start, end = record['frame_spans'][index]
        if in_seconds:
            rate = record['frame_rate']
            start, end = round(start / rate, 3), round(end / rate, 3)
            entries.append(CtmEntry(sample_id, start, round(end - start, 3), word))
        else:
            entries.append(CtmEntry(sample_id, start, end - start, word))
    return entries


def _one_field(text: str) -> str:
    """Fields of both formats end at a space."""
    return '_'.join(text.split())


def _sentence(record: Record, score: SentenceScore) -> Dict[str, Any]:
    rate, counts = record['frame_rate'], score.counts
    return {
        'sample_id': record['sample_id'],
        'signer': record['signer'],
        'ref': record['ref'],
        'hyp': record['hyp'],
        'scored_ref': score.ref,
        'scored_hyp': score.hyp,
        'edits': ''.join(edit.op for edit in score.edits),
        'errors': counts.errors,
        'words': counts.ref_words,
        'sub': counts.substitutions,
        'del': counts.deletions,
        'ins': counts.insertions,
        'score': record['score'],
        'frame_spans': record['frame_spans'],
        **_spans_and_confidences(record, score),
        'num_frames': record['num_frames'],
        'frame_rate': rate,
        'seconds': None if rate is None else [[start / rate, end / rate] for start, end in record['frame_spans']],
        **({'hyp_auxiliary': record['hyp_auxiliary']} if record['hyp_auxiliary'] is not None else {}),
    }


def _spans_and_confidences(record: Record, score: SentenceScore) -> Dict[str, Optional[List[Any]]]:
    """Of each word of ``score.hyp``, start and end in frames and confidence; None where there are none."""
    words, spans, sure = record['words'], record['frame_spans'], record['confidences']
    if not words:  # a word stands for the empty hypothesis
        return {'scored_spans': None, 'scored_confidence': None}
    merged = [[index for _, index in run] for _, run in groupby(words, key=lambda pair: pair[0])]
    if len(merged) != len(score.hyp):  # this scorer keeps repeats
        merged = [[index] for _, index in words]
    return {
        'scored_spans': [[spans[run[0]][0], spans[run[-1]][1]] for run in merged],
        'scored_confidence': [max(sure[index] for index in run) for run in merged] if sure else None,
    }
