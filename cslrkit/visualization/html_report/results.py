"""Read the JSON file that an evaluation, or ``tools/score.py --json``, leaves behind."""

import json
import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple, Union

from cslrkit.errors import DataError, DataNotFoundError
from cslrkit.evaluation.functional.alignment import edits_of_steps
from cslrkit.evaluation.functional.wer import SentenceScore, WordCounts
from cslrkit.evaluation.report import ScoredCorpus, ScoredSentence
from cslrkit.utils.messages import listed

_EXPECTED = 'Give the dev.json or test.json that tools/test.py wrote, or the file of tools/score.py --json'


@dataclass(frozen=True)
class ClipTimes:
    """When the words of one hypothesis were signed.

    Args:
        spans: First frame and frame after the last, for each scored word; None where they are not known.
        num_frames: Frames of the clip, None where not known.
        frame_rate: Frames per second, None where not known.
        confidence: Of each scored word, 0 to 1; None where there is none.
    """

    spans: Optional[List[Tuple[float, float]]] = None
    num_frames: Optional[int] = None
    frame_rate: Optional[float] = None
    confidence: Optional[List[float]] = None


@dataclass(frozen=True)
class Results:
    """What one run said of one split.

    Args:
        name: For headings.
        path: The file it was read from.
        corpus: Scores of all sentences, from the file: nothing is aligned anew.
        times: Of each sentence, by sample.
        metrics: Figures of the file, in percent where they are rates.
    """

    name: str
    path: Path
    corpus: ScoredCorpus
    times: Dict[str, ClipTimes]
    metrics: Dict[str, float]


def load_results(path: Union[str, Path], *, name: Optional[str] = None) -> Results:
    """Read a results file.

    Args:
        path: ``{split}.json`` of ``WERMetric``, or the JSON file of ``tools/score.py``.
        name: Of the run; by default the folder and the file.

    Raises:
        DataNotFoundError: If there is no such file.
        DataError: If it is no results file, is damaged, or holds no sentence.
    """
    path = Path(path)
    content = _read(path)
    if not isinstance(content, dict) or not isinstance(content.get('sentences'), list):
        keys = listed(content) if isinstance(content, dict) else f'a {type(content).__name__}'
        raise DataError(f"'{path}': got {keys or 'an empty object'}, expected results with 'sentences'. {_EXPECTED}.")
    if not content['sentences']:
        raise DataError(f"'{path}' holds no sentence. Was the split empty? Evaluate again.")
    sentences, times = [], {}
    for number, entry in enumerate(content['sentences'], start=1):
        fields = _Fields(entry, f"'{path}': sentence {number}")
        sentence = _sentence(fields)
        sentences.append(sentence)
        times[sentence.sample_id] = _times(fields, len(sentence.score.hyp))
    repeated = [sample for sample, count in Counter(s.sample_id for s in sentences).items() if count > 1]
    if repeated:
        raise DataError(f"'{path}': {len(repeated)} samples come twice: {listed(repeated, 5)}. Evaluate again.")
    settings = content['settings'] if isinstance(content.get('settings'), dict) else content
    known = {key: settings[key] for key in ('split', 'mode', 'normalizer', 'stm', 'ref') if settings.get(key)}
    notes = [note for note in content.get('notes') or [] if isinstance(note, str)]
    corpus = ScoredCorpus(sentences, {'hyp': str(path), **known}, notes)
    if not corpus.total.ref_words:
        raise DataError(f"'{path}': its {len(sentences)} references hold no word, so there is no error rate.")
    metrics = content['metrics'] if isinstance(content.get('metrics'), dict) else {}
    return Results(name or f'{path.resolve().parent.name}/{path.stem}', path, corpus, times, metrics)


def _read(path: Path) -> Any:
    if path.is_dir():
        found = sorted(file.name for file in path.glob('*.json'))
        raise DataError(f"'{path}' is a folder, expected a file. It holds {listed(found) or 'no .json'}. {_EXPECTED}.")
    if not path.exists():
        raise DataNotFoundError(f"'{path}' does not exist. {_EXPECTED}.")
    try:
        return json.loads(path.read_text(encoding='utf-8-sig'))
    except OSError as error:
        raise DataError(f"'{path}' cannot be read ({error.strerror or error}).") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"'{path}' is not a JSON file ({error}). {_EXPECTED}.") from error


class _Fields:
    """The fields of one sentence; what is of another type is an error that says where."""

    def __init__(self, entry: Any, where: str) -> None:
        self.entry, self.where = entry, where
        if not isinstance(entry, dict):
            raise DataError(f'{where}: got {entry!r:.60}, expected an object with sample_id. {_EXPECTED}.')

    def text(self, key: str) -> str:
        value = self.entry.get(key)
        return value if isinstance(value, str) else self.refuse(key, 'a string')

    def count(self, *keys: str) -> int:
        key = next((key for key in keys if key in self.entry), keys[0])
        value = self.entry.get(key)
        right = isinstance(value, int) and not isinstance(value, bool) and value >= 0
        return value if right else self.refuse(key, 'a count')

    def words(self, key: str) -> List[str]:
        value = self.entry.get(key)
        right = isinstance(value, list) and all(isinstance(word, str) for word in value)
        return value if right else self.refuse(key, 'a list of glosses')

    def number(self, key: str) -> Optional[float]:
        value = self.entry.get(key)
        return value if value is None or _is_number(value) else self.refuse(key, 'a number or null')

    def refuse(self, key: str, expected: str) -> Any:
        got = f'{self.entry[key]!r:.80}' if key in self.entry else 'nothing'
        raise DataError(f"{self.where}: '{key}': got {got}, expected {expected}. {_EXPECTED}.")


def _sentence(fields: _Fields) -> ScoredSentence:
    evaluated = 'scored_ref' in fields.entry  # otherwise written by tools/score.py
    prefix = 'scored_' if evaluated else ''
    ref, hyp = fields.words(f'{prefix}ref'), fields.words(f'{prefix}hyp')
    if evaluated:
        ops, key, missing = fields.text('edits'), 'edits', fields.entry.get('score') is None
    else:
        key, missing = 'alignment', fields.entry.get('missing') is True
        steps = fields.entry.get(key)
        if not isinstance(steps, list) or not all(isinstance(s, list) and s and isinstance(s[0], str) for s in steps):
            fields.refuse(key, 'a list of steps')
        ops = ''.join(step[0] for step in steps)
    counted = Counter(ops)
    both = counted['C'] + counted['S']
    if set(counted) - set('CSDI') or (both + counted['D'], both + counted['I']) != (len(ref), len(hyp)):
        fields.refuse(key, f'steps C, S, D and I over {len(ref)} reference and {len(hyp)} hypothesis words')
    counts = WordCounts(
        substitutions=counted['S'],
        deletions=counted['D'],
        insertions=counted['I'],
        errors=fields.count('errors'),
        ref_words=fields.count('words', 'num_words'),
        hyp_words=len(hyp),
    )
    score = SentenceScore(counts, edits_of_steps(ops), ref, hyp)
    return ScoredSentence(fields.text('sample_id'), fields.text('signer'), score, missing=missing)


def _times(fields: _Fields, length: int) -> ClipTimes:
    entry = fields.entry
    spans = entry.get('scored_spans')
    if spans is None and entry.get('hyp') == entry.get('scored_hyp'):
        spans = entry.get('frame_spans')  # files of earlier versions
    if spans is not None:
        ordered = isinstance(spans, list) and all(
            isinstance(s, list) and len(s) == 2 and all(map(_is_number, s)) and 0 <= s[0] <= s[1] for s in spans
        )
        if not ordered or len(spans) != length:
            fields.refuse('scored_spans' if 'scored_spans' in entry else 'frame_spans', f'{length} pairs of frames')
        spans = [(start, end) for start, end in spans]
    rate, frames = fields.number('frame_rate'), fields.number('num_frames')
    if rate is None and spans:
        rate = _rate_of(entry, spans)
    return ClipTimes(spans, frames, rate if rate and rate > 0 else None, _confidence(fields, length))


def _rate_of(entry: Mapping[str, Any], spans: Sequence[Tuple[float, float]]) -> Optional[float]:
    """Earlier files give seconds instead of the rate."""
    seconds = entry.get('seconds')
    if not isinstance(seconds, list) or len(seconds) != len(spans):
        return None
    last = seconds[-1]
    right = isinstance(last, list) and len(last) == 2 and _is_number(last[1]) and last[1] > 0
    return round(spans[-1][1] / last[1], 3) if right else None


def _confidence(fields: _Fields, length: int) -> Optional[List[float]]:
    values = fields.entry.get('scored_confidence')
    if values is None:
        return None
    right = isinstance(values, list) and len(values) == length and all(_is_number(v) and 0 <= v <= 1 for v in values)
    return values if right else fields.refuse('scored_confidence', f'{length} numbers from 0 to 1')


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
