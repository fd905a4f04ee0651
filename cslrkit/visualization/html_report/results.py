"""Read the JSON file that an evaluation, or ``tools/score.py --json``, leaves behind."""

import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple, Union

from cslrkit.errors import DataError, DataNotFoundError
from cslrkit.evaluation.functional.alignment import edits_of_steps
from cslrkit.evaluation.functional.wer import MODES, SentenceScore, count_edits, lower_ascii
from cslrkit.evaluation.report import ScoredCorpus, ScoredSentence
from cslrkit.utils.messages import listed
from cslrkit.utils.plain_json import parse_json

_EXPECTED = 'Give the dev.json or test.json that tools/test.py wrote, or the file of tools/score.py --json'


@dataclass(frozen=True)
class Results:
    """What one run said of one split.

    Args:
        name: For headings.
        path: The file it was read from.
        corpus: Scores of all sentences, from the file: nothing is aligned anew.
        times: When the words of each hypothesis were signed, by sample: ``spans``, first frame and frame after
            the last of each scored word; its ``confidence``, 0 to 1; ``frames`` and frame ``rate`` of the clip.
            None where not known.
        metrics: Figures of the file, in percent where they are rates.
    """

    name: str
    path: Path
    corpus: ScoredCorpus
    times: Dict[str, Dict[str, Any]]
    metrics: Dict[str, float]

    @property
    def seconds(self) -> Dict[str, List[Tuple[float, float]]]:
        """Start and end of each scored word in seconds, by sample; without samples of which they are not known."""
        return {
            sample_id: [(first / times['rate'], last / times['rate']) for first, last in times['spans']]
            for sample_id, times in self.times.items()
            if times['spans'] is not None and times['rate']
        }

    @property
    def confidences(self) -> Dict[str, List[float]]:
        """Confidence of each scored word, by sample; without samples of which it is not known."""
        return {
            sample_id: times['confidence'] for sample_id, times in self.times.items() if times['confidence'] is not None
        }


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
        where = f"'{path}': sentence {number}"
        if not isinstance(entry, dict):
            raise DataError(f'{where}: got {entry!r:.60}, expected an object with sample_id. {_EXPECTED}.')
        sentence = _sentence(entry, where)
        sentences.append(sentence)
        times[sentence.sample_id] = _times(entry, where, len(sentence.score.hyp))
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
        return parse_json(path.read_text(encoding='utf-8-sig'))
    except OSError as error:
        raise DataError(f"'{path}' cannot be read ({error.strerror or error}).") from error
    except ValueError as error:
        raise DataError(f"'{path}' is not a JSON file ({error}). {_EXPECTED}.") from error


_Kind = Tuple[Callable[[Any], bool], str]  # whether a value is one, and what it is called


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _list_of(right: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(map(right, value))


_TEXT: _Kind = (lambda value: isinstance(value, str), 'a string')
_WORDS: _Kind = (_list_of(_TEXT[0]), 'a list of glosses')
_COUNT: _Kind = (lambda value: type(value) is int and value >= 0, 'a count')
_NUMBER: _Kind = (lambda value: value is None or _is_number(value), 'a number or null')
_STEPS: _Kind = (_list_of(lambda step: isinstance(step, list) and len(step) > 0 and _TEXT[0](step[0])), 'steps')


def _take(entry: Mapping[str, Any], where: str, key: str, kind: _Kind) -> Any:
    """The value of a key, which is of a kind."""
    is_right, expected = kind
    value = entry.get(key)
    if not is_right(value):
        got = f'{value!r:.80}' if key in entry else 'nothing'
        raise DataError(f"{where}: '{key}': got {got}, expected {expected}. {_EXPECTED}.")
    return value


def _sentence(entry: Mapping[str, Any], where: str) -> ScoredSentence:
    evaluated = 'scored_ref' in entry  # otherwise written by tools/score.py
    ref, hyp = (_take(entry, where, f'scored_{side}' if evaluated else side, _WORDS) for side in ('ref', 'hyp'))
    if evaluated:
        key, ops = 'edits', _take(entry, where, 'edits', _TEXT)
    else:
        key, ops = 'alignment', ''.join(step[0] for step in _take(entry, where, 'alignment', _STEPS))
    counted = Counter(ops)
    both = counted['C'] + counted['S']
    fits = set(counted) <= set('CSDI') and (both + counted['D'], both + counted['I']) == (len(ref), len(hyp))
    expected = f'steps C, S, D and I over {len(ref)} reference and {len(hyp)} hypothesis words'
    _take(entry, where, key, (lambda value: fits, expected))
    errors = _take(entry, where, 'errors', _COUNT)
    words = _take(entry, where, 'words' if 'words' in entry else 'num_words', _COUNT)
    edits = edits_of_steps(ops)
    pairs = [(edit.op, ref[edit.ref], hyp[edit.hyp]) for edit in edits if edit.op in 'CS']
    told = all(lower_ascii(a) == lower_ascii(b) if op == 'C' else a != b for op, a, b in pairs)
    recounted = [count_edits(ref, hyp, edits, mode) for mode in MODES]
    counts = next((each for each in recounted if told and (each.errors, each.ref_words) == (errors, words)), None)
    if counts is None:
        raise DataError(
            f'{where}: got {errors} errors in {words} words, expected those of its words and {key}, '
            f'{recounted[0].errors} in {recounted[0].ref_words}. The file was changed: evaluate again.'
        )
    missing = entry.get('score') is None if evaluated else entry.get('missing') is True
    sample_id, signer = (_take(entry, where, key, _TEXT) for key in ('sample_id', 'signer'))
    return ScoredSentence(sample_id, signer, SentenceScore(counts, edits, ref, hyp), missing=missing)


def _times(entry: Mapping[str, Any], where: str, length: int) -> Dict[str, Any]:
    def each(right: Callable[[Any], bool], expected: str) -> _Kind:
        return lambda value: value is None or (_list_of(right)(value) and len(value) == length), expected

    is_span = _list_of(_is_number)
    spans = each(lambda s: is_span(s) and len(s) == 2 and 0 <= s[0] <= s[1], f'{length} pairs of frames')
    shares = each(lambda value: _is_number(value) and 0 <= value <= 1, f'{length} numbers from 0 to 1')
    rate = _take(entry, where, 'frame_rate', _NUMBER)
    return {
        'spans': _take(entry, where, 'scored_spans', spans),
        'frames': _take(entry, where, 'num_frames', _NUMBER),
        'rate': rate if rate and rate > 0 else None,
        'confidence': _take(entry, where, 'scored_confidence', shares),
    }
