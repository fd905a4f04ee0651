"""What an exported file says of itself: all that inference needs beside the network."""

import base64
import io
import json
from dataclasses import asdict, dataclass
from typing import Any, Dict, Optional, Tuple

import torch
from mmengine.config import Config
from torch import nn

import cslrkit
from cslrkit.apis.checkpoints import portable_config
from cslrkit.apis.infer.frames import frame_spec
from cslrkit.engine.stored_config import stored_config
from cslrkit.errors import CheckpointError
from cslrkit.models.recognizers import CSLRRecognizer
from cslrkit.registry import ALIGNERS
from cslrkit.structures import GlossVocab
from cslrkit.structures.stream_spec import StreamSpec, stream_specs
from cslrkit.structures.temporal_spec import TemporalSpec

HEADER = 'cslrkit'  # its name in a file
_LATEST = 1


@dataclass(frozen=True)
class Header:
    """What an exported file says of itself.

    Args:
        config: How frames are brought to the network, and how log-probabilities are decoded.
        vocab: The glosses.
        spec: Frames to steps.
        frames_in_phase: As of the recognizer.
        output: Name of the logits that became log-probabilities.
        aligner: Places glosses, by the output ``evidence``.
    """

    config: Config
    vocab: GlossVocab
    spec: TemporalSpec
    frames_in_phase: int
    output: str
    aligner: Optional[nn.Module]


def header_text(model: CSLRRecognizer, config: Config, input_size: Tuple[int, ...]) -> str:
    """Return the header of a recognizer as JSON.

    Args:
        model: The recognizer.
        config: Its config.
        input_size: Shape of a frame as the network reads it.
    """
    values = config.to_dict()
    values['model'] = {name: values['model'][name] for name in ('decoder', 'aligner') if values['model'].get(name)}
    spec = model.neck.temporal_spec
    fields: Dict[str, Any] = dict(
        version=_LATEST,
        cslrkit_version=cslrkit.__version__,
        # For readers: cslrkit itself reads the config.
        frames=dict(asdict(frame_spec(config)), input_size=list(input_size)),
        vocab=model.vocab.glosses,
        temporal=dict(layers=list(spec.layers), left_pad_rule=spec.left_pad_rule),
        total_stride=spec.total_stride,
        frames_in_phase=model.frames_in_phase,
        output=model.decode_outputs[0],
        config=portable_config({name: value for name, value in values.items() if name in _READ}),
    )
    if model.aligner is not None:
        state = io.BytesIO()
        torch.save(model.aligner.state_dict(), state)
        fields['aligner'] = base64.b64encode(state.getvalue()).decode()
        fields['streams'] = {name: asdict(stream) for name, stream in stream_specs(model.backbone).items()}
    return json.dumps(fields, ensure_ascii=False)


# Of the config: the model's decoding and the test data, as far as :func:`stored_config` keeps them.
_READ = (
    'default_scope', 'custom_imports', 'data_root', 'ann_dir', 'fit', 'frame_size', 'frame_rate', 'model',
    'test_dataloader', 'val_dataloader',
)  # fmt: skip


def read_header(text: Optional[str], *, where: str) -> Header:
    """Read a header; nothing in it is executed.

    Args:
        text: What :func:`header_text` gave; None if the file has none.
        where: The file, for messages.

    Raises:
        CheckpointError: If there is none, or it cannot be read.
    """
    if not text:
        raise CheckpointError(
            f"'{where}' does not say its vocabulary and how frames are brought to it. Write it with tools/export.py."
        )
    try:
        fields = json.loads(text)
        if fields['version'] > _LATEST:
            raise CheckpointError(f"'{where}' was written by a newer cslrkit ({fields['cslrkit_version']}). Update it.")
        config = stored_config(dict(cfg=fields['config']), where=where)
        vocab = GlossVocab.from_list(fields['vocab'])
        aligner = None
        if 'aligner' in fields:
            streams = {name: StreamSpec(**stream) for name, stream in fields['streams'].items()}
            given = dict(stream_specs=streams, num_classes=vocab.num_classes)
            aligner = ALIGNERS.build(config.model['aligner'], default_args=given)
            state = io.BytesIO(base64.b64decode(fields['aligner']))
            aligner.load_state_dict(torch.load(state, weights_only=True))
        spec = TemporalSpec(**fields['temporal'])
        return Header(config, vocab, spec, int(fields['frames_in_phase']), fields['output'], aligner)
    except CheckpointError:
        raise
    except (ValueError, KeyError, TypeError, RuntimeError, AttributeError) as error:
        raise CheckpointError(f"'{where}': its header is damaged ({type(error).__name__}: {error}).") from error
