"""Exported files give what their checkpoint gives, and need nothing else."""

import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate

from cslrkit.apis import CSLRInferencer, init_recognizer
from cslrkit.apis.export import ExportedRecognizer, export_model
from cslrkit.errors import CheckpointError, ConfigError
from cslrkit.structures import SignDataSample

pytest.importorskip('onnxruntime', reason='onnxruntime is not installed')
pytest.importorskip('onnxscript', reason='onnxscript is not installed')


@pytest.fixture(scope='module', params=['onnx', 'pt2'])
def exported(request, untrained_checkpoint, tmp_path_factory):
    """The untrained network, exported."""
    path = tmp_path_factory.mktemp('exported') / f'net.{request.param}'
    assert export_model(untrained_checkpoint, path) < 1e-4
    return path


@pytest.fixture(scope='module')
def checkpoint_inferencer(untrained_checkpoint):
    """Inference with the checkpoint."""
    return CSLRInferencer(untrained_checkpoint)


def clips_of(lengths, size):
    """Clips of noise, packed."""
    random = torch.Generator().manual_seed(0)
    clips = [torch.randint(0, 256, (length, 3, size, size), generator=random, dtype=torch.uint8) for length in lengths]
    return [dict(inputs=clip, data_samples=SignDataSample()) for clip in clips]


@pytest.mark.slow
@pytest.mark.parametrize('lengths', [(3,), (40,), (33, 18, 7), (9, 9)])
def test_log_probs_are_those_of_the_checkpoint(exported, untrained_checkpoint, lengths):
    found = []
    for model in (ExportedRecognizer(exported), init_recognizer(untrained_checkpoint, device='cpu')[0]):
        samples = clips_of(sorted(lengths, reverse=True), 64)  # the order in which the checkpoint's batch has them
        batch = model.data_preprocessor(pseudo_collate(samples))
        with torch.no_grad():
            log_probs, steps = model.log_probs(batch['inputs'], batch['frame_lens'], outputs=['seq/main'])
        found.append([rows[:count] for rows, count in zip(log_probs['seq/main'], steps.tolist())])
    for one, other in zip(*found):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-4)


@pytest.mark.slow
def test_a_clip_of_one_frame_has_one_step(exported):
    model = ExportedRecognizer(exported)
    batch = model.data_preprocessor(pseudo_collate(clips_of((1,), 64)))
    assert model.log_probs(batch['inputs'], batch['frame_lens'])[1].tolist() == [1]


@pytest.mark.slow
def test_results_are_those_of_the_checkpoint(exported, checkpoint_inferencer):
    inferencer = CSLRInferencer(exported)
    assert inferencer.spec == checkpoint_inferencer.spec
    video = np.random.default_rng(0).integers(0, 256, (90, 112, 112, 3), np.uint8)
    options = dict(window=1.6, overlap=0.6, batch_size=2, nbest=2)
    result, expected = inferencer(video, **options)[0], checkpoint_inferencer(video, **options)[0]
    assert len(expected.spans) > 1
    places = [[(span.gloss, span.frames, span.times) for span in each.spans] for each in (result, expected)]
    assert places[0] == places[1]
    confidences = [[span.confidence for span in each.spans] for each in (result, expected)]
    np.testing.assert_allclose(*confidences, atol=1e-4)
    assert [entry.gloss_ids for entry in result.hyp.nbest] == [entry.gloss_ids for entry in expected.hyp.nbest]


@pytest.mark.slow
def test_a_file_that_is_cut_off_is_named(exported, tmp_path):
    short = tmp_path / exported.name
    short.write_bytes(exported.read_bytes()[:-2000])
    with pytest.raises(CheckpointError, match=f"'{short}' (cannot be read .* Is it complete|does not say)"):
        CSLRInferencer(short)


@pytest.mark.slow
def test_what_an_export_fixed_cannot_be_changed(exported):
    with pytest.raises(ConfigError, match='compile'):
        CSLRInferencer(exported, compile=True)
    with pytest.raises(ConfigError, match="expected 'cpu'"):
        CSLRInferencer(exported, device='cuda:0')


def test_an_onnx_file_of_others_is_named(tmp_path):
    import onnx
    from onnx import TensorProto, helper

    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ('a', 'b')]
    graph = helper.make_graph([helper.make_node('Neg', ['a'], ['b'])], 'other', value[:1], value[1:])
    path = tmp_path / 'other.onnx'
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 18)], ir_version=10)
    onnx.save(model, path)
    with pytest.raises(CheckpointError, match=f"'{path}' does not say its vocabulary .* tools/export.py"):
        CSLRInferencer(path)


def test_wrong_files_are_named(untrained_checkpoint, tmp_path):
    with pytest.raises(CheckpointError, match='does not exist'):
        CSLRInferencer(tmp_path / 'none.onnx')
    with pytest.raises(ConfigError, match=r"ends in \.onnx or \.pt2, got 'net\.bin'"):
        export_model(untrained_checkpoint, tmp_path / 'net.bin')
    with pytest.raises(ConfigError, match=r'expected one that ends in \.pt2'):
        export_model(untrained_checkpoint, tmp_path / 'net.onnx', format='torch')


def test_a_network_that_cannot_be_traced_is_named(untrained_checkpoint, tmp_path, monkeypatch):
    from cslrkit.models.backbones.slowfast import SlowFast

    def forward(self, x):
        return {name: x.new_ones(1, spec.channels, int(x.sum())) for name, spec in self.stream_specs.items()}

    monkeypatch.setattr(SlowFast, 'forward', forward)
    monkeypatch.setattr('cslrkit.models.speed.inference.fold_batch_norms', lambda model: [])
    with pytest.raises(ConfigError, match=r'\(SlowFast, .*\) cannot be exported'):
        export_model(untrained_checkpoint, tmp_path / 'net.pt2')
    assert not list(tmp_path.iterdir())
