"""The contract of a neck."""

from typing import Any, Dict, Mapping, Optional, Sequence, Tuple, Union

import torch
from torch import nn

from cslrkit.registry import NECKS
from cslrkit.structures.temporal_spec import TemporalSpec
from cslrkit.testing.contracts.findings import Findings
from cslrkit.testing.contracts.modules import MODULE_CLAUSES, Subject, check_module, run_in_evaluation
from cslrkit.testing.contracts.values import difference, is_channels, random_streams, shape_of

CLAUSES = (*MODULE_CLAUSES, 'attributes', 'streams', 'shapes', 'lengths', 'padding invariance')


def check_neck(
    cls: Union[type, str],
    cfg: Optional[dict] = None,
    *,
    in_channels: Optional[Mapping[str, int]] = None,
    num_frames: Sequence[int] = (23, 18, 9),
    allow: Sequence[str] = (),
) -> None:
    """Check that a class keeps the contract of a neck; all that is wrong is said at once.

    It takes the backbone's streams (N, C_i, T) with the padded lengths of the clips in frames, and gives
    streams (N, D, T') with their lengths in steps, int64 (N,). Its attributes ``out_channels`` and
    ``streams`` say which (``main`` first), ``temporal_spec`` how lengths change. Steps within a clip's length
    do not depend on what follows the clip. ``streams=('main',)`` computes that one alone.

    Args:
        cls: The class, or the name of a registered one.
        cfg: Arguments, as a config gives them.
        in_channels: Channels of the backbone's streams; two streams by default.
        num_frames: Frames of the clips before padding, longest first.
        allow: Clauses that the class breaks by intent.

    Raises:
        ContractError: With every finding.
        ConfigError: For a name that is not registered, or an unknown clause in ``allow``.

    Examples:
        >>> check_neck('TemporalConv', dict(hidden_size=16))
    """
    channels = dict(in_channels or {'slow': 8, 'fast': 4})
    subject = Subject(NECKS, cls, cfg, in_channels=channels)
    findings = Findings(subject.name, CLAUSES, allow)
    neck = subject.first_build(findings)
    if neck is None or not _check_attributes(findings, neck):
        findings.close()
        return
    torch.manual_seed(0)
    frame_lens = torch.tensor([neck.temporal_spec.frame_len(count) for count in num_frames])
    feats = random_streams(channels, len(num_frames), int(frame_lens.max()))
    with findings.trying('shapes', f'streams of {int(frame_lens.max())} frames'):
        outputs, feat_lens = run_in_evaluation(neck, (feats, frame_lens), _run_all)
        if _check_results(findings, neck, outputs, feat_lens, frame_lens):
            _check_alone(findings, neck, feats, frame_lens)
            _check_main(findings, neck, feats, frame_lens)
            check_module(findings, subject, (feats, frame_lens), _run_streams)
    findings.close()


def _run_all(neck: nn.Module, inputs: Any) -> Tuple[Dict[str, torch.Tensor], torch.Tensor]:
    return neck(*inputs)


def _run_streams(neck: nn.Module, inputs: Any) -> Dict[str, torch.Tensor]:
    return neck(*inputs)[0]


def _check_attributes(findings: Findings, neck: nn.Module) -> bool:
    channels, streams = getattr(neck, 'out_channels', None), getattr(neck, 'streams', None)
    spec = getattr(neck, 'temporal_spec', None)
    checks = (
        (isinstance(neck, nn.Module), 'the object', f'a {type(neck).__name__}', 'an nn.Module'),
        (is_channels(channels), 'out_channels', repr(channels), 'a dict of stream to channels'),
        (
            isinstance(streams, tuple) and len(streams) > 0 and streams[0] == 'main',
            'streams',
            repr(streams),
            "a tuple of names that begins with 'main'",
        ),
        (isinstance(spec, TemporalSpec), 'temporal_spec', repr(spec), 'a TemporalSpec'),
    )
    do = 'Set it in __init__: the head and the padding of clips are sized from it.'
    sound = findings.expect_all('attributes', checks, do=do)
    return sound and findings.expect(
        set(channels) == set(streams),
        'attributes',
        'out_channels',
        got=f'the streams {sorted(channels)}',
        expected=f'those of the attribute streams, {sorted(streams)}',
        do='Name the same streams in both.',
    )


def _check_results(
    findings: Findings, neck: nn.Module, outputs: Any, feat_lens: torch.Tensor, frame_lens: torch.Tensor
) -> bool:
    before = len(findings)
    expected_lens = neck.temporal_spec.feat_len(frame_lens)
    sound = isinstance(feat_lens, torch.Tensor) and feat_lens.dtype == torch.int64
    findings.expect(
        sound and feat_lens.tolist() == expected_lens.tolist(),
        'lengths',
        'the second result, feat_lens',
        got=f'{feat_lens.tolist()} ({feat_lens.dtype})' if isinstance(feat_lens, torch.Tensor) else shape_of(feat_lens),
        expected=f'{expected_lens.tolist()} (torch.int64), as temporal_spec.feat_len gives for {frame_lens.tolist()}',
        do='Return temporal_spec.feat_len(frame_lens).',
    )
    if findings.expect(
        isinstance(outputs, dict) and set(outputs) == set(neck.streams),
        'streams',
        'the first result',
        got=f'the streams {sorted(outputs)}' if isinstance(outputs, dict) else shape_of(outputs),
        expected=f'a dict of the streams {sorted(neck.streams)}',
        do='Return every stream by its name when streams is None.',
    ):
        steps = int(expected_lens.max())
        for stream, channels in neck.out_channels.items():
            expected = (len(frame_lens), channels, steps)
            findings.expect(
                isinstance(outputs[stream], torch.Tensor) and tuple(outputs[stream].shape) == expected,
                'shapes',
                f"stream '{stream}'",
                got=shape_of(outputs[stream]),
                expected=f"(N, D, T') = {expected}",
                do="T' is temporal_spec.feat_len of the longest padded clip, D what out_channels says.",
            )
    return len(findings) == before


def _check_alone(findings: Findings, neck: nn.Module, feats: Dict[str, torch.Tensor], frame_lens: torch.Tensor) -> None:
    batch, feat_lens = run_in_evaluation(neck, (feats, frame_lens), _run_all)
    for index, (frame_len, feat_len) in enumerate(zip(frame_lens.tolist(), feat_lens.tolist())):
        clip = {stream: values[index : index + 1, :, :frame_len] for stream, values in feats.items()}
        alone, _ = run_in_evaluation(neck, (clip, frame_lens[index : index + 1]), _run_all)
        change = difference(
            alone, {stream: values[index : index + 1, :, :feat_len] for stream, values in batch.items()}
        )
        if not findings.expect(
            not change,
            'padding invariance',
            f'clip {index} of {frame_len} frames alone and in a batch of {int(frame_lens.max())}',
            got=change,
            expected='equal steps within its length',
            do='Let no step see frames beyond the length of its clip: mask them, or do not pad convolutions.',
        ):
            return


def _check_main(findings: Findings, neck: nn.Module, feats: Dict[str, torch.Tensor], frame_lens: torch.Tensor) -> None:
    with findings.trying('streams', "forward(..., streams=('main',))", do='Take streams as a keyword argument.'):
        every = run_in_evaluation(neck, (feats, frame_lens), _run_streams)
        only = run_in_evaluation(
            neck, (feats, frame_lens), lambda module, inputs: module(*inputs, streams=('main',))[0]
        )
        change = difference(only, {'main': every['main']})
        findings.expect(
            not change,
            'streams',
            "forward(..., streams=('main',))",
            got=change,
            expected='the main stream alone, equal to that of all',
            do='Compute the streams that are asked for: testing asks for main alone.',
        )
