"""The contract of a dataset."""

import pickle
from typing import Any, Dict, Optional, Sequence, Union

from cslrkit.registry import DATASETS
from cslrkit.structures import GlossVocab
from cslrkit.testing.contracts.findings import Findings
from cslrkit.testing.contracts.modules import Subject

CLAUSES = ('config', 'vocab', 'ids', 'sample', 'annotation', 'repeatable', 'independent', 'workers')

# What a pipeline is given: key -> the types of its value.
SAMPLE_KEYS = {
    'sample_id': str,
    'split': str,
    'signer': str,
    'original_info': str,
    'glosses': tuple,
    'gloss_ids': list,
    'frame_rate': (float, type(None)),
}


def check_dataset(
    cls: Union[type, str], cfg: Optional[dict] = None, *, num_samples: int = 3, allow: Sequence[str] = ()
) -> None:
    """Check that a class keeps the contract of a dataset; all that is wrong is said at once.

    It gives sample dicts to its pipeline, with the keys that :data:`SAMPLE_KEYS` lists and the frames as
    ``frame_paths`` or ``frames``; has ``vocab``, ``sample_ids`` (each once) and ``references``; and reads a sample
    alike each time, in worker processes too.

    Args:
        cls: The class, or the name of a registered one.
        cfg: Arguments, as a config gives them; ``data_root`` names data that exist, such as what
            ``cslrkit.corpora.synthsign.make_corpus`` draws. ``pipeline`` is left out.
        num_samples: How many samples are read.
        allow: Clauses that the class breaks by intent.

    Raises:
        ContractError: With every finding.
        ConfigError: For a name that is not registered, or an unknown clause in ``allow``.
    """
    subject = Subject(DATASETS, cls, {key: value for key, value in (cfg or {}).items() if key != 'pipeline'})
    findings = Findings(subject.name, CLAUSES, allow)
    dataset = subject.first_build(findings)
    if dataset is not None:
        with findings.trying('ids', 'sample_ids, references'):
            _check_ids(findings, dataset)
        with findings.trying('sample', 'reading samples'):
            for index in range(min(num_samples, len(dataset))):
                _check_sample(findings, dataset, index)
        with findings.trying('workers', 'pickle.dumps', do='Keep no open file, lock or lambda as an attribute.'):
            copy = pickle.loads(pickle.dumps(dataset))
            findings.expect(
                len(copy) == len(dataset) and copy[0]['sample_id'] == dataset[0]['sample_id'],
                'workers',
                'a pickled copy',
                got=f'{len(copy)} samples',
                expected=f'the same {len(dataset)}',
                do='Keep what __getitem__ needs as attributes.',
            )
    findings.close()


def _check_ids(findings: Findings, dataset: Any) -> None:
    ids = list(dataset.sample_ids)
    findings.expect(
        len(ids) == len(dataset) > 0 and len(set(ids)) == len(ids),
        'ids',
        'sample_ids',
        got=f'{len(ids)} ids, {len(set(ids))} different ones',
        expected=f'a different one for each of {len(dataset)} samples, at least one',
        do='Make ids unique: scores are joined by them.',
    )
    references = dataset.references
    findings.expect(
        set(references) == set(ids) and all(isinstance(glosses, tuple) for glosses in references.values()),
        'ids',
        'references',
        got=f'{len(references)} of {sorted({type(value).__name__ for value in references.values()})}',
        expected='a tuple of gloss strings for each of sample_ids',
        do='Return {sample_id: glosses}.',
    )
    findings.expect(
        isinstance(dataset.vocab, GlossVocab),
        'vocab',
        'the attribute vocab',
        got=f'a {type(dataset.vocab).__name__}',
        expected='a GlossVocab',
        do='Read it by GlossVocab.from_file, or make it by GlossVocab.from_list.',
    )


def _check_sample(findings: Findings, dataset: Any, index: int) -> None:
    sample = dataset[index]
    where = f'sample {index}'
    if not findings.expect(
        isinstance(sample, dict),
        'sample',
        where,
        got=f'a {type(sample).__name__}',
        expected='a dict, from an empty pipeline',
        do='Hand a dict to the pipeline.',
    ):
        return
    for key, kind in SAMPLE_KEYS.items():
        findings.expect(
            key in sample and isinstance(sample[key], kind),
            'sample',
            f"{where}: '{key}'",
            got=repr(sample[key]) if key in sample else 'none',
            expected=getattr(kind, '__name__', 'a float or None'),
            do='Add it before the pipeline runs.',
        )
    paths = list(sample.get('frame_paths', ()))
    findings.expect(
        ('frames' in sample and len(sample['frames']) > 0) or (len(paths) > 0 and paths == sorted(paths)),
        'sample',
        f"{where}: 'frame_paths'",
        got=f'{len(paths)} paths' if paths == sorted(paths) else 'paths that are not sorted',
        expected="at least one, sorted by name, or 'frames'",
        do='List the frames of a sample, sorted by name; a sample without frames is an error.',
    )
    _check_annotation(findings, dataset, sample, where)
    _check_reading(findings, dataset, sample, index)


def _check_annotation(findings: Findings, dataset: Any, sample: Dict[str, Any], where: str) -> None:
    if not {'glosses', 'gloss_ids', 'sample_id'} <= set(sample) or not isinstance(dataset.vocab, GlossVocab):
        return
    expected, _ = dataset.vocab.encode(sample['glosses'])
    findings.expect(
        list(sample['gloss_ids']) == expected,
        'annotation',
        f'{where}: gloss_ids',
        got=sample['gloss_ids'],
        expected=f'{expected}, the ids of {sample["glosses"]} in vocab',
        do='Encode glosses by vocab.encode; 0 is the blank.',
    )
    reference = dataset.references.get(sample['sample_id'])
    findings.expect(
        reference == sample['glosses'] and dataset.sample_ids[int(sample.get('sample_idx', 0))] == sample['sample_id'],
        'annotation',
        f'{where}: glosses',
        got=sample['glosses'],
        expected=f'those of references, {reference}, in the order of sample_ids',
        do='Take both from one place.',
    )


def _check_reading(findings: Findings, dataset: Any, sample: Dict[str, Any], index: int) -> None:
    first = _plain(sample)
    findings.expect(
        _plain(dataset[index]) == first and _plain(dataset[index - len(dataset)]) == first,
        'repeatable',
        f'sample {index} read again, by {index} and {index - len(dataset)}',
        got='another sample',
        expected='the same',
        do='Draw nothing outside the pipeline, and count negative indices from the end.',
    )
    for value in sample.values():
        if isinstance(value, list):
            value.append(value[-1] if value else 0)
    sample['sample_id'] = 'changed'
    findings.expect(
        _plain(dataset[index]) == first,
        'independent',
        f'sample {index} after what was read before has been changed',
        got='the change',
        expected='the sample as it was',
        do='Copy dicts and lists before handing them out.',
    )


def _plain(sample: Dict[str, Any]) -> Dict[str, str]:
    return {key: repr(value) for key, value in sample.items() if key != 'frames'}
