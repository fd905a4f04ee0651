"""Checkpoints as files that run without the network's code."""

import warnings
from pathlib import Path
from typing import Any, Dict, List, Optional, Union

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate

from cslrkit.apis.export.exported import SUFFIXES, ExportedRecognizer, import_package, program_inputs
from cslrkit.apis.export.header import HEADER, header_text
from cslrkit.apis.export.layers import onnx_translations
from cslrkit.apis.export.program import RecognizerProgram, batch_of
from cslrkit.apis.infer.frames import SampledFrame, as_sample, clip_pipeline, frame_spec
from cslrkit.apis.recognizer import init_recognizer
from cslrkit.errors import CheckpointError, ConfigError
from cslrkit.structures.keypoint_layout import find_layout
from cslrkit.utils.checks import one_of
from cslrkit.utils.files import write_beside
from cslrkit.video.keypoints import Keypoints
from cslrkit.video.keypoints.clip import KeypointClip

_TOLERANCE = 1e-3  # of log-probabilities; floating-point noise is far below, another computation far above
_STEPS = ((10, 7), (6, 6, 3))  # of the clips that are traced, and of those that are compared


def export_model(
    checkpoint: Union[str, Path],
    out: Union[str, Path],
    *,
    format: Optional[str] = None,
    config: Optional[Union[str, Path, Config]] = None,
) -> float:
    """Write a recognizer as a program from uint8 frames to log-probabilities, and compare it with the recognizer.

    Args:
        checkpoint: As :func:`~cslrkit.apis.init_recognizer` takes it.
        out: ``.onnx`` or ``.pt2``.
        format: ``'onnx'`` or ``'torch'``; by default as the name says.
        config: The config, for a checkpoint that carries none.

    Returns:
        The largest difference of log-probabilities, on clips of random pixels of other lengths than were traced.

    Raises:
        CheckpointError: As ``init_recognizer``; or if a package is missing, or the program computes something else.
        ConfigError: If the network cannot be exported.
        OutputError: If the file cannot be written.
    """
    out = Path(out)
    if out.suffix not in SUFFIXES.values():
        raise ConfigError(f"export: expected a name that ends in {' or '.join(SUFFIXES.values())}, got '{out.name}'.")
    if format is not None and out.suffix != SUFFIXES[one_of('format', format, SUFFIXES)]:
        raise ConfigError(f"export: got the name '{out.name}', expected one that ends in {SUFFIXES[format]}.")
    to_onnx = out.suffix == SUFFIXES['onnx']
    if to_onnx:
        for package in ('onnx', 'onnxscript', 'onnxruntime'):
            import_package(package)
    model, config = init_recognizer(checkpoint, config, device='cpu')
    program = RecognizerProgram(model).eval()
    stride = model.neck.temporal_spec.total_stride
    traced, compared = ([_random_sample(config, max(steps * stride - 1, 1)) for steps in each] for each in _STEPS)
    text = header_text(model, config, tuple(traced[0]['inputs'].shape[1:]))
    exported = _trace(program, traced)
    if to_onnx:
        written = _to_onnx(exported, program, text)
        write_beside(out, lambda temporary: written.save(str(temporary), external_data=False))
    else:

        def save(temporary: Path) -> None:
            with temporary.open('wb') as file, warnings.catch_warnings():
                warnings.simplefilter('ignore')  # of views of a tensor, which are whole on a CPU
                torch.export.save(exported, file, extra_files={HEADER: text})

        write_beside(out, save)
    difference = _compare(ExportedRecognizer(out), model, compared)
    if not difference <= _TOLERANCE:
        out.unlink()
        raise CheckpointError(
            f"export: log-probabilities of '{out}' differ by {difference:.2g} from those of '{checkpoint}', so it was "
            'deleted. Report it, with the config.'
        )
    return difference


def _random_sample(config: Config, num_frames: int) -> Dict[str, Any]:
    """A packed clip of noise, as the config's test data bring it to the network."""
    spec, random, clip = frame_spec(config), np.random.default_rng(num_frames), None
    if spec.layout is None:
        frames = random.integers(0, 256, (num_frames, spec.size[1], spec.size[0], 3), np.uint8)
    else:
        layout = find_layout(spec.layout)
        points = random.random((num_frames, layout.num_points, 3)) * (256, 256, 1)
        frames = points.astype(np.float32)
        clip = KeypointClip(Keypoints(frames, layout, (256, 256)), 'noise', name='noise')
    sampled = [SampledFrame(frame, index, None) for index, frame in enumerate(frames)]
    return as_sample(sampled, clip_pipeline(config), clip=clip, name='', frame_rate=None)


def _trace(program: RecognizerProgram, samples: List[Dict[str, Any]]) -> torch.export.ExportedProgram:
    inputs, lengths = batch_of(samples)
    example = program_inputs({**inputs, 'lengths': lengths})
    free = torch.export.Dim.DYNAMIC
    axes = ({0: free, 1: free}, *({0: free} for _ in example[1:]))
    try:
        with torch.no_grad():
            return torch.export.export(program, example, dynamic_shapes=(axes,), strict=False)
    except Exception as error:  # what torch cannot trace raises nearly anything
        raise _not_exported(program, error) from error


def _to_onnx(exported: torch.export.ExportedProgram, program: RecognizerProgram, text: str) -> Any:
    names = [program.media, 'lengths', *(['image_size'] if program.media == 'keypoints' else [])]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # of the exporter, about itself
            written = torch.onnx.export(
                exported,
                input_names=names,
                output_names=list(program.output_names),
                dynamo=True,
                verbose=False,
                custom_translation_table=onnx_translations(),
            )
    except Exception as error:  # what ONNX does not have raises nearly anything
        raise _not_exported(program, error) from error
    written.model.metadata_props[HEADER] = text
    return written


def _not_exported(program: RecognizerProgram, error: Exception) -> ConfigError:
    names = ', '.join(type(part).__name__ for part in (program.model.backbone, program.model.neck, program.model.head))
    reason = (str(error).strip().splitlines() or [''])[0]
    return ConfigError(f'export: this network ({names}) cannot be exported: {type(error).__name__}: {reason}')


@torch.no_grad()
def _compare(exported: ExportedRecognizer, model: Any, samples: List[Dict[str, Any]]) -> float:
    """Largest difference of the log-probabilities of two recognizers."""
    both = []
    for recognizer in (exported, model):
        batch = recognizer.data_preprocessor(pseudo_collate(samples))
        log_probs, steps = recognizer.log_probs(batch['inputs'], batch['frame_lens'])
        both.append([rows[:count] for rows, count in zip(log_probs[exported.decode_outputs[0]], steps)])
    return max(float((one - other).abs().max()) for one, other in zip(*both))
