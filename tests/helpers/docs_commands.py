"""Checking commands of the pages without running them, and running those of the tools in small."""

import argparse
import itertools
import json
import multiprocessing
import os
import re
import runpy
import sys
from dataclasses import replace
from pathlib import Path
from typing import Dict, List, Optional, Tuple

import pytest
from docs_pages import REPO, Command

from cslrkit.utils.shipped import command_name

_SAMPLE = re.compile(r'\d\d[A-Z][a-z]+_20\d\d_[A-Z][a-z]+_[a-z]+_default-\d+')

# What makes a training run of a synthetic config a matter of seconds.
_SMALL = {
    'train_cfg.max_epochs': 1,
    'train_dataloader.num_workers': 0,
    'val_dataloader.num_workers': 0,
    'test_dataloader.num_workers': 0,
    'train_dataloader.batch_size': 2,
    'model.neck.hidden_size': 16,
}


class Parsed(BaseException):
    """Ends a tool after it has read its arguments."""


def find_tool(words: List[str]) -> Tuple[Optional[Path], List[str]]:
    """Return the script and arguments of ``python tools/X.py ...``, ``cslrkit X ...`` or a launcher's command."""
    if words[0] == 'torchrun':
        words = list(itertools.dropwhile(lambda word: word.startswith('--'), words[1:]))
        words = ['python', *words]
    if words[0] == 'python' and words[1:3] == ['-m', 'cslrkit']:
        words = ['cslrkit', *words[3:]]
    if words[:3] == ['python', '-m', 'benchmarks']:
        return Path('benchmarks', '__main__.py'), words[3:]
    if words[0] in ('python', 'bash') and len(words) > 1:
        return Path(words[1].replace('path/to/cslrkit/', '')), words[2:]
    if words[0] == 'cslrkit' and len(words) > 1:
        tools = (path for path in sorted(REPO.glob('tools/**/*.*')) if path.suffix in ('.py', '.sh'))
        found = [path for path in tools if command_name(path.relative_to(REPO / 'tools')) == words[1]]
        return (found[0].relative_to(REPO) if found else Path(words[1])), words[2:]
    return None, []


def parse_arguments(script: Path, arguments: List[str], *, load: bool) -> None:
    """Let a tool read its arguments, and load the config that they name; raises what the tool raises."""
    if script.suffix == '.sh':
        test = script.name == 'dist_test.sh'
        skipped = {'dist_train.sh': (1,), 'dist_test.sh': (2,), 'slurm_train.sh': (0, 1, 3)}[script.name]
        arguments = [word for index, word in enumerate(arguments) if index not in skipped]
        script = Path('tools', 'test.py' if test else 'train.py')
    original = argparse.ArgumentParser.parse_args

    def parse(self, *given, **named):
        raise Parsed(original(self, *given, **named))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(argparse.ArgumentParser, 'parse_args', parse)
        patch.setattr(sys, 'argv', [str(script), *arguments])
        try:
            runpy.run_path(str(script), run_name='__main__')
        except Parsed as end:
            found = end.args[0]
        else:
            raise ValueError('it does not read its arguments')
    if load and getattr(found, 'config', None):
        from cslrkit.engine.config import load_config

        load_config(found.config, getattr(found, 'cfg_options', None))


def inspect(command: Command, *, load: bool = True) -> Optional[str]:
    """Return what is wrong with a command that can be seen without running it."""
    words = command.words
    if not words:
        return None
    program = words[0]
    if program in ('export', '.', 'tensorboard'):
        return None
    if program == 'make':
        targets = re.findall(r'^([\w-]+):', (REPO / 'Makefile').read_text(), re.MULTILINE)
        unknown = [word for word in words[1:] if '=' not in word and word not in targets]
        return f'the Makefile has no {unknown}' if unknown else None
    if program == 'pip':
        return inspect_install([word for word in words[2:] if not word.startswith('-')], REPO)
    if program == 'pytest':
        return None if all((REPO / word).exists() or not load for word in words[1:]) else 'there is no such folder'
    script, arguments = find_tool(words)
    if script is None:
        return f'{program!r} is no program that the pages use'
    if not script.is_file():
        return f"there is no '{script}'" if load or script.parts[0] == 'tools' else None
    if script.parts[0] not in ('tools', 'benchmarks'):  # a file that the page shows: running it is all that can be done
        return None
    try:
        parse_arguments(script, arguments, load=load)
    except (Exception, SystemExit) as error:
        return f'its arguments are refused: {error!r}'
    return None


def inspect_install(names: List[str], folder: Path) -> Optional[str]:
    """Return what is wrong with the arguments of ``pip install``."""
    setup = (folder / 'setup.py').read_text(encoding='utf-8')
    for name in names:
        package, _, extras = name.partition('[')
        unknown = [extra for extra in extras.rstrip(']').split(',') if extra and f"'{extra}': [" not in setup]
        if unknown:
            return f'setup.py has no extra {unknown}'
        if package.startswith('.') and name not in ('.', './my-plugin') and not (folder / package).is_dir():
            return f"there is no folder '{package}'"
    return None


def execute(words: List[str], log: str) -> None:
    """Run a tool in this process, which was made for it, with small corpora and networks; output goes to ``log``."""
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(file, stream)
    from cslrkit.corpora import synthsign
    from cslrkit.engine import config

    load, make, make_session = config.load_config, synthsign.make_corpus, synthsign.make_session

    def load_small(path, overrides=None):
        text = str(path) + (Path(path).read_text(encoding='utf-8') if os.path.isfile(path) else '')
        small = dict(_SMALL) if 'synthsign' in text else {}
        if 'mska' in text or 'twostream' in text:  # their neck computes nothing
            small.pop('model.neck.hidden_size', None)
        if 'diffusion_prior' in text:
            small = {**{key: small[key] for key in small if key.startswith('train')}, 'model.channels': (8, 8)}
        return load(path, {**(overrides or {}), **small})

    def make_small(root, **options):
        tiny = synthsign.PRESETS['tiny']
        if options.get('seed'):  # a corpus beside that of the quickstart, of which a page takes the test sentences
            tiny = replace(tiny, num_sentences={'train': 8, 'dev': 1, 'test': 10})
        return make(root, **{**options, 'preset': tiny, 'size': (112, 112), 'progress': False})

    def make_short(root, **options):
        return make_session(root, **{**options, 'minutes': 0.05, 'progress': False})

    config.load_config, synthsign.make_corpus, synthsign.make_session = load_small, make_small, make_short
    script, arguments = find_tool(words)
    sys.argv = [str(script), *arguments]
    sys.path.insert(0, str(script.parent))
    runpy.run_path(str(script), run_name='__main__')


class Shell:
    """Runs commands in a folder, each in a process forked from one that has imported what all need."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        clips = json.loads((folder / 'data' / 'synthsign' / 'synthetic.json').read_text())['clips']
        self._samples = {clip['split']: name for name, clip in reversed(list(clips.items()))}  # first of each split
        self._done: Dict[str, Optional[str]] = {}
        self._context = multiprocessing.get_context('forkserver')
        self._context.set_forkserver_preload(['torch', 'cv2', 'mmengine.runner', 'cslrkit.apis', 'cslrkit.models'])

    def run(self, text: str, words: List[str]) -> Optional[str]:
        """Return the output of a command that failed, and None for one that did not."""
        if text not in self._done:
            split = 'dev' if '--split dev' in text else 'test'
            words = [_SAMPLE.sub(self._samples[split], word) for word in words]
            log = self.folder / 'log.txt'
            process = self._context.Process(target=execute, args=(words, str(log)))
            process.start()
            process.join(timeout=300)
            if process.is_alive():
                process.kill()
                process.join()
            self._done[text] = None if process.exitcode == 0 else log.read_text(errors='replace')[-3000:]
        return self._done[text]
