"""Steps of training, evaluation, preprocessing and decoding on a device, each against the published way on it."""

import contextlib
from functools import partial
from typing import Any, Callable, Dict, List, Optional

import torch

from benchmarks.alternate import alternate
from benchmarks.baseline import to_published
from benchmarks.data import SPEC
from benchmarks.decode import BEAM_WIDTH, TOP_N
from benchmarks.gpu_machine import Machine
from benchmarks.parity.judge_decode import formula_logits
from benchmarks.train_step import make_recognizer
from cslrkit.decoders.beam import BeamDecoder
from cslrkit.engine.optim_wrappers import GuardedAmpOptimWrapper, GuardedOptimWrapper
from cslrkit.models.data_preprocessor import SignDataPreprocessor
from cslrkit.models.recognizers import CSLRRecognizer
from cslrkit.models.recognizers.decoding import as_log_probs
from cslrkit.models.speed import compile_network, prepare_for_inference
from cslrkit.structures.padding import normalize_

ADAM = dict(lr=1e-4, weight_decay=1e-4)


def measure_train(machine: Machine) -> List[Dict[str, Any]]:
    """Training steps: copy to the device, preprocessing, loss, gradients, Adam."""
    rows = []
    for precision, dtype in machine.precisions.items():
        ways = {precision: dict(), f'{precision}, checkpointing': dict(with_cp=True)}
        if machine.is_gpu:
            ways[f'{precision}, compiled'] = dict(compiled=True)
        plain = _published_step(machine, dtype)
        for way, options in ways.items():
            ours = own_step(machine, dtype, **options)
            measured = alternate(machine.finish(plain), {way: machine.finish(ours)}, rounds=machine.rounds)[way]
            memory = dict(baseline_gb=machine.peak(plain), ours_gb=machine.peak(ours))
            rows.append(machine.row(f'training step, {way}', measured, **memory))
    return rows


def _recognizer(machine: Machine, **options: Any) -> CSLRRecognizer:
    sizes = dict(width=machine.width, hidden_size=machine.hidden_size)
    return make_recognizer(machine.depth, prepared=not machine.is_gpu, **sizes, **options).to(machine.device)


def _published_step(machine: Machine, dtype: Optional[str]) -> Callable[[], Any]:
    """As the published code: float frames through the bus, contiguous memory, Adam, autocast with a scaler."""
    model = to_published(_recognizer(machine))
    optimizer = torch.optim.Adam(model.parameters(), **ADAM)
    scaler = torch.amp.GradScaler(machine.device.split(':')[0], enabled=dtype == 'float16')
    data = machine.batch()
    clips = torch.stack([normalize_(clip.contiguous().float(), mean=0.45, std=0.225) for clip in data['inputs']])
    lens = torch.full((machine.clips,), machine.frames)

    def step() -> None:
        optimizer.zero_grad()
        with _autocast(machine, dtype):
            frames = clips.to(machine.device).transpose(1, 2).contiguous().transpose(1, 2)
            losses = model(frames, lens, data['data_samples'], mode='loss')
            total = torch.stack(list(losses.values())).sum()
        total.item()  # the published loop looks at each loss
        scaler.scale(total).backward()
        scaler.step(optimizer)
        scaler.update()

    return step


def own_step(
    machine: Machine,
    dtype: Optional[str],
    *,
    with_cp: bool = False,
    compiled: bool = False,
    frames: Optional[int] = None,
) -> Callable[[], Any]:
    """A training step of the toolkit, as the runner takes it; ``frames`` are those of a clip."""
    model = _recognizer(machine, with_cp=with_cp)
    if compiled:
        compile_network(model.backbone)
    optimizer = torch.optim.Adam(model.parameters(), **ADAM)
    wrapper = GuardedOptimWrapper(optimizer) if dtype is None else GuardedAmpOptimWrapper(optimizer, dtype=dtype)
    return partial(model.train_step, machine.batch(frames=frames), wrapper)


def _autocast(machine: Machine, dtype: Optional[str]) -> contextlib.AbstractContextManager:
    if dtype is None:
        return contextlib.nullcontext()
    return torch.autocast(machine.device.split(':')[0], dtype=getattr(torch, dtype))


def measure_evaluate(machine: Machine) -> List[Dict[str, Any]]:
    """Log-probabilities of a batch of clips, in the same precision."""
    rows = []
    data = machine.batch()
    clips = torch.stack([normalize_(clip.contiguous().float(), mean=0.45, std=0.225) for clip in data['inputs']])
    lens = torch.full((machine.clips,), machine.frames)
    for precision, dtype in machine.precisions.items():
        plain = to_published(_recognizer(machine)).eval()
        ours = {precision: prepare_for_inference(_recognizer(machine), dtype=dtype)}
        if machine.is_gpu:
            ours[f'{precision}, compiled'] = prepare_for_inference(_recognizer(machine), dtype=dtype, compile=True)

        @torch.no_grad()
        def published(plain=plain, dtype=dtype) -> None:
            with _autocast(machine, dtype):
                frames = clips.to(machine.device).transpose(1, 2).contiguous().transpose(1, 2)
                plain.logits(frames, lens)

        @torch.no_grad()
        def own(model) -> None:
            batch = model.data_preprocessor(data)
            model.log_probs(batch['inputs'], batch['frame_lens'])

        runs = {way: partial(own, model) for way, model in ours.items()}
        timed = alternate(
            machine.finish(published), {way: machine.finish(run) for way, run in runs.items()}, rounds=machine.rounds
        )
        for way, measured in timed.items():
            memory = dict(baseline_gb=machine.peak(published), ours_gb=machine.peak(runs[way]))
            rows.append(machine.row(f'evaluation, {way}', measured, **memory))
    return rows


def measure_preprocess(machine: Machine) -> List[Dict[str, Any]]:
    """From clips in memory to a normalized batch on the device."""
    data, preprocessor = machine.batch(), SignDataPreprocessor(temporal_spec=SPEC).to(machine.device)

    def published() -> None:
        floats = [normalize_(clip.contiguous().float(), mean=0.45, std=0.225) for clip in data['inputs']]
        torch.stack(floats).to(machine.device)

    runs = {'ours': machine.finish(partial(preprocessor, data))}
    return [machine.row('preprocessing', alternate(machine.finish(published), runs, rounds=machine.rounds)['ours'])]


def measure_decode(machine: Machine) -> List[Dict[str, Any]]:
    """Beam search of 64 sentences where the logits are, against the same on the CPU."""
    sentences = 64 if machine.is_gpu else 4
    logits = as_log_probs(formula_logits(seed=1, batch=sentences, steps=50, symbols=1296, kind='peaky'))
    decoder, lengths = BeamDecoder(BEAM_WIDTH, TOP_N), [50] * sentences
    here = logits.to(machine.device)
    runs = {'device': machine.finish(lambda: decoder(here, lengths))}
    measured = alternate(lambda: decoder(logits, lengths), runs, rounds=machine.rounds)['device']
    note = f'{1e3 * measured.ours_s / sentences:.2f} ms a sentence'
    return [machine.row(f'beam search of {sentences} sentences, against the CPU', measured, note=note)]
