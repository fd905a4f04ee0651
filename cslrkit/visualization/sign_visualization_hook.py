"""Shows decoded sentences, alignments and heat maps of a few samples at each validation."""

import textwrap
from typing import Any, Dict, List, Optional

import numpy as np
import torch
from mmengine.dataset import pseudo_collate
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.visualization import LocalVisBackend, TensorboardVisBackend, Visualizer
from mmengine.visualization.vis_backend import BaseVisBackend
from torch.nn.parallel import DistributedDataParallel

from cslrkit.evaluation.functional import score_sentence
from cslrkit.evaluation.report import ScoredSentence, format_alignment, sentence_record
from cslrkit.registry import HOOKS
from cslrkit.utils.checks import one_of, positive
from cslrkit.video.fonts import find_font
from cslrkit.visualization.alignment_picture import draw_sample
from cslrkit.visualization.cam import compute_cam
from cslrkit.visualization.cam_layers import frozen
from cslrkit.visualization.cam_pictures import cam_grid, clip_images
from cslrkit.visualization.heat_regions import RegionMasks, RegionShares

_CAM_OPTIONS = ('layer', 'stream', 'method', 'regions')


@HOOKS.register_module()
class SignVisualizationHook(Hook):
    """Write what the network makes of a few validation samples, the same ones each time, to TensorBoard.

    For each sample: reference and hypothesis as text (``text/...``), the probabilities of its glosses over time with
    the spans of reference and hypothesis (``alignment/...``) and, if asked for, heat maps (``cam/...``). The error
    rates of each decoded output go to ``wer/{split}/seq`` and ``wer/{split}/conv``. Everything is computed in the
    main process from the samples alone, so it costs as much as recognizing them once more.

    Nothing is drawn where no backend but that of plain files is in the config's visualizer, nor where the
    parameters are spread over processes (FSDP, ZeRO 3).

    Args:
        num_samples: How many, at equal distances in the validation set; 0 writes error rates only.
        interval: Validations from one drawing to the next.
        cam: None, or the options of :func:`~cslrkit.visualization.compute_cam` for heat maps: a dict with any of
            ``layer``, ``stream`` and ``method``. ``dict()`` takes the defaults. ``regions=True`` also writes which
            share of the heat lies on hands, face and body (``heat/...``), and which of the area (``area/...``), where
            the validation set is of a drawn corpus.
    """

    priority = 'ABOVE_NORMAL'  # before averaged weights (EMAHook) are put back

    def __init__(self, num_samples: int = 3, *, interval: int = 1, cam: Optional[Dict[str, Any]] = None) -> None:
        self.num_samples = num_samples if num_samples == 0 else positive('num_samples', num_samples)
        self.interval = positive('interval', interval)
        for option in cam or ():
            one_of('cam', option, _CAM_OPTIONS)
        self.cam = cam
        self._validations = 0
        self._clips: List[Dict[str, Any]] = []
        self._font = ''
        self._masks: Optional[RegionMasks] = None

    def after_val_epoch(self, runner, metrics: Optional[Dict[str, float]] = None) -> None:
        """Write error rates, and the samples at every ``interval``-th validation."""
        split = getattr(runner.val_dataloader.dataset, 'split', 'dev')
        step = runner.epoch if runner._train_loop is not None else 0
        _write_rates(runner, split, metrics or {}, step)
        self._validations += 1
        due = self.num_samples and (self._validations - 1) % self.interval == 0
        if due and is_main_process() and picture_backends(runner.visualizer) and self._may_run(runner):
            self._write_samples(runner, step)

    def after_test_epoch(self, runner, metrics: Optional[Dict[str, float]] = None) -> None:
        """Write error rates."""
        _write_rates(runner, getattr(runner.test_dataloader.dataset, 'split', 'test'), metrics or {}, 0)

    def _write_samples(self, runner, step: int) -> None:
        model, visualizer, shares = runner.bare_model, runner.visualizer, RegionShares()
        options = dict(self.cam or {})
        by_region = options.pop('regions', False)
        for clip in self._samples(runner):
            batch = model.data_preprocessor(pseudo_collate([clip]))
            with torch.no_grad(), frozen(model):
                encoded = model.encode(**batch)
                sample = model.add_hyps([encoded])[0]
            name, output = sample.sample_id, model.decode_outputs[0]
            hyp, log_probs = sample.hyps[output], encoded.log_probs[output][0, : encoded.feat_lens[0]].cpu().numpy()
            score = score_sentence(sample.glosses, hyp.glosses)
            text = format_alignment(sentence_record(ScoredSentence(name, sample.signer or '', score)))
            _add_text(visualizer, f'text/{name}', textwrap.indent(text, '    '), step)
            picture = draw_sample(
                sample, log_probs, hyp, spec=model.neck.temporal_spec, vocab=model.vocab, font=self._font
            )
            _add_picture(visualizer, f'alignment/{name}', picture, step)
            if self.cam is not None:
                cams = compute_cam(model, clip, **options)
                _add_picture(visualizer, f'cam/{name}', cam_grid(clip_images(clip), cams, heading=name), step)
                if by_region:
                    shares.add(cams, self._region_masks(runner)(name))
        for kind, row in shares.means().items():
            visualizer.add_scalars({f'{kind}/{place}': share for place, share in row.items()}, step=step)

    def _region_masks(self, runner) -> RegionMasks:
        if self._masks is None:
            self._masks = RegionMasks(runner.cfg.val_dataloader.dataset)
        return self._masks

    def _samples(self, runner) -> List[Dict[str, Any]]:
        """Read the samples once; they stay in memory."""
        if not self._clips:
            dataset = runner.val_dataloader.dataset
            count = min(self.num_samples, len(dataset))
            self._clips = [dataset[place * len(dataset) // count] for place in range(count)]
            self._font = find_font([*runner.bare_model.vocab.glosses, *map(_name, self._clips)])
        return self._clips

    def _may_run(self, runner) -> bool:
        """Whether one process alone can run the model."""
        return not is_model_wrapper(runner.model) or isinstance(runner.model, DistributedDataParallel)


def picture_backends(visualizer: Visualizer) -> List[BaseVisBackend]:
    """Return the backends that keep pictures in an order to look at: all but the one that writes files."""
    backends = visualizer._vis_backends.values()
    return [backend for backend in backends if not isinstance(backend, LocalVisBackend)]


def _add_picture(visualizer: Visualizer, name: str, picture: np.ndarray, step: int) -> None:
    for backend in picture_backends(visualizer):
        backend.add_image(name, picture, step)


def _add_text(visualizer: Visualizer, name: str, text: str, step: int) -> None:
    """Record a text in Markdown: in TensorBoard, and in backends of your own that have ``add_text``."""
    for backend in picture_backends(visualizer):
        writer = backend.experiment if isinstance(backend, TensorboardVisBackend) else backend
        if hasattr(writer, 'add_text'):
            writer.add_text(name, text, step)


def _name(clip: Dict[str, Any]) -> str:
    return clip['data_samples'].sample_id


def _write_rates(runner, split: str, metrics: Dict[str, float], step: int) -> None:
    names = {'wer': f'wer/{split}/seq', 'wer_conv': f'wer/{split}/conv'}
    rates = {names[key]: value for key, value in metrics.items() if key in names}
    if rates:
        runner.visualizer.add_scalars(rates, step=step)
