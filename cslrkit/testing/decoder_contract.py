"""The contract of a decoder."""

import torch

from cslrkit.registry import DECODERS
from cslrkit.structures import GlossVocab, Hypothesis
from cslrkit.structures.temporal_spec import TemporalSpec
from cslrkit.testing.contract import Allowed, Case, Cfg, Cls, difference

_DECODER = {
    'result': 'a list of three Hypothesis. Return one cslrkit.structures.Hypothesis for each clip, without blanks '
    '(0), of int and float in the place of tensors and arrays.',
    'spans': 'steps of the clip. Count steps of the clip; both ends of a span belong to it.',
    'n-best': 'the best first. Sort the beams by score.',
    'input': 'both unchanged. Copy before changing them: several decoders may read the same tensor.',
    'determinism': 'equal ones. Keep no state between calls, and break ties without drawing.',
    'padding invariance': 'one hypothesis, spans and score included. Decode the first feat_lens steps of a clip only.',
    'dtype': 'hypotheses. Convert: log_probs.detach().float().',
    'obvious': '(1, 2, 3). Merge repeats, then drop the blank, which is class 0.',
    'empty': 'no glosses. Return a Hypothesis without glosses.',
}
_LENGTHS = (12, 9, 7)


def check_decoder(cls: Cls, cfg: Cfg = None, *, num_classes: int = 6, allow: Allowed = ()) -> None:
    """Check that a class keeps the contract of a decoder; arguments and errors as for :func:`check_backbone`.

    It takes log-probabilities (N, T', V), blank 0, with the lengths of the clips in steps, and gives a
    :class:`Hypothesis` for each clip: a :class:`GlossSpan` for each gloss, with its id, peak, and first and last
    step within the clip, a score, and beams, best first. What follows a clip's length plays no part.
    """
    with Case(DECODERS, cls, cfg, _DECODER, allow) as case:
        decoder = case.start()
        log_probs = (torch.randn(3, 12, num_classes) * 3).log_softmax(-1)
        with case.trying('result', 'a batch of three clips'):
            given = (log_probs.clone(), torch.tensor(_LENGTHS))
            hyps = list(decoder(*given))
            change = difference(given, (log_probs, torch.tensor(_LENGTHS)), tolerance=0.0)
            case.expect(not change, change, at='log_probs and feat_lens after the call', clause='input')
            kinds = sorted({type(hyp).__name__ for hyp in hyps})
            right = len(hyps) == 3 and all(isinstance(hyp, Hypothesis) for hyp in hyps)
            case.require(right, f'{len(hyps)} of {kinds}', at='the result for three clips')
        case.stop_if_broken()
        for index, hyp in enumerate(hyps):
            with case.trying('spans', f'clip {index} of {_LENGTHS[index]} steps'):
                _check_hypothesis(case, f'clip {index} of {_LENGTHS[index]} steps', hyp, _LENGTHS[index], num_classes)
        case.stop_if_broken()
        _check_calls(case, decoder, log_probs, hyps)
        _check_answers(case, decoder, log_probs)


def _check_hypothesis(case: Case, where: str, hyp: Hypothesis, length: int, num_classes: int) -> None:
    right = all(isinstance(gloss, int) and 0 < gloss < num_classes for gloss in hyp.gloss_ids)
    rule = f'ints from 1 to {num_classes - 1}'
    case.expect(right, hyp.gloss_ids, rule, at=f'{where}: gloss_ids', clause='result')
    right = isinstance(hyp.score, float) and hyp.score == hyp.score
    case.expect(right, repr(hyp.score), 'a float, a log-probability', at=f'{where}: score', clause='result')
    scores = [entry.score for entry in hyp.nbest]
    case.expect(scores == sorted(scores, reverse=True), scores, at=f'{where}: scores of nbest', clause='n-best')
    ends = [step for span in hyp.step_spans for step in span]
    apart = all(earlier[1] < later[0] for earlier, later in zip(hyp.step_spans, hyp.step_spans[1:]))
    right = ends == sorted(ends) and apart and all(0 <= step < length for step in (*hyp.timesteps, *ends))
    rule = f'steps from 0 to {length - 1}, spans (first, last) in order that do not overlap'
    if case.expect(right, f'{hyp.timesteps} and {hyp.step_spans}', rule, at=f'{where}: timesteps and step_spans'):
        vocab = GlossVocab.from_list([f'G{gloss}' for gloss in range(1, num_classes)])
        with case.trying('spans', f'{where}: resolve(vocab, temporal_spec, ...)'):
            hyp.resolve(vocab, TemporalSpec(('P2',)), frame_indices=range(2 * length), frame_rate=25.0)


def _check_calls(case: Case, decoder: object, log_probs: torch.Tensor, hyps: list) -> None:
    with case.trying('determinism', 'a second call'):
        case.expect(list(decoder(log_probs.clone(), torch.tensor(_LENGTHS))) == hyps, 'other hypotheses')
    with case.trying('input', 'feat_lens as a list of ints', do='Take any sequence of numbers.'):
        decoder(log_probs.clone(), list(_LENGTHS))
    for index, (length, hyp) in enumerate(zip(_LENGTHS, hyps)):
        with case.trying('padding invariance', f'clip {index} of {length} steps alone and in a batch of 12'):
            (alone,) = decoder(log_probs[index : index + 1, :length].clone(), torch.tensor([length]))
            same = (alone.gloss_ids, alone.step_spans) == (hyp.gloss_ids, hyp.step_spans)
            close = not difference(torch.tensor(alone.score), torch.tensor(hyp.score))
            got = f'{alone.gloss_ids} at {alone.step_spans} against {hyp.gloss_ids} at {hyp.step_spans}'
            case.expect(same and close, got)
    for dtype in (torch.float64, torch.bfloat16):
        with case.trying('dtype', f'log_probs in {dtype}', do='Convert: log_probs.detach().float().'):
            decoder(log_probs.to(dtype).requires_grad_(), torch.tensor(_LENGTHS))


def _check_answers(case: Case, decoder: object, log_probs: torch.Tensor) -> None:
    path = [0, 1, 1, 0, 2, 0, 0, 3, 3, 0]
    with case.trying('obvious', f'the path {path}, each symbol with a probability of 0.99'):
        certain = torch.full((1, len(path), log_probs.shape[2]), 0.01 / (log_probs.shape[2] - 1)).log()
        certain[0, range(len(path)), path] = torch.tensor(0.99).log()
        (hyp,) = decoder(certain, torch.tensor([len(path)]))
        case.expect(hyp.gloss_ids == (1, 2, 3), hyp.gloss_ids)
    with case.trying('empty', 'clips that are blank throughout', do='Return a Hypothesis without glosses.'):
        silent = log_probs.clone()
        silent[..., 0] += 50.0
        glosses = [hyp.gloss_ids for hyp in decoder(silent.log_softmax(-1), torch.tensor(_LENGTHS))]
        case.expect(not any(glosses), glosses)
