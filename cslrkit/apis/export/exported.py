"""Exported files as recognizers: the network runs outside, all else is as with a checkpoint."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, Callable, Dict, Optional, Sequence, Tuple, Union

import torch

from cslrkit.apis.export.header import HEADER, read_header
from cslrkit.apis.export.program import batch_of
from cslrkit.decoders import build_decoder
from cslrkit.errors import CheckpointError, ConfigError
from cslrkit.models.recognizers import DecodingMixin

SUFFIXES = {'onnx': '.onnx', 'torch': '.pt2'}
_Run = Callable[[Dict[str, torch.Tensor]], Sequence[torch.Tensor]]


def is_exported(path: Any) -> bool:
    """Whether a name is that of an exported file."""
    return isinstance(path, (str, Path)) and Path(path).suffix in SUFFIXES.values()


class ExportedRecognizer(DecodingMixin):
    """Takes the place of a recognizer in inference.

    Args:
        path: What ``tools/export.py`` wrote, ``.onnx`` or ``.pt2``. Only trusted ``.pt2`` files should be read: torch
            does not promise that reading one executes nothing.
        device: Only a CPU runs them; other devices are an error.
        fixed: Other options of inference with a checkpoint; what would change the network is an error.

    Raises:
        CheckpointError: If it is missing, damaged or was not written by cslrkit, or a package is missing.
        ConfigError: For another device or a changed network.
    """

    def __init__(self, path: Union[str, Path], device: Optional[Union[str, torch.device]] = None, **fixed: Any) -> None:
        for name, value in fixed.items():
            if value not in (None, False, 'float32'):
                raise ConfigError(f"{name}: '{path}' was exported, which cannot be changed. Leave {name} out.")
        if device is not None and torch.device(device).type != 'cpu':
            raise ConfigError(f"device: got '{device}' for '{path}', expected 'cpu': exported files run there.")
        if not Path(path).is_file():
            raise CheckpointError(f"checkpoint: '{path}' does not exist.")
        run, text = (_open_onnx if Path(path).suffix == SUFFIXES['onnx'] else _open_torch)(str(path))
        header = read_header(text, where=str(path))
        self._run, self.config, self.vocab, self.aligner = run, header.config, header.vocab, header.aligner
        self.neck = SimpleNamespace(temporal_spec=header.spec)
        self.frames_in_phase = header.frames_in_phase
        # torch traces one step apart from several: such a clip is given a second one.
        self._least = 1 if Path(path).suffix == SUFFIXES['onnx'] else header.spec.total_stride + 1
        self.decode_outputs = (header.output,)
        self.decoder = build_decoder(self.config.model['decoder'], self.vocab)

    def data_preprocessor(self, data: Dict[str, Any]) -> Dict[str, Any]:
        """Join packed samples, in their order; the program pads and normalizes them."""
        samples = data['data_samples']
        pairs = [dict(inputs=clip, data_samples=sample) for clip, sample in zip(data['inputs'], samples)]
        inputs, lengths = batch_of(pairs, least=self._least)
        return dict(inputs=inputs, frame_lens=lengths, data_samples=samples)

    def observe(
        self, inputs: Dict[str, torch.Tensor], frame_lens: torch.Tensor, *, outputs: Optional[Sequence[str]] = None
    ) -> Tuple[Dict[str, torch.Tensor], torch.Tensor, Optional[torch.Tensor]]:
        """Return log-probabilities, lengths in steps and what the aligner sees, as a recognizer does.

        Args:
            inputs: From :meth:`data_preprocessor`.
            frame_lens: Frames of each clip.
            outputs: Plays no part: there is one.
        """
        log_probs, steps, *evidence = self._run({**inputs, 'lengths': frame_lens})
        return {self.decode_outputs[0]: log_probs}, steps, evidence[0] if evidence else None


def _open_onnx(path: str) -> Tuple[_Run, Optional[str]]:
    runtime = import_package('onnxruntime')
    options = runtime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 3  # errors, which are raised as well
    try:
        session = runtime.InferenceSession(path, options, providers=['CPUExecutionProvider'])
    except Exception as error:  # its classes share no other base
        raise _unreadable(path, error) from error

    def run(inputs: Dict[str, torch.Tensor]) -> Sequence[torch.Tensor]:
        return [torch.from_numpy(array) for array in session.run(None, {k: v.numpy() for k, v in inputs.items()})]

    return run, session.get_modelmeta().custom_metadata_map.get(HEADER)


def _open_torch(path: str) -> Tuple[_Run, Optional[str]]:
    extra = {HEADER: ''}
    try:
        program = torch.export.load(path, extra_files=extra).module()
    except Exception as error:  # a damaged file raises nearly anything
        raise _unreadable(path, error) from error

    def run(inputs: Dict[str, torch.Tensor]) -> Sequence[torch.Tensor]:
        with torch.no_grad():
            return program(*program_inputs(inputs))

    return run, extra[HEADER]


def program_inputs(inputs: Dict[str, torch.Tensor]) -> Tuple[torch.Tensor, ...]:
    """Return named inputs in the program's order."""
    return tuple(inputs[name] for name in ('frames', 'keypoints', 'lengths', 'image_size') if name in inputs)


def import_package(name: str) -> Any:
    """Return a package of the extra ``onnx``.

    Raises:
        CheckpointError: If it is not installed.
    """
    try:
        return __import__(name)
    except ImportError as error:
        raise CheckpointError(f"{name}: the package is not installed. Run `pip install 'cslrkit[onnx]'`.") from error


def _unreadable(path: str, error: Exception) -> CheckpointError:
    reason = (str(error).splitlines() or [''])[0]
    return CheckpointError(f"checkpoint: '{path}' cannot be read ({type(error).__name__}: {reason}). Is it complete?")
