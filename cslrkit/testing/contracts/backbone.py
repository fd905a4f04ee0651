"""The contract of a backbone."""

from typing import Dict, Optional, Sequence, Tuple, Union

import torch
from torch import nn

from cslrkit.registry import BACKBONES
from cslrkit.structures import stream_specs
from cslrkit.testing.contracts.findings import Findings
from cslrkit.testing.contracts.modules import MODULE_CLAUSES, Subject, check_module, run_in_evaluation
from cslrkit.testing.contracts.values import difference, shape_of

CLAUSES = (*MODULE_CLAUSES, 'stream_specs', 'streams', 'shapes', 'finite', 'padding invariance')


def check_backbone(
    cls: Union[type, str],
    cfg: Optional[dict] = None,
    *,
    frames: Sequence[int] = (8, 9),
    sizes: Sequence[Tuple[int, int]] = ((32, 32), (40, 48)),
    allow: Sequence[str] = (),
) -> None:
    """Check that a class keeps the contract of a backbone; all that is wrong is said at once.

    It takes clips (N, 3, T, H, W) and gives a dict of streams (N, C_i, T), a feature for each frame, with
    the channels that its attribute ``stream_specs`` says (``out_channels`` alone, as in 0.1.0,
    will do). A clip's features depend on that clip alone.

    Args:
        cls: The class, or the name of a registered one.
        cfg: Arguments, as a config gives them; small ones make the check quick.
        frames: Lengths of clips to try.
        sizes: Heights and widths to try, in pixels.
        allow: Clauses that the class breaks by intent, e.g. ``('padding invariance',)``.

    Raises:
        ContractError: With every finding.
        ConfigError: For a name that is not registered, or an unknown clause in ``allow``.

    Examples:
        >>> check_backbone('ResNet', dict(depth=18))
    """
    subject = Subject(BACKBONES, cls, cfg)
    findings = Findings(subject.name, CLAUSES, allow)
    backbone = subject.first_build(findings)
    if backbone is None or not _check_attributes(findings, backbone):
        findings.close()
        return
    torch.manual_seed(0)
    shaped = True
    for height, width in sizes:
        for num_frames in frames:
            clips = torch.randn(2, 3, num_frames, height, width)
            shaped = _check_shapes(findings, backbone, clips) and shaped
    if shaped:
        clips = torch.randn(2, 3, frames[-1], *sizes[0])
        with findings.trying('padding invariance', 'a clip alone'):
            _check_alone(findings, backbone, clips)
        check_module(findings, subject, clips, _run)
    findings.close()


def _run(backbone: nn.Module, clips: torch.Tensor) -> Dict[str, torch.Tensor]:
    return backbone(clips)


def _check_attributes(findings: Findings, backbone: nn.Module) -> bool:
    is_module = findings.expect(
        isinstance(backbone, nn.Module),
        'config',
        'the object',
        got=f'a {type(backbone).__name__}',
        expected='an nn.Module',
        do='Derive the class from nn.Module.',
    )
    if is_module:
        with findings.trying('stream_specs', 'the attribute stream_specs'):
            return bool(stream_specs(backbone))
    return False


def _check_shapes(findings: Findings, backbone: nn.Module, clips: torch.Tensor) -> bool:
    before, specs = len(findings), stream_specs(backbone)
    where = f'clips {tuple(clips.shape)}'
    with findings.trying('shapes', where, do='Take clips of any length and size (N, 3, T, H, W).'):
        outputs = run_in_evaluation(backbone, clips, _run)
        if findings.expect(
            isinstance(outputs, dict) and set(outputs) == set(specs),
            'streams',
            f'{where}: the result',
            got=f'the streams {sorted(outputs)}' if isinstance(outputs, dict) else shape_of(outputs),
            expected=f'a dict of the streams in stream_specs, {sorted(specs)}',
            do='Return every stream by its name.',
        ):
            for stream, spec in specs.items():
                expected = (clips.shape[0], spec.channels, clips.shape[2])
                _check_stream(findings, f"{where}: stream '{stream}'", outputs[stream], expected)
    return len(findings) == before


def _check_stream(findings: Findings, where: str, output: torch.Tensor, expected: Tuple[int, ...]) -> None:
    if findings.expect(
        isinstance(output, torch.Tensor) and tuple(output.shape) == expected,
        'shapes',
        where,
        got=shape_of(output),
        expected=f'(N, C, T) = {expected}',
        do='Give a feature for each frame: pool over space, and upsample what was strided in time.',
    ):
        findings.expect(
            bool(output.isfinite().all()),
            'finite',
            where,
            got='NaN or infinity',
            expected='finite features',
            do='Look for a division by zero, sqrt(0) or log(0).',
        )


def _check_alone(findings: Findings, backbone: nn.Module, clips: torch.Tensor) -> None:
    batch = run_in_evaluation(backbone, clips, _run)
    for index in range(len(clips)):
        alone = run_in_evaluation(backbone, clips[index : index + 1], _run)
        change = difference(alone, {stream: output[index : index + 1] for stream, output in batch.items()})
        if not findings.expect(
            not change,
            'padding invariance',
            f'clip {index} alone and in a batch of {len(clips)}, in evaluation mode',
            got=change,
            expected='equal features',
            do='Mix nothing over the batch: check reshapes (N T, not T N) and statistics over dimension 0.',
        ):
            return
