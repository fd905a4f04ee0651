"""The contract of a decoder."""

from typing import Any, List, Optional, Sequence, Union

import torch

from cslrkit.registry import DECODERS
from cslrkit.structures import GlossVocab, Hypothesis
from cslrkit.structures.temporal_spec import TemporalSpec
from cslrkit.testing.contracts.findings import Findings
from cslrkit.testing.contracts.modules import Subject
from cslrkit.testing.contracts.values import difference, shape_of

CLAUSES = (
    'config',
    'result',
    'spans',
    'n-best',
    'obvious',
    'padding invariance',
    'determinism',
    'input',
    'dtype',
    'empty',
)

_FEAT_LENS = (12, 9, 7)


def check_decoder(
    cls: Union[type, str], cfg: Optional[dict] = None, *, num_classes: int = 6, allow: Sequence[str] = ()
) -> None:
    """Check that a class keeps the contract of a decoder; all that is wrong is said at once.

    It takes log-probabilities (N, T', V), blank 0, with the lengths of the clips in steps, and gives a
    :class:`Hypothesis` for each clip: gloss ids without blanks, a score, for each gloss its peak and its first
    and last step within the clip, and beams, best first. What follows a clip's length plays no part.

    Args:
        cls: The class, or the name of a registered one.
        cfg: Arguments, as a config gives them.
        num_classes: Number of classes V, at least 5.
        allow: Clauses that the class breaks by intent.

    Raises:
        ContractError: With every finding.
        ConfigError: For a name that is not registered, or an unknown clause in ``allow``.

    Examples:
        >>> check_decoder('GreedyDecoder')
    """
    subject = Subject(DECODERS, cls, cfg)
    findings = Findings(subject.name, CLAUSES, allow)
    decoder = subject.first_build(findings)
    if decoder is None:
        findings.close()
        return
    torch.manual_seed(0)
    log_probs = (torch.randn(len(_FEAT_LENS), max(_FEAT_LENS), num_classes) * 3).log_softmax(-1)
    lengths = torch.tensor(_FEAT_LENS)
    with findings.trying('result', 'a batch of three clips'):
        given = log_probs.clone()
        hyps = decoder(given, lengths)
        findings.expect(
            torch.equal(given, log_probs) and lengths.tolist() == list(_FEAT_LENS),
            'input',
            'log_probs and feat_lens after the call',
            got='other values',
            expected='both unchanged',
            do='Copy before changing them: several decoders may read the same tensor.',
        )
        if _check_results(findings, hyps, num_classes):
            _check_repeatable(findings, decoder, log_probs, hyps)
            _check_alone(findings, decoder, log_probs, hyps)
            _check_dtypes(findings, decoder, log_probs)
            _check_obvious(findings, decoder, num_classes)
            _check_empty(findings, decoder, log_probs)
    findings.close()


def _check_results(findings: Findings, hyps: Any, num_classes: int) -> bool:
    before = len(findings)
    sound = isinstance(hyps, (list, tuple)) and all(isinstance(hyp, Hypothesis) for hyp in hyps)
    if findings.expect(
        sound and len(hyps) == len(_FEAT_LENS),
        'result',
        'the result for three clips',
        got=f'{len(hyps)} of {sorted({type(hyp).__name__ for hyp in hyps})}'
        if isinstance(hyps, (list, tuple))
        else shape_of(hyps),
        expected='a list of three Hypothesis',
        do='Return one cslrkit.structures.Hypothesis for each clip.',
    ):
        for index, (hyp, length) in enumerate(zip(hyps, _FEAT_LENS)):
            _check_hypothesis(findings, f'clip {index} of {length} steps', hyp, length, num_classes)
    return len(findings) == before


def _check_hypothesis(findings: Findings, where: str, hyp: Hypothesis, length: int, num_classes: int) -> None:
    findings.expect(
        all(isinstance(gloss, int) and 0 < gloss < num_classes for gloss in hyp.gloss_ids),
        'result',
        f'{where}: gloss_ids',
        got=hyp.gloss_ids,
        expected=f'ints from 1 to {num_classes - 1}',
        do='Drop blanks (0), and turn tensors and arrays into int.',
    )
    findings.expect(
        isinstance(hyp.score, float) and hyp.score == hyp.score,
        'result',
        f'{where}: score',
        got=repr(hyp.score),
        expected='a float, a log-probability',
        do='Turn it into a float.',
    )
    bounds = [(start, end) for start, end in hyp.step_spans]
    ordered = all(start <= end for start, end in bounds)
    apart = all(earlier[1] < later[0] for earlier, later in zip(bounds, bounds[1:]))
    within = all(0 <= step < length for step in (*hyp.timesteps, *(step for span in bounds for step in span)))
    findings.expect(
        ordered and apart and within,
        'spans',
        f'{where}: timesteps and step_spans',
        got=f'{hyp.timesteps} and {hyp.step_spans}',
        expected=f'steps from 0 to {length - 1}, spans (first, last) in order that do not overlap',
        do='Count steps of the clip; both ends of a span belong to it.',
    )
    scores = [entry.score for entry in hyp.nbest]
    findings.expect(
        scores == sorted(scores, reverse=True),
        'n-best',
        f'{where}: scores of nbest',
        got=scores,
        expected='the best first',
        do='Sort the beams by score.',
    )
    if ordered and within:
        with findings.trying('spans', f'{where}: resolve(vocab, temporal_spec, ...)'):
            vocab = GlossVocab.from_list([f'G{gloss}' for gloss in range(1, num_classes)])
            hyp.resolve(vocab, TemporalSpec(('P2',)), frame_indices=range(2 * length), frame_rate=25.0)


def _check_repeatable(findings: Findings, decoder: Any, log_probs: torch.Tensor, hyps: List[Hypothesis]) -> None:
    again = decoder(log_probs, torch.tensor(_FEAT_LENS))
    findings.expect(
        list(again) == list(hyps),
        'determinism',
        'a second call',
        got='other hypotheses',
        expected='equal ones',
        do='Keep no state between calls, and break ties without drawing.',
    )
    with findings.trying('input', 'feat_lens as a list of ints', do='Take any sequence of numbers.'):
        decoder(log_probs, list(_FEAT_LENS))


def _check_alone(findings: Findings, decoder: Any, log_probs: torch.Tensor, hyps: List[Hypothesis]) -> None:
    for index, length in enumerate(_FEAT_LENS):
        (alone,) = decoder(log_probs[index : index + 1, :length], torch.tensor([length]))
        same = (alone.gloss_ids, alone.step_spans) == (hyps[index].gloss_ids, hyps[index].step_spans)
        close = not difference(torch.tensor(alone.score), torch.tensor(hyps[index].score))
        if not findings.expect(
            same and close,
            'padding invariance',
            f'clip {index} of {length} steps alone and in a batch of {max(_FEAT_LENS)}',
            got=f'{alone.gloss_ids} at {alone.step_spans} against {hyps[index].gloss_ids} at {hyps[index].step_spans}',
            expected='one hypothesis, spans and score included',
            do='Decode the first feat_lens steps of a clip only.',
        ):
            return


def _check_dtypes(findings: Findings, decoder: Any, log_probs: torch.Tensor) -> None:
    for dtype in (torch.float64, torch.bfloat16):
        with findings.trying('dtype', f'log_probs in {dtype}', do='Convert: log_probs.detach().float().'):
            decoder(log_probs.to(dtype).requires_grad_(), torch.tensor(_FEAT_LENS))


def _check_obvious(findings: Findings, decoder: Any, num_classes: int) -> None:
    path = [0, 1, 1, 0, 2, 0, 0, 3, 3, 0]  # each step with a probability of 0.99
    log_probs = torch.full((1, len(path), num_classes), 0.01 / (num_classes - 1)).log()
    log_probs[0, range(len(path)), path] = torch.tensor(0.99).log()
    with findings.trying('obvious', f'the certain path {path}'):
        (hyp,) = decoder(log_probs, torch.tensor([len(path)]))
        findings.expect(
            hyp.gloss_ids == (1, 2, 3),
            'obvious',
            f'the path {path}, each symbol with a probability of 0.99',
            got=hyp.gloss_ids,
            expected='(1, 2, 3)',
            do='Merge repeats, then drop the blank, which is class 0.',
        )


def _check_empty(findings: Findings, decoder: Any, log_probs: torch.Tensor) -> None:
    silent = log_probs.clone()
    silent[..., 0] += 50.0
    with findings.trying('empty', 'clips that are blank throughout', do='Return a Hypothesis without glosses.'):
        hyps = decoder(silent.log_softmax(-1), torch.tensor(_FEAT_LENS))
        findings.expect(
            all(hyp.gloss_ids == () for hyp in hyps),
            'empty',
            'clips that are blank throughout',
            got=[hyp.gloss_ids for hyp in hyps],
            expected='no glosses',
            do='Return a Hypothesis without glosses.',
        )
