"""The contract of a head."""

from typing import Any, Dict, Mapping, Optional, Sequence, Union

import torch
from torch import nn

from cslrkit.registry import HEADS
from cslrkit.testing.contracts.findings import Findings
from cslrkit.testing.contracts.modules import MODULE_CLAUSES, Subject, check_module, run_in_evaluation
from cslrkit.testing.contracts.values import difference, random_streams, shape_of

CLAUSES = (*MODULE_CLAUSES, 'attributes', 'streams', 'shapes', 'padding invariance')


def check_head(
    cls: Union[type, str],
    cfg: Optional[dict] = None,
    *,
    in_channels: Optional[Mapping[str, int]] = None,
    num_classes: int = 6,
    feat_lens: Sequence[int] = (9, 6, 1),
    allow: Sequence[str] = (),
) -> None:
    """Check that a class keeps the contract of a head; all that is wrong is said at once.

    It takes the neck's streams (N, D, T') with their lengths in steps, and gives logits (N, T', V) by name.
    Its attributes ``logit_names`` (all names it can give, ``<kind>/<stream>``), ``primary`` and ``auxiliary``
    (of the main stream) say which. Logits within a clip's length do not depend on what follows it. Given only
    ``main``, it gives the logits of main alone.

    Args:
        cls: The class, or the name of a registered one.
        cfg: Arguments, as a config gives them.
        in_channels: Channels of the neck's streams; main, slow and fast by default.
        num_classes: Number of classes V.
        feat_lens: Lengths of the clips in steps, longest first.
        allow: Clauses that the class breaks by intent.

    Raises:
        ContractError: With every finding.
        ConfigError: For a name that is not registered, or an unknown clause in ``allow``.

    Examples:
        >>> check_head('LinearHead')
    """
    channels = dict(in_channels or {'main': 8, 'slow': 8, 'fast': 8})
    subject = Subject(HEADS, cls, cfg, in_channels=channels, num_classes=num_classes)
    findings = Findings(subject.name, CLAUSES, allow)
    head = subject.first_build(findings)
    if head is None or not _check_attributes(findings, head):
        findings.close()
        return
    torch.manual_seed(0)
    lengths = torch.tensor(list(feat_lens))
    feats = random_streams(channels, len(lengths), int(lengths.max()))
    with findings.trying('shapes', f'streams of {int(lengths.max())} steps'):
        logits = run_in_evaluation(head, (feats, lengths), _run)
        expected = (len(lengths), int(lengths.max()), num_classes)
        if _check_logits(findings, head.logit_names, logits, expected):
            _check_alone(findings, head, feats, lengths)
            _check_main(findings, head, feats, lengths)
            check_module(findings, subject, (feats, lengths), _run)
    findings.close()


def _run(head: nn.Module, inputs: Any) -> Dict[str, torch.Tensor]:
    return head(*inputs)


def _check_attributes(findings: Findings, head: nn.Module) -> bool:
    names = getattr(head, 'logit_names', None)
    primary, auxiliary = getattr(head, 'primary', None), getattr(head, 'auxiliary', '')
    sound = isinstance(names, tuple) and all(isinstance(name, str) and '/' in name for name in names)
    main = [name for name in names if name.endswith('/main')] if sound else []
    checks = (
        (isinstance(head, nn.Module), 'the object', f'a {type(head).__name__}', 'an nn.Module'),
        (sound and main, 'logit_names', repr(names), "a tuple of names such as 'seq/main', one of main at least"),
        (primary in main, 'primary', repr(primary), f'a name of main, one of {main}'),
        (auxiliary is None or auxiliary in main, 'auxiliary', repr(auxiliary), f'None or one of {main}'),
    )
    do = 'Set it on the class or in __init__: losses, decoder and metric name logits by it.'
    return findings.expect_all('attributes', checks, do=do)


def _check_logits(findings: Findings, names: Sequence[str], logits: Any, expected: tuple) -> bool:
    before = len(findings)
    if findings.expect(
        isinstance(logits, dict) and set(logits) == set(names),
        'streams',
        'the result for all streams',
        got=f'{sorted(logits)}' if isinstance(logits, dict) else shape_of(logits),
        expected=f'a dict of logit_names, {sorted(names)}',
        do='Return the logits of every stream that is given, and name them in logit_names.',
    ):
        for name, values in logits.items():
            findings.expect(
                isinstance(values, torch.Tensor) and tuple(values.shape) == expected,
                'shapes',
                f"logits '{name}'",
                got=shape_of(values),
                expected=f"(N, T', V) = {expected}",
                do="Put the batch first, and keep the T' of the input.",
            )
    return len(findings) == before


def _check_alone(findings: Findings, head: nn.Module, feats: Dict[str, torch.Tensor], lengths: torch.Tensor) -> None:
    batch = run_in_evaluation(head, (feats, lengths), _run)
    for index, length in enumerate(lengths.tolist()):
        clip = {stream: values[index : index + 1, :, :length] for stream, values in feats.items()}
        alone = run_in_evaluation(head, (clip, lengths[index : index + 1]), _run)
        change = difference(alone, {name: values[index : index + 1, :length] for name, values in batch.items()})
        if not findings.expect(
            not change,
            'padding invariance',
            f'clip {index} of {length} steps alone and in a batch of {int(lengths.max())}',
            got=change,
            expected='equal logits within its length',
            do='Pack the sequences or mask the steps beyond feat_lens.',
        ):
            return


def _check_main(findings: Findings, head: nn.Module, feats: Dict[str, torch.Tensor], lengths: torch.Tensor) -> None:
    with findings.trying('streams', 'the main stream alone', do='Compute the streams that are given, not all.'):
        every = run_in_evaluation(head, (feats, lengths), _run)
        only = run_in_evaluation(head, ({'main': feats['main']}, lengths), _run)
        change = difference(only, {name: values for name, values in every.items() if name.endswith('/main')})
        findings.expect(
            not change,
            'streams',
            'the main stream alone',
            got=change,
            expected='the logits of main, equal to those with all streams',
            do='Compute the streams that are given: testing gives main alone.',
        )
