"""Word error rate of the hypotheses that a recognizer leaves in its data samples."""

from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence, Union

from mmengine import dist
from mmengine.evaluator import BaseMetric
from mmengine.structures import BaseDataElement

from cslrkit.errors import ConfigError, DataError
from cslrkit.evaluation.functional.published import OutputCounts, compare_sentences
from cslrkit.evaluation.functional.stm import load_stm
from cslrkit.evaluation.functional.wer import MODES, SentenceScore, WordCounts, score_sentences
from cslrkit.evaluation.metrics.wer_files import Record, write_files
from cslrkit.registry import METRICS, NORMALIZERS
from cslrkit.utils.messages import listed

MISSING_RULES = ('error', 'empty')


@METRICS.register_module()
class WERMetric(BaseMetric):
    """Corpus word error rate with substitutions, deletions and insertions.

    Every sample counts once: what a distributed sampler repeats to fill its last batch is dropped
    by ``sample_id``. Words of the reference that the vocabulary lacks count as errors.

    Source: ``evaluation/slr_eval`` of VIPL-SLP/VAC_CSLR, which SlowFastSign 37d1b6c carries. It
    reports 100% where scoring fails, and writes made-up times; here a failure is an error, and
    times come from the hypotheses' spans.

    Args:
        mode: ``'python'``, the published Python scorer, or ``'sclite'``, the same counts as
            NIST's program.
        normalizer: Name of a ``NORMALIZERS`` class: ``'none'``, ``'phoenix2014'``, or your own.
        stm: File with the references, taken as they are; ``{split}`` in it is replaced. By
            default, the data samples' glosses are the references, after normalization.
        missing: What to do about sentences of ``stm`` that the dataset does not hold: ``'error'``, or
            ``'empty'``, which scores each as an empty hypothesis (``[EMPTY]``) and reports how many
            (``num_missing``). The published code does the latter; its numbers of CSL and CSL-Daily,
            whose last sentence it never reads (``drop_last_entry=True``), need it.
        merge_repeats: Whether repeated neighbours of a hypothesis are merged; by default as
            published, in mode ``'python'`` and not in ``'sclite'``.
        primary: Name of the logits whose hypotheses are the result.
        auxiliary: Name of a second output that is scored and compared with the first; None for
            none. The comparison is the published one in either mode.
        out_dir: Folder for ``{split}.ctm``, ``{split}.stm`` and ``{split}.json``.
        split: Names the split in file names.
        prefix: Put before the names of the results, with a slash.

    Returns:
        From ``evaluate``, in percent: ``wer``, ``sub``, ``del``, ``ins``; ``num_sentences`` and
        ``num_words``; with an auxiliary output ``wer_conv``, and the share of positions that only
        the main output (``war``) or only the auxiliary output (``wdr``) has right.

    Raises:
        ConfigError: For an unknown mode, normalizer or rule for missing sentences.
        DataError: If hypotheses or references are missing.
    """

    default_prefix = ''  # None would make mmengine warn that the keys have no prefix

    def __init__(
        self,
        mode: str = 'python',
        normalizer: str = 'none',
        *,
        stm: Optional[Union[str, Path]] = None,
        missing: str = 'error',
        merge_repeats: Optional[bool] = None,
        primary: str = 'seq/main',
        auxiliary: Optional[str] = 'conv/main',
        out_dir: Optional[Union[str, Path]] = None,
        split: str = 'dev',
        prefix: Optional[str] = None,
    ) -> None:
        super().__init__(prefix=prefix)
        if mode not in MODES:
            raise ConfigError(f'got {mode!r}, expected one of {MODES}.', path='mode')
        if missing not in MISSING_RULES:
            raise ConfigError(f'got {missing!r}, expected one of {MISSING_RULES}.', path='missing')
        if missing == 'empty' and stm is None:
            raise ConfigError(
                "'empty' needs stm, whose sentences can be missing. Set stm or leave it out.", path='missing'
            )
        self.mode = mode
        self.missing = missing
        self.normalizer_name = normalizer
        self.normalizer = NORMALIZERS.build(dict(type=normalizer))
        self.merge_repeats = merge_repeats
        self.primary = primary
        self.auxiliary = auxiliary
        self.out_dir = None if out_dir is None else Path(out_dir)
        self.split = split
        self.stm = None if stm is None else str(stm).replace('{split}', split)
        # Read at once: a wrong path must not cost an epoch of training.
        self._stm_entries = None if stm is None else {entry.sample_id: entry for entry in load_stm(self.stm)}
        self._num_samples: Optional[int] = None

    def process(self, data_batch: Any, data_samples: Sequence[Union[Mapping, BaseDataElement]]) -> None:
        """Take what scoring needs from a batch, one plain record a sample."""
        for sample in data_samples:
            fields = sample.to_dict() if isinstance(sample, BaseDataElement) else sample
            self.results.append(self._record(fields))

    def evaluate(self, size: int) -> dict:
        """Gather the records of all processes and score them.

        All records are gathered, whatever their order: mmengine's own gathering cuts the list at
        ``size`` and so relies on each batch coming back in the order of the sampler.

        Args:
            size: Number of samples of the dataset.
        """
        self._num_samples = size
        gathered = [record for part in dist.all_gather_object(self.results) for record in part]
        self.results.clear()
        outcome = [self.compute_metrics(gathered) if dist.is_main_process() else None]
        dist.broadcast_object_list(outcome)
        return {f'{self.prefix}/{key}' if self.prefix else key: value for key, value in outcome[0].items()}

    def compute_metrics(self, results: List[Record]) -> Dict[str, float]:
        """Score the records of the whole split."""
        records = self._distinct(results)
        self._check_complete(records)
        absent = self._absent(records)
        records = records + absent
        references = self._references(records)
        ids = [record['sample_id'] for record in records]
        words = [[word for word, _ in record['words']] for record in records]
        main = dict(zip(ids, self._score([references[sample_id] for sample_id in ids], words)))
        total = sum((score.counts for score in main.values()), WordCounts())
        if not total.ref_words:
            raise DataError(f'{self._where}: the references of {len(records)} samples hold no word at all.')
        metrics = {
            'wer': total.wer,
            'sub': total.percent(total.substitutions),
            'del': total.percent(total.deletions),
            'ins': total.percent(total.insertions),
            'num_sentences': len(records),
            'num_words': total.ref_words,
            **({'num_missing': len(absent)} if self.missing == 'empty' else {}),
        }
        if self.auxiliary is not None:
            metrics.update(self._compare(records, references))
        if self.out_dir is not None:
            settings = {
                'split': self.split,
                'mode': self.mode,
                'normalizer': self.normalizer_name,
                'stm': self.stm,
                'missing': self.missing,
            }
            write_files(
                self.out_dir,
                self.split,
                records=records,
                references=references,
                scores=main,
                metrics=metrics,
                settings=settings,
            )
        return metrics

    @property
    def _where(self) -> str:
        return f'WERMetric ({self.split})'

    def _record(self, fields: Mapping[str, Any]) -> Record:
        hyps = fields['hyps']
        hyp, other = hyps.get(self.primary), hyps.get(self.auxiliary)
        glosses = [] if hyp is None else list(hyp.glosses)
        if hyp is not None and not len(hyp.gloss_ids) == len(glosses) == len(hyp.frame_spans):
            raise DataError(
                f"{self._where}: sample '{fields['sample_id']}': the hypothesis of '{self.primary}' has "
                f'{len(hyp.gloss_ids)} ids, {len(glosses)} glosses and {len(hyp.frame_spans)} spans, expected as many '
                'of each. Call Hypothesis.resolve() before it is scored.'
            )
        cleaned = [(self.normalizer.hypothesis_word(gloss), index) for index, gloss in enumerate(glosses)]
        rate, frames = fields.get('frame_rate'), fields.get('frame_indices', ())
        return {
            'sample_id': str(fields['sample_id']),
            'signer': str(fields.get('signer', '')),
            'outputs': sorted(hyps),
            'ref': list(fields.get('glosses', ())),
            'hyp': glosses,
            'words': [(word, index) for word, index in cleaned if word],
            'score': None if hyp is None else float(hyp.score),
            'frame_spans': [] if hyp is None else [[int(start), int(end)] for start, end in hyp.frame_spans],
            'confidences': [] if hyp is None else [round(value, 4) for value in hyp.confidences],
            'num_frames': None if not len(frames) else int(max(frames)) + 1,
            'frame_rate': None if rate is None else float(rate),
            'hyp_auxiliary': None if other is None else list(other.glosses),
        }

    def _distinct(self, results: List[Record]) -> List[Record]:
        records = list({record['sample_id']: record for record in reversed(results)}.values())[::-1]
        if not records:
            raise DataError(f'{self._where}: no sample was evaluated. Is the split empty?')
        if self._num_samples is not None and len(records) != self._num_samples:
            raise DataError(
                f'{self._where}: got {len(records)} different sample ids from {len(results)} records, expected one '
                f'for each of the {self._num_samples} samples of the dataset. Are its sample ids unique?'
            )
        return records

    def _check_complete(self, records: List[Record]) -> None:
        for name in filter(None, (self.primary, self.auxiliary)):
            missing = [record for record in records if name not in record['outputs']]
            if missing:
                raise DataError(
                    f"{self._where}: {len(missing)} of {len(records)} samples have no hypothesis of '{name}': "
                    f'{listed(record["sample_id"] for record in missing)}. They have {missing[0]["outputs"]}; set '
                    'primary and auxiliary of the metric to what the recognizer decodes.'
                )
        if self._stm_entries is not None:
            ids = {record['sample_id'] for record in records}
            without_hyp = sorted(set(self._stm_entries) - ids)
            without_ref = sorted(ids - set(self._stm_entries))
            if self.missing == 'empty' and not without_ref:
                return
            if without_hyp or without_ref:
                raise DataError(
                    f"{self._where}: '{self.stm}' has {len(self._stm_entries)} sentences; no hypothesis for "
                    f'{len(without_hyp)} of them ({listed(without_hyp)}), and no sentence for {len(without_ref)} '
                    f'samples ({listed(without_ref)}). Give the STM file of this split, or leave stm out to score '
                    "against the glosses of the dataset. missing='empty' counts sentences without a hypothesis as "
                    'empty ones, as published.'
                )

    def _absent(self, records: List[Record]) -> List[Record]:
        """Records with empty hypotheses for the sentences of the STM file that the dataset does not hold."""
        if self.missing != 'empty':
            return []
        ids = {record['sample_id'] for record in records}
        return [
            {
                'sample_id': entry.sample_id,
                'signer': entry.signer,
                'outputs': [],
                'ref': list(entry.words),
                'hyp': [],
                'words': [],
                'score': None,
                'frame_spans': [],
                'confidences': [],
                'num_frames': None,
                'frame_rate': records[0]['frame_rate'],
                'hyp_auxiliary': None if self.auxiliary is None else [],
            }
            for entry in self._stm_entries.values()
            if entry.sample_id not in ids
        ]

    def _references(self, records: List[Record]) -> Dict[str, List[str]]:
        if self._stm_entries is not None:
            return {record['sample_id']: list(self._stm_entries[record['sample_id']].words) for record in records}
        return {r['sample_id']: self.normalizer.reference(r['ref'], split=self.split) for r in records}

    def _score(self, refs: Sequence[Sequence[str]], hyps: Sequence[Sequence[str]]) -> List[SentenceScore]:
        return score_sentences(refs, hyps, mode=self.mode, merge=self.merge_repeats)

    def _compare(self, records: List[Record], references: Mapping[str, Sequence[str]]) -> Dict[str, float]:
        """Figures of the auxiliary output, and of what either output has over the other."""
        refs = [references[record['sample_id']] for record in records]
        cleaned = [map(self.normalizer.hypothesis_word, record['hyp_auxiliary']) for record in records]
        auxiliaries = [[word for word in words if word] for words in cleaned]
        primaries = [[word for word, _ in record['words']] for record in records]
        alone = sum((score.counts for score in self._score(refs, auxiliaries)), WordCounts())
        both = sum(compare_sentences(refs, primaries, auxiliaries), OutputCounts())
        return {
            'wer_conv': alone.wer,
            'war': both.primary_only_right / both.words * 100,
            'wdr': both.auxiliary_only_right / both.words * 100,
        }
