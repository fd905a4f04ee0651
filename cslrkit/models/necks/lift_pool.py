"""Learnt poolings of two steps: a lifting scheme, and what M2ETP made of it."""

from typing import Tuple

import torch
from torch import nn

from cslrkit.errors import DataError

# Names of the two penalties: how far the pooled steps are from the odd ones, and what could not be predicted.
LIFT_PENALTIES = ('lift_u', 'lift_p')
_KERNEL = 5  # of the weighting


class TemporalLiftPool(nn.Module):
    """Temporal lift pooling: predicts odd steps from even ones, and pools what is common and what is left.

    With even steps e and odd steps o: ``d = o - predictor(e)``, ``s = e + updater(d)``, and the result is
    ``weight1(s) + weight2(d)``. In training, ``penalties`` holds the two norms ``||s - o||`` and ``||d||`` of the last
    batch, padded steps included, until the neck takes them.

    Source: "Temporal Lift Pooling for Continuous Sign Language Recognition" (ECCV 2022),
    hulianyuyy/Temporal-Lift-Pooling 21be215 ``modules/tconv.py``; names of parameters are the same. The weighting
    normalizes over the time of a clip with its padding, so logits depend on how far a clip is padded.

    Args:
        channels: Channels C.

    Shape:
        (N, C, T) to (N, C, T / 2), rounded down.

    Raises:
        DataError: In training, for clips of fewer than 4 steps, which leave a single one to normalize over.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.predictor = _filter(channels)
        self.updater = _filter(channels)
        self.weight1 = _LocalWeighting(channels)
        self.weight2 = _LocalWeighting(channels)
        self.penalties: Tuple[torch.Tensor, ...] = ()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the pooled steps."""
        if self.training and x.shape[-1] < 4:
            raise DataError(
                f'TemporalLiftPool: got clips of {x.shape[-1]} steps, expected at least 4 in training. Leave out such '
                'clips or take a shorter kernel spec.'
            )
        smooth, update, detail = self.lift(x)
        if self.training:
            self.penalties = (update.float().norm(), detail.float().norm())
        return self.weight1(smooth) + self.weight2(detail)

    def lift(self, x: torch.Tensor) -> Tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return s, s - o and d, each (N, C, T / 2)."""
        even, odd = _even_and_odd(x)
        detail = odd - self.predictor(even)
        smooth = even + self.updater(detail)
        return smooth, smooth - odd, detail


class TemporalEnhancedPool(nn.Module):
    """Enhanced temporal pooling: even and odd steps each take from the other what a filter makes of them.

    With even steps e and odd steps o: ``weight1(e + filter1(o)) + weight2(o + filter2(e))``; no penalties.

    Source: a description of xhonghu/M2ETP-master 4e90f80 ``modules/tconv.py``; filters and weights are those of
    :class:`TemporalLiftPool`.

    Args:
        channels: Channels C.

    Shape:
        (N, C, T) to (N, C, T / 2), rounded down.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.filter1 = _filter(channels)
        self.filter2 = _filter(channels)
        self.weight1 = _LocalWeighting(channels)
        self.weight2 = _LocalWeighting(channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the pooled steps."""
        even, odd = _even_and_odd(x)
        return self.weight1(even + self.filter1(odd)) + self.weight2(odd + self.filter2(even))


class _LocalWeighting(nn.Module):
    """``z + z (sigmoid(norm(conv(z))) - 0.5)``; starts from a factor that knows nothing of z."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(channels, channels, _KERNEL, padding=_KERNEL // 2)
        self.insnorm = nn.InstanceNorm1d(channels, affine=True)
        nn.init.zeros_(self.conv.weight)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Weigh each step."""
        weights = self.conv(z)
        # torch refuses to normalize a single step, which a short clip is reduced to; it is its own mean.
        alone = weights.shape[-1] == 1
        weights = self.insnorm.bias[:, None] + 0 * weights if alone else self.insnorm(weights)
        return z + z * (weights.sigmoid() - 0.5)


def _even_and_odd(x: torch.Tensor) -> Tuple[torch.Tensor, torch.Tensor]:
    pairs = x[..., : x.shape[-1] // 2 * 2].unflatten(-1, (-1, 2))
    return pairs[..., 0], pairs[..., 1]


def _filter(channels: int) -> nn.Sequential:
    """A predictor or an updater; starts from a result that is the same at all steps."""
    pointwise = nn.Conv1d(channels, channels, 1)
    nn.init.zeros_(pointwise.weight)
    depthwise = nn.Conv1d(channels, channels, 3, padding=1, groups=channels)
    return nn.Sequential(depthwise, nn.ReLU(inplace=True), pointwise, nn.Tanh())
