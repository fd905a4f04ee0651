"""The losses of the published recipes as config entries."""

from typing import Any, Dict, List, Mapping

from cslrkit.errors import ConfigError

# Published weight name -> loss of one stream, without the stream.
_KINDS: Dict[str, Dict[str, Any]] = {
    'SeqCTC': dict(type='CTCLoss', source='seq/{stream}', name='seq_ctc_{stream}'),
    'ConvCTC': dict(type='CTCLoss', source='conv/{stream}', name='conv_ctc_{stream}'),
    'Dist': dict(
        type='SeqKDLoss',
        source='conv/{stream}',
        teacher='seq/{stream}',
        temperature=8.0,
        use_blank=False,
        name='dist_{stream}',
    ),
    'Cu': dict(type='PenaltyLoss', source='lift_u/{stream}', name='lift_u_{stream}'),
    'Cp': dict(type='PenaltyLoss', source='lift_p/{stream}', name='lift_p_{stream}'),
}
_STREAMS = {'Slow': 'slow', 'Fast': 'fast'}


def published_losses(weights: Mapping[str, float], *, stream: str = 'main') -> List[Dict[str, Any]]:
    """Return the losses that SlowFastSign sums for its ``loss_weights``.

    The weight of an auxiliary stream multiplies that of each main loss (kaistmm/SlowFastSign 37d1b6c,
    ``slr_network_multi.py``).

    Args:
        weights: ``SeqCTC``, ``ConvCTC`` and ``Dist`` of the main stream, ``Cu`` and ``Cp`` of its liftings;
            ``Slow`` and ``Fast``.
        stream: Another stream in the place of the main one.

    Raises:
        ConfigError: For another name.

    Examples:
        >>> losses = published_losses(dict(SeqCTC=1.0, Dist=25.0, Slow=0.25))
        >>> {loss['name']: loss['weight'] for loss in losses}
        {'seq_ctc_main': 1.0, 'dist_main': 25.0, 'seq_ctc_slow': 0.25, 'dist_slow': 6.25}
    """
    unknown = [name for name in weights if name not in _KINDS and name not in _STREAMS]
    if unknown:
        raise ConfigError(f'got the loss weight {unknown[0]!r}, expected some of {[*_KINDS, *_STREAMS]}.')
    factors = {stream: 1.0, **{own: weights[name] for name, own in _STREAMS.items() if name in weights}}
    return [
        dict(_of_stream(_KINDS[kind], name), weight=factor * weights[kind])
        for name, factor in factors.items()
        for kind in _KINDS
        if kind in weights
    ]


def _of_stream(loss: Mapping[str, Any], stream: str) -> Dict[str, Any]:
    return {key: value.format(stream=stream) if isinstance(value, str) else value for key, value in loss.items()}
