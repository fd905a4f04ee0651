"""Which symbols a beam search considers at each step."""

from typing import List, NamedTuple, Tuple

import torch
from torch.nn.functional import pad

from cslrkit.decoders.beam.ties import sort_order

CUTOFF_RULES = ('exact', 'ctcdecode')
FLOAT_MIN = torch.finfo(torch.float32).tiny  # added before the logarithm, so that it is finite


class Symbols(NamedTuple):
    """What can follow at one step of n clips; entry K of each is for a symbol that cannot."""

    tokens: torch.Tensor  # symbols plus one, (n, K + 1)
    log_probs: torch.Tensor  # of each, (n, K + 1)
    growing: torch.Tensor  # the same, and minus infinity for the blank, (n, K + 1)
    blank: torch.Tensor  # log-probability of the blank, (n, 1)


def symbols_by_step(ids: torch.Tensor, log_probs: torch.Tensor, *, num_symbols: int, blank_id: int) -> List[Symbols]:
    """Return what can follow at each step, from the ids and log-probabilities (N, T', K) of ``prune_symbols``."""
    tokens = pad(ids.transpose(0, 1) + 1, (0, 1), value=num_symbols + 1)
    log_probs = pad(log_probs.transpose(0, 1), (0, 1), value=-torch.inf)
    is_blank = tokens == blank_id + 1
    blank = log_probs.masked_fill(~is_blank, -torch.inf).amax(-1, keepdim=True)
    return [Symbols(*step) for step in zip(tokens, log_probs, log_probs.masked_fill(is_blank, -torch.inf), blank)]


def prune_symbols(
    probs: torch.Tensor, lengths: torch.Tensor, *, top_n: int, cutoff_prob: float, cutoff_rule: str
) -> Tuple[torch.Tensor, torch.Tensor]:
    """Return the symbols to consider at each step of each clip, with their log-probabilities.

    Source: ``get_pruned_log_probs`` of parlance/ctcdecode c90ad94. Its cumulated probability
    starts at 1, so ``cutoff_prob`` is compared with ``log(1 + sum p)``; that is the rule
    ``'ctcdecode'``. ``'exact'`` compares with ``sum p``.

    Args:
        probs: Probabilities; what is behind a clip's own steps does not matter.
        lengths: Steps of each clip.
        top_n: Symbols kept at most.
        cutoff_prob: Symbols are kept by falling probability until this much is reached; 1 keeps
            ``top_n`` of them.
        cutoff_rule: ``'exact'`` or ``'ctcdecode'``.

    Shape:
        - probs: (N, T', V), float32
        - lengths: (N,), int64

    Returns:
        Ids (N, T', K) and their log-probabilities (N, T', K) in float32. Where a step keeps fewer
        than K, the id V with the log-probability minus infinity fills up.
    """
    num_symbols = probs.shape[2]
    if cutoff_prob >= 1.0 and top_n >= num_symbols:
        ids = torch.arange(num_symbols, device=probs.device).expand(probs.shape)
        return ids, _log(probs)
    ids, values = _most_probable(probs, lengths, min(top_n, num_symbols))
    log_probs = _log(values)
    if cutoff_prob < 1.0:
        reached = values.double().cumsum(-1)
        if cutoff_rule == 'ctcdecode':
            reached = reached.log1p()
        # The symbol that reaches it is kept as well.
        beyond = torch.arange(ids.shape[-1], device=ids.device) > (reached < cutoff_prob).sum(-1, keepdim=True)
        ids, log_probs = ids.masked_fill(beyond, num_symbols), log_probs.masked_fill(beyond, -torch.inf)
    return ids, log_probs


def _most_probable(probs: torch.Tensor, lengths: torch.Tensor, count: int) -> Tuple[torch.Tensor, torch.Tensor]:
    """The ``count`` most probable symbols of each step, best first, and their probabilities."""
    # One symbol more than is kept, to see whether the cut goes through equal probabilities.
    values, ids = probs.topk(min(count + 1, probs.shape[-1]))
    own_steps = torch.arange(probs.shape[1], device=probs.device) < lengths[:, None]
    has_ties = (values[..., 1:] == values[..., :-1]).any(-1) & own_steps
    ids, values = ids[..., :count], values[..., :count]
    for clip, step in has_ties.nonzero().tolist():
        row = probs[clip, step]
        ids[clip, step] = torch.tensor(sort_order(-row.cpu().numpy(), count=count)).to(ids.device)
        values[clip, step] = row[ids[clip, step]]
    return ids, values


def _log(probs: torch.Tensor) -> torch.Tensor:
    return (probs.double() + FLOAT_MIN).log().float()
