"""The contract of a loss."""

from typing import Any, Dict, List, Optional, Sequence, Union

import torch
from torch import nn

from cslrkit.registry import LOSSES, accepted_arguments
from cslrkit.testing.contracts.findings import Findings
from cslrkit.testing.contracts.modules import (
    MODULE_CLAUSES,
    Subject,
    check_module,
    check_parameter_gradients,
    run_in_evaluation,
)
from cslrkit.testing.contracts.values import TOLERANCE, copy_of, shape_of

CLAUSES = (*MODULE_CLAUSES, 'attributes', 'sources', 'scalar', 'weight', 'padding invariance')

_FEAT_LENS = (12, 9, 7)
_TARGETS = ((1, 2, 2), (3,), (2, 4))


def check_loss(
    cls: Union[type, str], cfg: Optional[dict] = None, *, num_classes: int = 6, allow: Sequence[str] = ()
) -> None:
    """Check that a class keeps the contract of a loss; all that is wrong is said at once.

    It takes logits (N, T', V) by name, their lengths and the targets, and gives one number that is not
    multiplied by its ``weight``. Its attributes ``name``, ``weight`` and ``sources`` (the logits it reads) say
    how it is used. What follows a clip's length plays no part. Its value is float32 whatever the logits are.

    Args:
        cls: The class, or the name of a registered one.
        cfg: Arguments, as a config gives them, with its ``source``.
        num_classes: Number of classes V, at least 5.
        allow: Clauses that the class breaks by intent: distillation as published counts padded steps, which
            is ``('padding invariance',)``.

    Raises:
        ContractError: With every finding.
        ConfigError: For a name that is not registered, or an unknown clause in ``allow``.

    Examples:
        >>> check_loss('CTCLoss', dict(source='seq/main'))
    """
    subject = Subject(LOSSES, cls, cfg)
    findings = Findings(subject.name, CLAUSES, allow)
    loss = subject.first_build(findings)
    if loss is None or not _check_attributes(findings, loss):
        findings.close()
        return
    torch.manual_seed(0)
    logits = {name: torch.randn(len(_FEAT_LENS), max(_FEAT_LENS), num_classes) for name in loss.sources}
    inputs = (logits, torch.tensor(_FEAT_LENS), [torch.tensor(target) for target in _TARGETS])
    with findings.trying('sources', f'logits {sorted(logits)}', do='Name every logits that it reads in sources.'):
        if _check_scalar(findings, run_in_evaluation(loss, inputs, _run), 'logits in float32'):
            _check_weight(findings, subject, loss, inputs)
            _check_padding(findings, loss, inputs)
            with findings.trying('gradient', 'backward'):
                _check_gradient(findings, subject, inputs)
            # Losses compute in float32 by contract, and CTC knows no other device than the real ones.
            check_module(findings, subject, inputs, _run_named, skip=('gradient', 'dtype', 'device'))
            with findings.trying('dtype', 'logits in bfloat16', do='Compute in float32: logits.float().'):
                halved = ({name: values.bfloat16() for name, values in logits.items()}, *inputs[1:])
                _check_scalar(findings, run_in_evaluation(loss, halved, _run), 'logits in bfloat16', clause='dtype')
    findings.close()


def _run(loss: nn.Module, inputs: Any) -> torch.Tensor:
    return loss(*inputs)


def _run_named(loss: nn.Module, inputs: Any) -> Dict[str, torch.Tensor]:
    return {'value': loss(*inputs)}


def _check_attributes(findings: Findings, loss: Any) -> bool:
    name, weight, sources = (getattr(loss, key, None) for key in ('name', 'weight', 'sources'))
    named = isinstance(sources, (tuple, list)) and len(sources) > 0
    checks = (
        (isinstance(loss, nn.Module), 'the object', f'a {type(loss).__name__}', 'an nn.Module'),
        (isinstance(name, str) and name not in ('', 'loss'), 'name', repr(name), "a name other than 'loss'"),
        (isinstance(weight, (int, float)) and weight >= 0, 'weight', repr(weight), 'a number that is not negative'),
        (named and all('/' in source for source in sources), 'sources', repr(sources), "names such as 'seq/main'"),
    )
    do = 'Derive the class from cslrkit.models.losses.base.BaseLoss, which sets it.'
    return findings.expect_all('attributes', checks, do=do)


def _check_scalar(findings: Findings, value: Any, where: str, *, clause: str = 'scalar') -> bool:
    sound = isinstance(value, torch.Tensor) and value.dim() == 0 and value.dtype == torch.float32
    got = f'{shape_of(value)} of {value.dtype}' if isinstance(value, torch.Tensor) else shape_of(value)
    return findings.expect(
        sound and bool(value.isfinite()),
        clause,
        f'the value for {where}',
        got=f'{float(value)}' if sound else got,
        expected='a finite float32 tensor of shape ()',
        do='Reduce over clips and steps, in float32: logits.float().',
    )


def _check_weight(findings: Findings, subject: Subject, loss: nn.Module, inputs: Any) -> None:
    accepted = accepted_arguments(subject.cls)
    if accepted is not None and 'weight' not in accepted:
        return
    value = run_in_evaluation(loss, inputs, _run)
    with findings.trying('weight', 'weight=3.0', do='Take the argument weight and hand it to BaseLoss.'):
        heavier = subject.build(weight=loss.weight + 2.0)
        other = run_in_evaluation(heavier, inputs, _run)
        findings.expect(
            _close(value, other) and heavier.weight == loss.weight + 2.0,
            'weight',
            f'the value with weight={heavier.weight} in the place of {loss.weight}',
            got=f'{float(other):.6g} in the place of {float(value):.6g}',
            expected='the same value, and the attribute weight changed',
            do='Leave the multiplication to the recognizer.',
        )


def _check_padding(findings: Findings, loss: nn.Module, inputs: Any) -> None:
    logits, feat_lens, targets = inputs
    value = run_in_evaluation(loss, inputs, _run)
    longer = {}
    for name, values in logits.items():
        longer[name] = torch.cat([values, torch.randn(len(values), 5, values.shape[-1])], dim=1)
        for index, length in enumerate(feat_lens.tolist()):
            longer[name][index, length:] = torch.randn_like(longer[name][index, length:]) * 3
    with findings.trying('padding invariance', 'longer logits'):
        other = run_in_evaluation(loss, (longer, feat_lens, targets), _run)
        findings.expect(
            _close(value, other),
            'padding invariance',
            'the value with other logits after the end of each clip',
            got=f'{float(other):.6g} in the place of {float(value):.6g}',
            expected='the same value',
            do='Leave steps from feat_lens on out of sums and means.',
        )


def _check_gradient(findings: Findings, subject: Subject, inputs: Any) -> None:
    logits, feat_lens, targets = copy_of(inputs)
    loss = subject.build()
    loss.train()
    leaves: List[torch.Tensor] = [values.requires_grad_() for values in logits.values()]
    loss({name: values.clone() for name, values in logits.items()}, feat_lens, targets).backward()
    reached = [values.grad for values in leaves if values.grad is not None]
    findings.expect(
        any(bool(gradient.ne(0).any()) for gradient in reached),
        'gradient',
        'the logits after backward',
        got='no gradient',
        expected='one that is not zero in at least one of the sources',
        do='Leave out argmax, detach() and torch.no_grad() on the way.',
    )
    findings.expect(
        all(bool(gradient.isfinite().all()) for gradient in reached),
        'gradient',
        'the logits after backward',
        got='NaN or infinity',
        expected='finite gradients',
        do='Use log_softmax in the place of softmax().log().',
    )
    check_parameter_gradients(findings, loss)


def _close(first: torch.Tensor, second: torch.Tensor) -> bool:
    return abs(float(first) - float(second)) <= TOLERANCE * (1 + abs(float(first)))
