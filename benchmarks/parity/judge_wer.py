"""Judge of recorded scoring: clean-up, the published scorer's counts and report, and sclite's.

Form: a list of cases with ``ids``, ``references``, raw ``hypotheses`` and ``conv_hypotheses``, and
what the published tool chain and sclite made of them.
"""

from typing import Any, Dict, Iterator, List, Sequence

from benchmarks.parity.result import CaseResult, Comparison
from benchmarks.parity.sclite import sclite_report
from cslrkit.evaluation.functional.normalizers import Phoenix2014Normalizer
from cslrkit.evaluation.functional.published import OutputCounts, compare_outputs
from cslrkit.evaluation.functional.wer import EMPTY, WordCounts, score_sentence, score_sentences

KIND = 'wer'
WER_TOLERANCE = 1e-9  # of percentages; only the division can round differently


def recognizes(content: Any) -> bool:
    """Whether ``content`` is a recording of this kind."""
    return (
        isinstance(content, list)
        and bool(content)
        and all(isinstance(item, dict) for item in content)
        and any('per_sentence_errors_and_words' in item or 'scored_hypotheses' in item for item in content)
    )


def judge(content: List[Dict[str, Any]]) -> Iterator[CaseResult]:
    """Yield one result per recorded case."""
    for index, recorded in enumerate(content):
        comparison = Comparison(f'{KIND} case {index}')
        with comparison.attempt():
            _judge_case(recorded, comparison)
        yield comparison.result()


def _judge_case(recorded: Dict[str, Any], comparison: Comparison) -> None:
    ids, references = recorded['ids'], recorded['references']
    comparison.equal('number of different ids', len(set(ids)), len(ids))
    for name in ('references', 'hypotheses', 'conv_hypotheses', 'scored_hypotheses', 'per_sentence_errors_and_words'):
        comparison.equal(f'number of {name}', len(recorded[name]), len(ids))
    main = [_clean(words) for words in recorded['hypotheses']]
    auxiliary = [_clean(words) for words in recorded['conv_hypotheses']]
    for sample_id, got, expected in zip(ids, main, recorded['scored_hypotheses']):
        comparison.equal(f'{sample_id}: scored_hypotheses', got or [EMPTY], expected)

    scores = [score_sentence(ref, hyp).counts for ref, hyp in zip(references, main)]
    for sample_id, counts, expected in zip(ids, scores, recorded['per_sentence_errors_and_words']):
        comparison.equal(f'{sample_id}: errors and words', [counts.errors, counts.ref_words], expected)
    total = sum(scores, WordCounts())
    comparison.close('wer_percent', total.wer, recorded['wer_percent'], tolerance=WER_TOLERANCE)
    report = [
        *published_report(count_alone(references, auxiliary)),
        *published_report(count_alone(references, main)),
        *published_report(compare_outputs(references, main, auxiliary)),
    ]
    comparison.equal('number of report lines', len(report), len(recorded['report']))
    for index, (got, expected) in enumerate(zip(report, recorded['report'])):
        comparison.equal(f'report line {index}', got, expected)

    in_sclite = (score_sentence(ref, hyp, mode='sclite').counts for ref, hyp in zip(references, main))
    lines = sclite_report(sum(in_sclite, WordCounts()))
    comparison.equal(
        'Percent Total Error is among the lines of sclite', 'Percent Total Error' in recorded['sclite'], True
    )
    for name, expected in recorded['sclite'].items():
        comparison.equal(f'sclite: {name}', [lines.get(name)], expected)


def _clean(words: Sequence[str]) -> List[str]:
    cleaned = map(Phoenix2014Normalizer().hypothesis_word, words)
    return [word for word in cleaned if word]


def count_alone(references: Sequence[Sequence[str]], outputs: Sequence[Sequence[str]]) -> OutputCounts:
    """Return the counts of one output, as the published scorer has them when there is no other."""
    total = sum((score.counts for score in score_sentences(references, outputs)), WordCounts())
    return OutputCounts(total.errors, 0, 0, 0, total.ref_words)


def published_report(counts: OutputCounts) -> List[str]:
    """Return the four lines that the published scorer prints, to the letter; for one output, the others are 0."""
    return [
        f'WER_primary: {counts.primary / counts.words: 2.2%}',
        f'WER_auxiliary: {counts.auxiliary / counts.words: 2.2%}',
        f'WAR: {counts.primary_only_right / counts.words: 2.2%}',
        f'WDR: {counts.auxiliary_only_right / counts.words: 2.2%}',
    ]
