"""Word error rate of the hypotheses that a recognizer leaves in its data samples."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple, Union

from mmengine import dist
from mmengine.evaluator import BaseMetric
from mmengine.structures import BaseDataElement

from cslrkit.errors import ConfigError, DataError
from cslrkit.evaluation.functional.protocols import PROTOCOLS
from cslrkit.evaluation.functional.published import compare_outputs
from cslrkit.evaluation.functional.stm import load_stm
from cslrkit.evaluation.functional.wer import MODES, WordCounts, score_sentences
from cslrkit.evaluation.metrics.wer_files import ScoredClip, write_files
from cslrkit.registry import METRICS, NORMALIZERS
from cslrkit.utils.checks import one_of
from cslrkit.utils.messages import listed, plural

MISSING_RULES = ('error', 'empty')
REPORTED_HEADS = ('main', 'best')
ROLES = ('primary', 'auxiliary')
AUTO = 'auto'


def scored_outputs(decoded: Sequence[str], *, primary: str = AUTO, auxiliary: Optional[str] = AUTO) -> Tuple:
    """Return the names of the output that is the result and of the one that it is compared with, or None.

    Args:
        decoded: Names of what the recognizer decodes, the result first: its ``decode_outputs``.
        primary: The result; ``'auto'`` for the first.
        auxiliary: The other; ``'auto'`` for the next one there is, None for none.

    Raises:
        ConfigError: For a name that is not decoded; its path is the argument.
    """
    primary = decoded[0] if primary == AUTO else one_of('primary', primary, decoded)
    if auxiliary == AUTO:
        auxiliary = next((name for name in decoded if name != primary), None)
    return primary, None if auxiliary is None else one_of('auxiliary', auxiliary, decoded)


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
        protocol: ``'stm'``, the strict one: references are scored as they are; or ``'slrt'``, which cleans references,
            too, and both further, as the SLRT family does (see docs/scoring.md). Numbers of the two are not comparable.
        report_head: ``'main'``, the primary output, or ``'best'``: ``wer``, ``sub``, ``del`` and ``ins`` are those of
            the output with the smaller WER on this split, as the SLRT family reports; ``wer_main`` is the primary's.
        primary: Name of the output whose hypotheses are the result; by default (``'auto'``) the first of
            the recognizer's ``decode_outputs``.
        auxiliary: Name of a second output that is scored and compared with it; by default the
            recognizer's second, None for none. The comparison is the published one in either mode.
        out_dir: Folder for ``{split}.ctm``, ``{split}.stm`` and ``{split}.json``.
        split: Names the split in file names.
        prefix: Put before the names of the results, with a slash.

    Returns:
        From ``evaluate``, in percent: ``wer``, ``sub``, ``del``, ``ins``; ``num_sentences`` and
        ``num_words``; with an auxiliary output ``wer_conv``, and the share of positions that only
        the main output (``war``) or only the auxiliary output (``wdr``) has right.

    Raises:
        ConfigError: For an unknown mode, normalizer, protocol, head or rule for missing sentences, and for
            ``report_head='best'`` where nothing else than the primary output is scored.
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
        protocol: str = 'stm',
        report_head: str = 'main',
        primary: str = AUTO,
        auxiliary: Optional[str] = AUTO,
        out_dir: Optional[Union[str, Path]] = None,
        split: str = 'dev',
        prefix: Optional[str] = None,
    ) -> None:
        super().__init__(prefix=prefix)
        if missing == 'empty' and stm is None:
            raise ConfigError(
                "'empty' needs stm, whose sentences can be missing. Set stm or leave it out.", path='missing'
            )
        self.mode = one_of('mode', mode, MODES)
        self.missing = one_of('missing', missing, MISSING_RULES)
        self.normalizer_name = normalizer
        self.normalizer = NORMALIZERS.build(dict(type=normalizer))
        self._score = partial(score_sentences, mode=mode, merge=merge_repeats)
        self.protocol = one_of('protocol', protocol, PROTOCOLS)
        self._cleaned = PROTOCOLS[protocol]
        self.report_head = one_of('report_head', report_head, REPORTED_HEADS)
        if report_head == 'best' and auxiliary is None:
            raise ConfigError("'best' needs an auxiliary output. Leave auxiliary out, or this.", path='report_head')
        self.primary = primary
        self.auxiliary = auxiliary
        self.out_dir = None if out_dir is None else Path(out_dir)
        self.split = split
        self.stm = None if stm is None else str(stm).replace('{split}', split)
        # Read at once: a wrong path must not cost an epoch of training.
        self._stm_entries = None if stm is None else {entry.sample_id: entry for entry in load_stm(self.stm)}
        self._num_samples: Optional[int] = None

    def process(self, data_batch: Any, data_samples: Sequence[Union[Mapping, BaseDataElement]]) -> None:
        """Take what scoring needs from a batch.

        Raises:
            DataError: If a sample lacks a hypothesis.
        """
        for sample in data_samples:
            self.results.append(self._clip(sample.to_dict() if isinstance(sample, BaseDataElement) else sample))

    def evaluate(self, size: int) -> dict:
        """Gather the clips of all processes and score them.

        All clips are gathered, whatever their order: mmengine's own gathering cuts the list at
        ``size`` and so relies on each batch coming back in the order of the sampler.

        Args:
            size: Number of samples of the dataset.
        """
        self._num_samples = size
        gathered = [clip for part in dist.all_gather_object(self.results) for clip in part]
        self.results.clear()
        outcome = [self.compute_metrics(gathered) if dist.is_main_process() else None]
        dist.broadcast_object_list(outcome)
        return {f'{self.prefix}/{key}' if self.prefix else key: value for key, value in outcome[0].items()}

    def compute_metrics(self, results: List[ScoredClip]) -> Dict[str, float]:
        """Score the clips of the whole split."""
        clips = self._distinct(results)
        absent = self._absent(clips)
        clips = clips + absent
        references = self._references(clips)
        words = [self._cleaned([span.gloss for span in clip.words]) for clip in clips]
        scores = self._score([references[clip.sample_id] for clip in clips], words)
        total = sum((score.counts for score in scores), WordCounts())
        if not total.ref_words:
            raise DataError(f'{self._where}: the references of {plural(len(clips), "sample")} hold no word at all.')
        metrics = {
            **total.rates,
            'num_sentences': len(clips),
            'num_words': total.ref_words,
            **({'num_missing': len(absent)} if self.missing == 'empty' else {}),
        }
        if clips[0].auxiliary is not None:
            metrics.update(self._compare(clips, references, words, total))
        elif self.report_head == 'best':
            raise ConfigError(
                f"{self._where}: 'best' needs an auxiliary output, but the recognizer decodes one alone. Take 'main'.",
                path='report_head',
            )
        if self.out_dir is not None:
            head = {
                'split': self.split,
                'mode': self.mode,
                'normalizer': self.normalizer_name,
                'stm': self.stm,
                'missing': self.missing,
                'protocol': self.protocol,
                'report_head': self.report_head,
                'metrics': metrics,
            }
            by_id = {clip.sample_id: score for clip, score in zip(clips, scores)}
            write_files(self.out_dir, self.split, clips=clips, references=references, scores=by_id, head=head)
        return metrics

    @property
    def _where(self) -> str:
        return f'WERMetric ({self.split})'

    def _clip(self, fields: Mapping[str, Any]) -> ScoredClip:
        sample_id, hyps = str(fields['sample_id']), fields['hyps']
        where = f"{self._where}: sample '{sample_id}'"
        try:
            primary, auxiliary = scored_outputs(list(hyps) or [''], primary=self.primary, auxiliary=self.auxiliary)
            hyp = hyps[primary]
        except (ConfigError, KeyError) as error:
            raise DataError(
                f'{where} has hypotheses of {listed(hyps) or "no output"}, expected of {self.primary} and '
                f'{self.auxiliary}. Set primary and auxiliary of the metric to what the recognizer decodes.'
            ) from error
        if not all(hyp.glosses):
            raise DataError(f"{where}: the hypothesis of '{primary}' has no glosses. Call its resolve() before.")
        words = [replace(span, gloss=self.normalizer.hypothesis_word(span.gloss)) for span in hyp]
        rate, frames = fields.get('frame_rate'), fields.get('frame_indices', ())
        return ScoredClip(
            sample_id,
            str(fields.get('signer', '')),
            tuple(fields.get('glosses', ())),
            spans=tuple(hyp),
            words=tuple(word for word in words if word.gloss),
            score=float(hyp.score),
            auxiliary=None if auxiliary is None else hyps[auxiliary].glosses,
            num_frames=int(max(frames)) + 1 if len(frames) else None,
            frame_rate=None if rate is None else float(rate),
        )

    def _distinct(self, results: List[ScoredClip]) -> List[ScoredClip]:
        clips = list({clip.sample_id: clip for clip in reversed(results)}.values())[::-1]
        if not clips:
            raise DataError(f'{self._where}: no sample was evaluated. Is the split empty?')
        if self._num_samples is not None and len(clips) != self._num_samples:
            raise DataError(
                f'{self._where}: got {len(clips)} different sample ids from {len(results)} records, expected one '
                f'for each of the {self._num_samples} samples of the dataset. Are its sample ids unique?'
            )
        return clips

    def _absent(self, clips: List[ScoredClip]) -> List[ScoredClip]:
        """Clips with empty hypotheses for the sentences of the STM file that the dataset does not hold.

        Raises:
            DataError: If there are some and ``missing`` is ``'error'``, or a clip has no sentence.
        """
        if self._stm_entries is None:
            return []
        ids = {clip.sample_id for clip in clips}
        without_hyp = sorted(set(self._stm_entries) - ids)
        without_ref = sorted(ids - set(self._stm_entries))
        if without_ref or (without_hyp and self.missing == 'error'):
            raise DataError(
                f"{self._where}: '{self.stm}' has {plural(len(self._stm_entries), 'sentence')}; no hypothesis for "
                f'{len(without_hyp)} of them ({listed(without_hyp)}), and no sentence for '
                f'{plural(len(without_ref), "sample")} ({listed(without_ref)}). Give the STM file of this '
                'split, or leave stm out to score '
                "against the glosses of the dataset. missing='empty' counts sentences without a hypothesis as "
                'empty ones, as published.'
            )
        entries = [entry for entry in self._stm_entries.values() if entry.sample_id not in ids]
        auxiliary = None if clips[0].auxiliary is None else ()
        return [
            ScoredClip(e.sample_id, e.signer, e.words, auxiliary=auxiliary, frame_rate=clips[0].frame_rate)
            for e in entries
        ]

    def _references(self, clips: List[ScoredClip]) -> Dict[str, List[str]]:
        if self._stm_entries is not None:
            words = {clip.sample_id: self._stm_entries[clip.sample_id].words for clip in clips}
        else:
            words = {clip.sample_id: self.normalizer.reference(list(clip.ref), split=self.split) for clip in clips}
        return {sample_id: self._cleaned(reference) for sample_id, reference in words.items()}

    def _compare(
        self,
        clips: List[ScoredClip],
        references: Mapping[str, Sequence[str]],
        words: Sequence[Sequence[str]],
        total: WordCounts,
    ) -> Dict[str, float]:
        """Figures of the auxiliary output, of what either has over the other, and of the better one if it is asked."""
        refs = [references[clip.sample_id] for clip in clips]
        cleaned = [map(self.normalizer.hypothesis_word, clip.auxiliary) for clip in clips]
        auxiliaries = [self._cleaned([word for word in each if word]) for each in cleaned]
        alone = sum((score.counts for score in self._score(refs, auxiliaries)), WordCounts())
        both = compare_outputs(refs, words, auxiliaries)
        best = {} if self.report_head == 'main' else {**min(total, alone, key=_wer).rates, 'wer_main': total.wer}
        return {
            **best,
            'wer_conv': alone.wer,
            'war': both.primary_only_right / both.words * 100,
            'wdr': both.auxiliary_only_right / both.words * 100,
        }


def _wer(counts: WordCounts) -> float:
    return counts.wer
