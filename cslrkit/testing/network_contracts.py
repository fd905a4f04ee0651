"""The contracts of backbone, neck, head and loss."""

from typing import Any, Dict, Optional, Sequence

import torch
from torch import nn

from cslrkit.models.backbones.example import map_media, random_clips, shapes_of
from cslrkit.registry import BACKBONES, HEADS, LOSSES, NECKS, accepted_arguments
from cslrkit.structures import stream_specs
from cslrkit.structures.temporal_spec import TemporalSpec
from cslrkit.testing.contract import NUM_CLASSES, Allowed, Case, Cfg, Cls, describe
from cslrkit.testing.module_clauses import MODULE, STATE, check_alone, check_module, check_state

Ints = Sequence[int]
Sizes = Sequence[Ints]
Channels = Optional[Dict[str, int]]

_BACKBONE = {
    'stream_specs': "a dict such as {'main': StreamSpec(512)}. Set it in __init__: neck and head are sized from it.",
    'streams': 'the streams. Return every stream by its name.',
    'shapes': '(N, C, T). Give a feature for each frame: pool over space, and upsample what was strided in time.',
    'finite': 'finite features. Look for a division by zero, sqrt(0) or log(0).',
    'padding invariance': 'equal features. Mix nothing over the batch: check reshapes and statistics of dimension 0.',
    **MODULE,
}
_NECK = {
    'attributes': 'another one. Set it in __init__: the head and the padding of clips are sized from it.',
    'streams': 'main alone, equal to that of all. Return all by name, or what is asked for: testing asks for main.',
    'shapes': "(N, D, T'). T' is temporal_spec.feat_len of the longest padded clip, D what out_channels says.",
    'lengths': 'int64. Return temporal_spec.feat_len(frame_lens).',
    'padding invariance': 'equal steps within its length. Mask what is beyond it, or do not pad convolutions.',
    **MODULE,
}
_HEAD = {
    'attributes': 'another one. Set it on the class or in __init__: losses, decoder and metric name logits by it.',
    'streams': 'main alone, equal to that of all. Return and name the logits of what is given: testing gives main.',
    'shapes': "(N, T', V). Put the batch first, and keep the T' of the input.",
    'padding invariance': 'equal logits within its length. Pack the sequences or mask the steps beyond feat_lens.',
    **MODULE,
}
_LOSS = {
    'attributes': 'another one. Derive the class from cslrkit.models.losses.BaseLoss, which sets it.',
    'sources': 'a value. Name every logits that it reads in sources.',
    'scalar': 'a finite float32 tensor of shape (). Reduce over clips and steps, in float32: logits.float().',
    'weight': 'the same value, and the attribute weight changed. Leave the multiplication to the recognizer.',
    'padding invariance': 'the same value. Leave steps from feat_lens on out of sums and means.',
    'dtype': 'a finite float32 tensor of shape (). Compute in float32: logits.float().',
    **STATE,  # CTC knows no other device than the real ones
}


def check_backbone(
    cls: Cls, cfg: Cfg = None, *, frames: Ints = (8, 9), sizes: Sizes = ((32, 32), (40, 48)), allow: Allowed = ()
) -> None:
    """Check that a class keeps the contract of a backbone; all that is wrong is said at once.

    It takes clips (N, 3, T, H, W), or what :func:`~cslrkit.models.backbones.example.example_input` says, and gives a
    dict of streams (N, C_i, T) as its attribute ``stream_specs`` says (``out_channels`` alone, as in 0.1.0, will do).

    Args:
        cls: The class, or the name of a registered one.
        cfg: Arguments, as a config gives them; small ones make the check quick.
        frames: Lengths of clips to try.
        sizes: Heights and widths to try, in pixels.
        allow: Clauses that the class breaks by intent, e.g. ``('padding invariance',)``.

    Raises:
        ContractError: With every finding.
        ConfigError: For a name that is not registered, or an unknown clause in ``allow``.
    """
    with Case(BACKBONES, cls, cfg, _BACKBONE, allow) as case:
        backbone = case.start(nn.Module)
        with case.trying('stream_specs', 'the attribute stream_specs'):
            specs = stream_specs(backbone)
        case.stop_if_broken()
        for length, clips in [(length, random_clips(backbone, length, size)) for size in sizes for length in frames]:
            with case.trying('shapes', f'clips {shapes_of(clips)}', do='Take clips of any length and size.'):
                outputs = case.evaluate(backbone, clips)
                expected = {name: (2, spec.channels, spec.steps(length)) for name, spec in specs.items()}
                if _expect_streams(case, outputs, expected, '(N, C, T)', 'stream_specs'):
                    for name, output in outputs.items():
                        case.expect(output.isfinite().all(), f'NaN or infinity in {name}', clause='finite')
        case.stop_if_broken()
        case.inputs = (random_clips(backbone, frames[-1], sizes[0]),)
        batch = case.evaluate(backbone)
        for index in range(2):
            with case.trying('padding invariance', f'clip {index} alone and in a batch of 2, in evaluation mode'):
                alone = case.evaluate(backbone, map_media(case.inputs[0], lambda each, at=index: each[at : at + 1]))
                case.same(alone, {stream: output[index : index + 1] for stream, output in batch.items()})
        check_module(case)


def check_neck(cls: Cls, cfg: Cfg = None, *, in_channels: Channels = None, allow: Allowed = ()) -> None:
    """Check that a class keeps the contract of a neck; arguments and errors as for :func:`check_backbone`.

    It takes the backbone's streams (N, C_i, T) with the padded lengths of the clips in frames, and gives
    streams (N, D, T') with their lengths in steps, int64 (N,). Its attributes ``out_channels`` and
    ``streams`` say which (``main`` first), ``temporal_spec`` how lengths change. Steps within a clip's length
    do not depend on what follows the clip. ``streams=('main',)`` computes that one alone. ``in_channels`` are those of
    the backbone's streams (two by default).
    """
    channels = dict(in_channels or {'slow': 8, 'fast': 4})
    with Case(NECKS, cls, cfg, _NECK, allow, in_channels=channels) as case:
        neck = case.start(nn.Module)
        case.require_attributes(
            neck,
            streams=(lambda v: isinstance(v, tuple) and v[:1] == ('main',), "a tuple that begins with 'main'"),
            out_channels=(lambda v: isinstance(v, dict), 'a dict of stream to channels'),
            temporal_spec=(lambda v: isinstance(v, TemporalSpec), 'a TemporalSpec'),
        )
        out, spec = neck.out_channels, neck.temporal_spec
        right = set(out) == set(neck.streams) and all(type(size) is int and size > 0 for size in out.values())
        case.expect(right, describe(out), f'ints for {sorted(neck.streams)}', at='out_channels', clause='attributes')
        case.stop_if_broken()
        case.inputs = _, frame_lens = _streams(channels, [spec.frame_len(count) for count in (23, 18, 9)])
        with case.trying('shapes', f'streams of {frame_lens[0]} frames'):
            feat_lens = spec.feat_len(frame_lens)
            outputs, lens = case.evaluate(neck)
            right = isinstance(lens, torch.Tensor) and lens.dtype == torch.int64 and torch.equal(lens, feat_lens)
            rule = f'{feat_lens.tolist()} (torch.int64), as temporal_spec.feat_len gives for {frame_lens.tolist()}'
            case.expect(right, f'{describe(lens)}, {lens}', rule, at='the second result, feat_lens', clause='lengths')
            expected = {name: (len(frame_lens), count, int(feat_lens.max())) for name, count in out.items()}
            _expect_streams(case, outputs, expected, "(N, D, T')", 'the attribute streams')
        case.stop_if_broken()
        check_alone(case, neck, 'frames', 2, feat_lens.tolist())
        with case.trying('streams', "forward(..., streams=('main',))", do='Take streams as a keyword argument.'):
            case.same(case.evaluate(neck, *case.inputs, streams=('main',))[0], {'main': outputs['main']})
        check_module(case)


def check_head(cls: Cls, cfg: Cfg = None, *, in_channels: Channels = None, allow: Allowed = ()) -> None:
    """Check that a class keeps the contract of a head; arguments and errors as for :func:`check_backbone`.

    It takes the neck's streams (N, D, T') with their lengths in steps, and gives logits (N, T', V) by name.
    Its attributes ``logit_names`` (all names it can give, ``<kind>/<stream>``), ``primary`` and ``auxiliary``
    (of the main stream) say which. Logits within a clip's length do not depend on what follows it. Given only
    ``main``, it gives the logits of main alone. ``in_channels`` are those of the neck's streams (three by default).
    """
    channels = dict(in_channels or {'main': 8, 'slow': 8, 'fast': 8})
    with Case(HEADS, cls, cfg, _HEAD, allow, in_channels=channels, num_classes=NUM_CLASSES) as case:
        head = case.start(nn.Module)
        names = getattr(head, 'logit_names', ())
        main = [name for name in names if str(name).endswith('/main')]
        named = isinstance(names, tuple) and all(isinstance(name, str) and '/' in name for name in names)
        case.require_attributes(
            head,
            logit_names=(lambda v: named and main, "a tuple of names such as 'seq/main', one of main at least"),
            primary=(lambda v: v in main, f'a name of main, one of {main}'),
            auxiliary=(lambda v: v in (None, *main), f'None or one of {main}'),
        )
        case.inputs = feats, lengths = _streams(channels, (9, 6, 1))
        with case.trying('shapes', f'streams of {lengths[0]} steps'):
            logits = case.evaluate(head)
            expected = dict.fromkeys(names, (len(lengths), int(lengths[0]), NUM_CLASSES))
            _expect_streams(case, logits, expected, "(N, T', V)", 'logit_names')
        case.stop_if_broken()
        check_alone(case, head, 'steps', 1, lengths.tolist())
        with case.trying('streams', 'the main stream alone', do='Compute the streams that are given, not all.'):
            case.same(case.evaluate(head, {'main': feats['main']}, lengths), {name: logits[name] for name in main})
        check_module(case)


def check_loss(cls: Cls, cfg: Cfg = None, *, allow: Allowed = ()) -> None:
    """Check that a class keeps the contract of a loss; arguments and errors as for :func:`check_backbone`.

    It takes logits (N, T', V) by name, their lengths and the targets, and gives one number that is not
    multiplied by its ``weight``. Its attributes ``name``, ``weight`` and ``sources`` (the logits it reads) say
    how it is used. What follows a clip's length plays no part. Its value is float32 whatever the logits are.
    Distillation as published counts padded steps, which is ``allow=('padding invariance',)``.
    """
    with Case(LOSSES, cls, cfg, _LOSS, allow) as case:
        loss = case.start(nn.Module)
        case.require_attributes(
            loss,
            name=(lambda v: isinstance(v, str) and v not in ('', 'loss'), "a name other than 'loss'"),
            weight=(lambda v: isinstance(v, (int, float)) and v >= 0, 'a number that is not negative'),
            sources=(lambda v: v and all('/' in name for name in v), "names such as 'seq/main'"),
        )
        lengths, targets = torch.tensor((12, 9, 7)), [torch.tensor(ids) for ids in ((1, 2, 2), (3,), (2, 4))]
        logits = {name: torch.randn(3, 12, NUM_CLASSES) for name in loss.sources}
        case.inputs = (logits, lengths, targets)
        with case.trying('sources', f'logits {sorted(logits)}', do='Name every logits that it reads in sources.'):
            value = case.evaluate(loss)
            _expect_scalar(case, value, clause='scalar')
        case.stop_if_broken()
        with case.trying('weight', 'the value with weight=3.0', do='Take the argument weight and hand it to BaseLoss.'):
            if 'weight' in (accepted_arguments(case.cls) or {'weight'}):
                heavier = case.build(weight=3.0)
                case.expect(heavier.weight == 3.0, heavier.weight, '3.0', at='the attribute weight')
                case.same(value, case.evaluate(heavier))
        with case.trying('padding invariance', 'the value with other logits after the end of each clip'):
            noise = 3 * torch.randn(3, 17, NUM_CLASSES) * (torch.arange(17) >= lengths[:, None])[..., None]
            longer = {name: nn.functional.pad(values, (0, 0, 0, 5)) + noise for name, values in logits.items()}
            case.same(value, case.evaluate(loss, longer, lengths, targets))
        check_state(case)
        with case.trying('dtype', 'logits in bfloat16', do='Compute in float32: logits.float().'):
            halved = {name: values.bfloat16() for name, values in logits.items()}
            _expect_scalar(case, case.evaluate(loss, halved, lengths, targets))


def _expect_scalar(case: Case, value: Any, clause: str = '') -> None:
    right = isinstance(value, torch.Tensor) and value.dim() == 0 and value.dtype == torch.float32
    case.expect(right and value.isfinite(), float(value) if right else describe(value), clause=clause)


def _streams(channels: Dict[str, int], lengths: Ints) -> tuple:
    """Random features (N, C, T) of each stream, and their lengths."""
    feats = {name: torch.randn(len(lengths), count, max(lengths)) for name, count in channels.items()}
    return feats, torch.tensor(list(lengths))


def _expect_streams(case: Case, result: Any, shapes: Dict[str, tuple], form: str, named_by: str) -> bool:
    """Expect a dict of tensors of ``shapes``; whether it is one."""
    named, rule = isinstance(result, dict) and set(result) == set(shapes), f'a dict of {named_by}, {sorted(shapes)}'
    if not case.expect(named, describe(result), rule, at='the result', clause='streams'):
        return False
    right = {name: getattr(result[name], 'shape', None) == shape for name, shape in shapes.items()}
    for name, shape in shapes.items():
        case.expect(right[name], describe(result[name]), f'{form} = {shape}', at=f"'{name}'", clause='shapes')
    return all(right.values())
