"""From videos to glosses with times."""

from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Sequence, Tuple, Union

import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate

from cslrkit.apis.export.exported import ExportedRecognizer, is_exported
from cslrkit.apis.infer.frames import SampledFrame, as_sample, clip_pipeline, frame_spec, sample_frames
from cslrkit.apis.infer.parts import Video, VideoPart
from cslrkit.apis.infer.utterances import Utterance, UtteranceCutter
from cslrkit.apis.infer.windows import WindowDecoder, WindowPlan, plan_windows
from cslrkit.apis.live import SignStream
from cslrkit.apis.recognizer import init_recognizer
from cslrkit.decoders import build_decoder
from cslrkit.errors import ConfigError, CSLRKitError
from cslrkit.models.speed import prepare_for_inference
from cslrkit.registry import DECODERS, accepted_arguments
from cslrkit.structures.result import InferenceResult
from cslrkit.utils.checks import positive
from cslrkit.utils.progress import ProgressLine
from cslrkit.video.clip import Clip
from cslrkit.video.inputs import FailedInput, Input, open_each

WINDOW = 16.0  # seconds
_USUAL_RATE = 25.0  # frames per second, for the size of windows where no rate is known
_CONFIG_SUFFIXES = ('.py', '.yaml', '.yml', '.json')


_Waiting = Tuple[VideoPart, int, Dict[str, Any]]  # a window that goes through the network next: its first frame, packed


class CSLRInferencer:
    """Recognizes the signing in videos of any length.

    Frames are brought to the model as in testing: resized to the size of the corpus's frames, cropped by the
    config's test transforms, resampled in time to the corpus's frame rate, every ``frame_interval``-th taken,
    from the first on.

    Args:
        model: A checkpoint, a work directory or an exported file, which is enough; or a config with ``weights``.
        weights: The checkpoint of ``model`` where that is a config.
        device: E.g. ``'cuda:0'``; by default a GPU if there is one.
        frame_size: Width and height to which whole frames are resized before the test transforms; by default
            as the config says, see :func:`cslrkit.apis.infer.frame_spec`.
        fit: What is done to frames of another shape than the training's: ``'stretch'``, ``'crop'`` or ``'pad'``; by
            default as the config says, see :func:`cslrkit.apis.infer.frame_spec`.
        corpus_rate: Frames per second that the model is used to; ``'config'`` as the config or its corpus says,
            None takes every frame.
        fold_bn: Whether batch norms become part of the convolutions: faster, equal up to floating-point noise.
        dtype: ``'bfloat16'`` or ``'float16'`` for the backbone, where the device is faster with it.
        compile: Whether the backbone is compiled at its first call.

    Raises:
        CheckpointError: As :func:`cslrkit.apis.init_recognizer`.
        ConfigError: As that and :func:`cslrkit.apis.infer.frame_spec`.
    """

    def __init__(
        self,
        model: Union[str, Path, Config],
        weights: Optional[Union[str, Path]] = None,
        device: Optional[Union[str, torch.device]] = None,
        *,
        frame_size: Optional[Tuple[int, int]] = None,
        fit: Optional[str] = None,
        corpus_rate: Any = 'config',
        fold_bn: bool = True,
        dtype: Optional[str] = None,
        compile: bool = False,
    ) -> None:
        checkpoint, config = _checkpoint_and_config(model, weights)
        if is_exported(checkpoint):
            self.model = ExportedRecognizer(checkpoint, device, config=config, dtype=dtype, compile=compile)
            self.config = self.model.config
        else:
            recognizer, self.config = init_recognizer(checkpoint, config, device=device)
            self.model = prepare_for_inference(recognizer, fold_bn=fold_bn, dtype=dtype, compile=compile)
        self.spec = frame_spec(self.config, frame_size=frame_size, fit=fit, frame_rate=corpus_rate)
        self._pipeline = clip_pipeline(self.config)

    def __call__(self, inputs: Union[Input, Sequence[Input]], **options: Any) -> List[InferenceResult]:
        """Recognize each input.

        Args:
            inputs: As :meth:`recognize_each` takes them.
            **options: As :meth:`recognize_each` takes them.

        Returns:
            A result for each input, in order; for a pattern one for each match.

        Raises:
            DataNotFoundError: If an input does not exist; nothing is recognized then.
            DataError: If one cannot be read; the message names it.
            ConfigError: For numbers that cannot be.
        """
        results = []
        for result in self.recognize_each(inputs, **options):
            if isinstance(result, FailedInput):
                raise result.error
            results.append(result)
        return results

    def recognize_each(
        self,
        inputs: Union[Input, Sequence[Input]],
        *,
        batch_size: int = 1,
        window: Optional[float] = WINDOW,
        overlap: Optional[float] = None,
        nbest: int = 1,
        frame_rate: Optional[float] = None,
        duration: Optional[float] = None,
        progress: bool = False,
        keep_log_probs: bool = False,
        segment: bool = True,
    ) -> Iterator[Union[InferenceResult, FailedInput]]:
        """Recognize inputs one after the other; one that fails does not end the others.

        A video longer than ``window`` is read in overlapping windows, whose outputs are joined; no more than
        ``batch_size + 2`` windows of frames are in memory, whatever its length.

        Args:
            inputs: Videos, folders of frames, patterns, cameras, arrays; see
                :func:`cslrkit.apis.infer.open_clips`.
            batch_size: Windows, of one or of several inputs, that go through the network together.
            window: Seconds; None takes each input as a whole.
            overlap: Seconds that two windows share; None for 4, or half a window that is shorter than 8.
            nbest: Sequences to return; a number above 1 needs a beam decoder.
            frame_rate: Frames per second of inputs that do not say (images, arrays); the corpus's by default.
            duration: Seconds to record from a camera.
            progress: Whether to show progress on the console when it takes more than two seconds.
            keep_log_probs: Whether results carry the log-probabilities that were decoded.
            segment: Whether only utterances are recognized, where the model has an ``activity`` that says when
                somebody signs.

        Returns:
            What came of each input, as soon as it ends: those that cannot be opened first, then in order.

        Raises:
            ConfigError: For numbers that cannot be.
        """
        positive('batch_size', batch_size)
        decode = self._decode_with(nbest)
        frame_rate = self.spec.frame_rate if frame_rate is None else frame_rate
        opened = open_each(inputs, frame_rate=frame_rate, duration=duration)
        clips = [each for each in opened if isinstance(each, Clip)]
        for clip in clips:  # those that were given open
            clip.frame_rate = clip.frame_rate or frame_rate
        new_decoder = partial(WindowDecoder, decode, nbest=nbest, keep=keep_log_probs)
        videos = [Video(clip, new_decoder, nbest) for clip in clips]
        plans = [self._plan(clip, window, overlap) for clip in clips]
        line = ProgressLine('frames read', sum(clip.num_frames or 0 for clip in clips), shown=progress)
        failed = [each for each in opened if isinstance(each, FailedInput)]
        return chain(failed, self._run_all(list(zip(videos, plans)), line, batch_size, segment))

    def stream(self, **options: Any) -> SignStream:
        """Return a stream that takes frames as they come, see :class:`~cslrkit.apis.live.SignStream`."""
        return SignStream(self, **options)

    def pack(self, frames: Sequence[SampledFrame], name: str = '', clip: Optional[Clip] = None) -> Dict[str, Any]:
        """Return consecutive frames as a packed sample: the config's test transforms, without their loading step."""
        return as_sample(frames, self._pipeline, clip=clip, name=name, frame_rate=None)

    def _run_all(
        self, videos: Sequence[Tuple[Video, Optional[WindowPlan]]], line: ProgressLine, batch_size: int, segment: bool
    ) -> Iterator[Union[InferenceResult, FailedInput]]:
        waiting: List[_Waiting] = []
        begun: List[Video] = []
        for video, plan in videos:
            begun.append(video)
            try:
                frames = _counted(sample_frames(video.clip, self.spec), line)
                utterances = self._utterances(video.clip, frames) if segment else ((0, frames),)
                for part, window in video.windows(utterances, plan):
                    # The name says which window it is: the preprocessor sorts by length.
                    name = str(len(waiting))
                    waiting.append((part, window.start, self.pack(window.frames, name, video.clip)))
                    if len(waiting) == batch_size:
                        self._run(waiting)
                        waiting.clear()
                        while len(begun) > 1:
                            yield self._end(begun.pop(0))
            except CSLRKitError as error:
                video.error = error
            while begun and not waiting:
                yield self._end(begun.pop(0))
        if waiting:
            self._run(waiting)
        line.close()
        yield from map(self._end, begun)

    def _end(self, video: Video) -> Union[InferenceResult, FailedInput]:
        return FailedInput(video.clip.source, video.error) if video.error else video.result(self.model)

    @torch.no_grad()
    def _run(self, waiting: Sequence[_Waiting]) -> None:
        """Put windows through the network together and hand the outputs to their videos' decoders, in order."""
        batch = self.model.data_preprocessor(pseudo_collate([sample for _, _, sample in waiting]))
        outputs = self.model.decode_outputs[:1]
        log_probs, lengths, evidence = self.model.observe(batch['inputs'], batch['frame_lens'], outputs=outputs)
        rows = log_probs[outputs[0]].cpu().numpy()
        places = sorted(range(len(rows)), key=lambda place: int(batch['data_samples'][place].sample_id))
        spec = self.model.neck.temporal_spec
        for (part, start, _), place in zip(waiting, places):
            part.decoder.add(start // spec.total_stride, rows[place][: lengths[place]])
            if evidence is not None:
                own = len(batch['data_samples'][place].frame_indices)
                part.see(start, evidence[place, spec.left_pad : spec.left_pad + own].cpu())

    def _plan(self, clip: Clip, window: Optional[float], overlap: Optional[float]) -> Optional[WindowPlan]:
        if window is None:
            return None
        return plan_windows(window, overlap, rate=self._rate(clip), align=self.model.frames_in_phase)

    def _utterances(self, clip: Clip, frames: Iterator[SampledFrame]) -> Iterable[Utterance]:
        if getattr(self.model, 'activity', None) is None:
            return ((0, frames),)
        return UtteranceCutter(self.model, partial(self.pack, clip=clip), self._rate(clip))(frames)

    def _rate(self, clip: Clip) -> float:
        """Frames per second that the model sees."""
        return (self.spec.frame_rate or clip.frame_rate or _USUAL_RATE) / self.spec.interval

    def _decode_with(self, nbest: int) -> Callable:
        """Decoding by the model's decoder, set to give ``nbest`` sequences."""
        positive('nbest', nbest)
        settings = dict(self.config.model['decoder'])
        if nbest == 1 or nbest == settings.get('nbest'):
            return self.model.decode
        if 'nbest' not in (accepted_arguments(DECODERS.lookup(settings['type'])) or {}):
            raise ConfigError(f"nbest: got {nbest}, but the model's decoder ({settings['type']}) gives one sequence.")
        settings['nbest'] = nbest
        if 'beam_width' in settings:
            settings['beam_width'] = max(settings['beam_width'], nbest)
        return partial(self.model.decode, decoder=build_decoder(settings, self.model.vocab))


def _checkpoint_and_config(model: Any, weights: Any) -> Tuple[Any, Any]:
    is_config = isinstance(model, Config) or str(model).endswith(_CONFIG_SUFFIXES)
    if is_config and weights is None:
        name = model.filename if isinstance(model, Config) else model
        raise ConfigError(f"CSLRInferencer: got the config '{name}' and no weights. Give a checkpoint as well.")
    if not is_config and weights is not None:
        raise ConfigError(
            f"CSLRInferencer: got the model '{model}' with weights '{weights}'. With weights, model must be a config "
            f'({", ".join(_CONFIG_SUFFIXES)} or a Config).'
        )
    return (weights, model) if is_config else (model, None)


def _counted(frames: Iterator[SampledFrame], line: ProgressLine) -> Iterator[SampledFrame]:
    """Pass frames on and count the clip's frames on the line."""
    read = 0
    for frame in frames:
        line.add(max(0, frame.index + 1 - read))
        read = max(read, frame.index + 1)
        yield frame
