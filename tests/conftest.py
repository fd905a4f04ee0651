"""What tests of several parts share."""

import gc
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from corpus_files import entry, write_annotation, write_frames
from memory import release_memory
from tool_server import ToolServer

REPO = Path(__file__).parents[1]
# Tests that compute with two threads run beside another process of tests: a thread that waits for the other one sleeps
# instead of taking a processor. It is read when torch is first imported.
os.environ.setdefault('OMP_WAIT_POLICY', 'passive')


def pytest_collection_modifyitems(items):
    """Run the files with most slow tests first: what is long and begins late leaves the other process idle."""
    slow = Counter(item.path for item in items if item.get_closest_marker('slow'))
    items.sort(key=lambda item: -slow[item.path])  # stable: files and their tests keep their order otherwise


@pytest.fixture
def corpus(tmp_path):
    """A corpus of two samples, 3 and 5 frames, in the generic layout."""
    write_annotation(tmp_path, [entry('a'), entry('b', label='WIND')])
    write_frames(tmp_path / 'a', 3)
    write_frames(tmp_path / 'b', 5)
    return tmp_path


@pytest.fixture(autouse=True, scope='module')
def _memory_between_files():
    """What the tests of a file used is the system's again before those of the next."""
    yield
    release_memory()
    gc.freeze()  # what is left are modules: looking through them takes a fifth of a second each time


@pytest.fixture(scope='session')
def tiny_corpus(tmp_path_factory):
    """A synthetic corpus in the layout of PHOENIX 2014, prepared."""
    from cslrkit.corpora.synthsign import make_corpus

    root = tmp_path_factory.mktemp('tiny')
    make_corpus(root, preset='tiny', size=(112, 112), progress=False)
    return root


@pytest.fixture(scope='session')
def tiny_config(tmp_path_factory, tiny_corpus):
    """A config that trains a very small SlowFast on the tiny corpus in seconds."""
    path = tmp_path_factory.mktemp('configs') / 'tiny.py'
    path.write_text(
        f"""
_base_ = '{REPO / 'configs/slowfast/synthsign.py'}'
data_root = '{tiny_corpus}'
model = dict(backbone=dict(width=8), neck=dict(hidden_size=32))
train_dataloader = dict(batch_size=2, num_workers=0, persistent_workers=False)
val_dataloader = dict(batch_size=2, num_workers=0, persistent_workers=False)
test_dataloader = dict(batch_size=2, num_workers=0, persistent_workers=False)
train_cfg = dict(max_epochs=2, val_interval=1)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.05, begin=0, end=1, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', eta_min_ratio=0.01, begin=1, convert_to_iter_based=True),
]
default_hooks = dict(checkpoint=dict(interval=1), console=dict(interval=0))
"""
    )
    return path


@pytest.fixture(scope='session')
def untrained_checkpoint(tiny_config, tmp_path_factory):
    """A checkpoint of a network that was not trained, whose outputs depend on what it sees; in a work directory."""
    import torch

    import cslrkit
    from cslrkit.engine.config import load_config
    from cslrkit.engine.stored_config import config_json
    from cslrkit.registry import MODELS
    from cslrkit.utils.tensor_files import write_tensor_file

    config = load_config(tiny_config)
    torch.manual_seed(0)
    model = MODELS.build(config.model)
    with torch.no_grad():
        for name, value in model.named_parameters():
            if name.startswith('head.classifiers'):
                value.mul_(12)
    path = tmp_path_factory.mktemp('untrained') / 'net.pth'
    meta = dict(cfg=config_json(config), vocab=model.vocab.glosses, cslrkit_version=cslrkit.__version__)
    write_tensor_file(path, model.state_dict(), meta)
    (path.parent / 'best_checkpoint').write_text('net.pth')
    return path


_ENVIRONMENT = {'OMP_NUM_THREADS': '1', 'CSLRKIT_DATA': '/nowhere'}


@pytest.fixture(scope='session')
def tool_server():
    """The process whose forks run the tools; it starts at the first call."""
    servers = []

    def run(*arguments):
        if not servers:
            servers.append(ToolServer({**os.environ, **_ENVIRONMENT}))
        return servers[0].run(*arguments)

    yield run
    for server in servers:
        server.close()


@pytest.fixture
def run_tool(tool_server):
    """Run a script of ``tools/`` as a user would; returns the finished process with its text output.

    With ``prefix`` (another command than Python's) or ``env`` (variables that Python reads when it starts) it is a new
    process, otherwise a fork of one that has imported torch and cslrkit.
    """

    def run(script, *args, check=True, cwd=REPO, prefix=(sys.executable,), env=None):
        script, args = REPO / 'tools' / script, list(map(str, args))
        command = [*map(str, prefix), str(script), *args]
        if env is None and prefix == (sys.executable,):
            done = tool_server(script, args, cwd)
        else:
            environment = {**os.environ, **_ENVIRONMENT, **(env or {})}
            done = subprocess.run(
                command, capture_output=True, text=True, cwd=cwd, env=environment, timeout=600, check=False
            )
        if check:
            assert done.returncode == 0, f'{command}\n{done.stdout}\n{done.stderr}'
        return done

    return run


@pytest.fixture(scope='session')
def chromium():
    """A headless Chromium with its driver, started once; it cannot reach the network. Use ``browser``."""
    webdriver = pytest.importorskip('selenium.webdriver', reason='selenium is not installed')
    programs = {name: shutil.which(name) for name in ('chromium', 'chromedriver')}
    absent = [name for name, path in programs.items() if path is None]
    if absent:
        pytest.skip(f'{" and ".join(absent)} not installed (Debian: apt-get install chromium chromium-driver)')
    options = webdriver.ChromeOptions()
    options.binary_location = programs['chromium']
    for argument in (
        'headless=new',
        'no-sandbox',  # which does not work for root, as in a container
        'disable-dev-shm-usage',
        'disable-gpu',
        'force-device-scale-factor=1',
        'host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1',
    ):
        options.add_argument(f'--{argument}')
    options.set_capability('goog:loggingPrefs', {'browser': 'ALL'})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(programs['chromedriver']))
    driver.set_page_load_timeout(60)
    yield driver
    driver.quit()


@pytest.fixture
def browser(chromium):
    """The Chromium of the session with an empty page, a window of 1280 x 900 and nothing emulated."""
    chromium.get('about:blank')
    chromium.set_window_size(1280, 900)
    chromium.execute_cdp_cmd('Emulation.setEmulatedMedia', {'media': '', 'features': []})
    chromium.get_log('browser')  # empties it
    return chromium
