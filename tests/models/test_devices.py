"""Networks on a device that is not the CPU: nothing is on the wrong one, and the CPU waits where it has to only.

No GPU is needed: a process of its own gives PyTorch a second device (tests/helpers/second_device.py).
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch.utils import backend_registration

REPO = Path(__file__).parents[2]
FAMILIES = {path.parent.name: path for path in sorted(REPO.glob('configs/*/*synthsign.py'))}
del FAMILIES['curriculum']  # trains the network of slowfast
del FAMILIES['restoration']  # recognizes nothing
# Where a training step waits for the device: once before the backward pass for the log's losses, and then for what
# is decided from them; after it for the norm by which gradients were clipped, which mmengine logs.
TRAINING_WAITS = {
    'models/recognizers/cslr_recognizer.py:parse_losses',
    'engine/optim_wrappers.py:finite_on_all_ranks',
    'engine/optim_wrappers.py:update_params',
}

pytestmark = pytest.mark.slow


def run_checks(device, **environment):
    """What tests/helpers/device_checks.py says of one network of each family."""
    command = [sys.executable, str(REPO / 'tests/helpers/device_checks.py'), device, *map(str, FAMILIES.values())]
    environment = {**os.environ, 'PYTHONPATH': str(REPO), **environment}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=REPO)
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout)


def assert_like_the_cpu(result):
    (expected, expected_heat, expected_loss), (found, heat, loss) = (result[key] for key in ('expected', 'found'))
    assert found == expected
    assert heat == pytest.approx(expected_heat, rel=1e-3)
    assert loss == pytest.approx(expected_loss, rel=1e-4)


@pytest.fixture(scope='module')
def results():
    if not hasattr(backend_registration, '_setup_privateuseone_for_python_backend'):
        pytest.skip(f'PyTorch {torch.__version__} lets no device be written in Python')
    return run_checks('second')


def test_the_device_notices(results):
    device = results['device']
    assert 'expected all tensors on one device' in device['mixed']
    assert (device['in_background'], device['after_copy'], device['after_branch']) == (0, 1, 2)


@pytest.mark.parametrize('family', FAMILIES)
def test_results_are_those_of_the_cpu(results, family):
    assert_like_the_cpu(results['configs'][str(FAMILIES[family])])


@pytest.mark.parametrize('family', FAMILIES)
def test_waits_for_the_device(results, family):
    waits = results['configs'][str(FAMILIES[family])]
    assert waits['train_waits'] == dict.fromkeys(TRAINING_WAITS, 1)
    assert {place for place in waits['eval_waits'] if not place.startswith('decoders/')} == set()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a GPU')
def test_results_of_a_gpu_are_those_of_the_cpu():
    for result in run_checks('cuda', NVIDIA_TF32_OVERRIDE='0')['configs'].values():
        assert_like_the_cpu(result)
