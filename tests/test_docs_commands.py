"""Commands and links of the pages: README.md, docs/*.md and examples/plugin/README.md.

Commands stand in blocks of ``shell`` or ``bash``. One that cannot run here says so where its reader sees it, in a
comment with *needs* or *takes*: after the command, or on a line of its own for all that follows in the block::

    python tools/train.py configs/slowfast/phoenix2014.py      # needs the corpus and a GPU

- Each command: the program, the tool, the ``make`` target or the extra of ``pip install`` exists, a tool takes the
  arguments, and a config that it names loads.
- A tool without such a mark is run to its end, in a folder as the quickstart leaves it behind: synthetic corpora have
  few sentences there (names of samples are replaced by theirs), networks are narrow and train for one epoch. So
  arguments, files and outputs of training commands are real, their results are not. Files that a page shows (a line
  that ends with the file's name and a colon, then a block) are written there first.
- Only looked at: ``make``, ``pip``, ``export``, ``pytest``, ``tensorboard``, launchers, which
  ``tests/tools/test_launchers.py`` runs, what serves until it is stopped, and what ``RUN_ELSEWHERE`` names a test for.
"""

import re
import shutil
from pathlib import Path
from typing import Iterator

import numpy as np
import pytest
from docs_commands import Shell, find_tool, inspect
from docs_pages import PAGES, REPO, read_blocks, read_commands, write_files

# Pages and tools whose commands another test runs, by that test.
RUN_ELSEWHERE = {
    'docs/add_a_component.md': 'tests/tools/test_plugin.py',
    'docs/add_a_corpus.md': 'tests/tools/test_add_a_corpus.py',
    'docs/add_parts.md': 'tests/tools/test_add_parts.py',
    'docs/plugins.md': 'tests/tools/test_plugins_page.py',
    'examples/plugin/README.md': 'tests/tools/test_wheel.py',
    'extract_keypoints.py': 'tests/apis/test_keypoint_archive.py',
    'check_parity.py': 'tests/benchmarks/parity/test_judge_model.py',
}
SERVERS = ('demo.py',)
# Pages whose commands need a package of an extra, by a module of it.
EXTRAS = {'docs/export.md': 'onnxruntime'}

_COMMANDS = re.compile(r'(make|pip|python|cslrkit|torchrun|bash|pytest|export) [\w./\'-]+(?! = )')


def problems(page: Path, name: str, shell: Shell) -> Iterator[str]:
    """Check the commands of a page, and run what is to be run."""
    elsewhere = name in RUN_ELSEWHERE
    write_files(page, shell.folder)
    for command in read_commands(page):
        fault = inspect(command, load=not elsewhere)
        if fault:
            yield f'{name}: `{command.text}`: {fault}'
            continue
        script, _ = find_tool(command.words)
        runs = command.words[0] in ('python', 'cslrkit') and not command.marked and not elsewhere
        if runs and script.name not in (*SERVERS, *RUN_ELSEWHERE):
            output = shell.run(command.text, command.words)
            if output is not None:
                yield f'{name}: `{command.text}` failed:\n{output}'


@pytest.fixture(scope='module')
def shell(tmp_path_factory, tiny_corpus):
    """A folder as the quickstart leaves it behind."""
    folder = tmp_path_factory.mktemp('user')
    for name in ('tools', 'configs', 'benchmarks', 'tests', 'examples', 'setup.py', 'Makefile'):
        (folder / name).symlink_to(REPO / name)
    shutil.copytree(tiny_corpus, folder / 'data' / 'synthsign')
    info = folder / 'data' / 'synthsign' / 'preprocess' / 'train_info.npy'
    entries = np.load(info, allow_pickle=True).item()
    np.save(info, {index: entries[index] for index in range(2)})  # trained on in no time
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('OMP_NUM_THREADS', '1')
        patch.delenv('CSLRKIT_DATA', raising=False)
        patch.chdir(folder)
        user = Shell(folder)
        recipe = (REPO / 'Makefile').read_text(encoding='utf-8').partition('\nquickstart:')[2].partition('\n\n')[0]
        for text in re.sub(r'\t\$\(RUN\)', 'python', recipe).splitlines()[1:]:
            output = user.run(text, text.split())
            assert output is None, f'{text}\n{output}'
        run = folder / 'work_dirs' / 'synthsign'
        shutil.copyfile(run / 'epoch_1.pth', run / 'best_wer_epoch_10.pth')
        for name in ('baseline', 'ours', 'work_dirs/a', 'work_dirs/b'):  # other runs that pages compare
            shutil.copytree(run, folder / name)
        for name in ('dev.ctm', 'dev.stm'):
            shutil.copyfile(run / name, folder / name)
        yield user


@pytest.fixture(autouse=True)
def in_folder(monkeypatch):
    """Start each test without the settings of the machine."""
    monkeypatch.delenv('CSLRKIT_DATA', raising=False)
    monkeypatch.setenv('OMP_NUM_THREADS', '1')


@pytest.mark.slow
@pytest.mark.parametrize('name', PAGES)
def test_commands(name, shell, monkeypatch):
    if name in EXTRAS:
        pytest.importorskip(EXTRAS[name], reason=f'{EXTRAS[name]} is not installed')
    monkeypatch.chdir(shell.folder)
    found = list(problems(REPO / name, name, shell))
    assert not found, '\n'.join(found)


def test_scoring_begins_with_what_the_quickstart_wrote():
    files = [word for word in read_commands(REPO / 'docs/scoring.md')[0].words if word[-4:] in ('.stm', '.ctm')]
    assert [Path(file).parent.as_posix() for file in files] == ['work_dirs/synthsign'] * 2


@pytest.mark.parametrize('name', PAGES)
def test_commands_stand_in_marked_blocks(name):
    unmarked = [line for block in read_blocks(REPO / name) if block.language == '' for line in block.lines]
    indented = [line[4:] for line in (REPO / name).read_text(encoding='utf-8').splitlines() if line.startswith('    ')]
    shown = [line for block in read_blocks(REPO / name) for line in block.lines]
    loose = [
        line for line in unmarked + [line for line in indented if f'    {line}' not in shown] if _COMMANDS.match(line)
    ]
    assert not loose, 'these stand outside of blocks of shell or bash'


@pytest.mark.parametrize('name', sorted(set(RUN_ELSEWHERE.values())))
def test_other_tests_exist(name):
    assert (REPO / name).is_file()


@pytest.mark.slow
@pytest.mark.parametrize(
    ('line', 'message'),
    [
        ('python tools/trian.py configs/slowfast/synthsign.py', "there is no 'tools/trian.py'"),
        ('python tools/train.py configs/slowfast/synthsign.py --wrok-dir a', 'arguments are refused'),
        ('python tools/train.py configs/slowfast/phoenix.py  # needs the corpus', 'does not exist'),
        (
            'python tools/train.py configs/slowfast/phoenix2014.py --cfg-options model.bakbone=1  # needs a GPU',
            'model has no',
        ),
        ('torchrun --nproc_per_node=2 tools/train.py configs/slowfast/synthsign.py --launch pytorc', 'refused'),
        ('bash tools/dist_train.sh configs/slowfast/nothing.py 2', 'does not exist'),
        ('cslrkit trian slowfast/synthsign.py', "there is no 'trian'"),
        ('make quickstar', 'the Makefile has no'),
        ("pip install 'cslrkit[packd]'", 'has no extra'),
        ('conda install cslrkit', 'no program that the pages use'),
        ('python tools/score.py --ref nothing.stm --hyp dev.ctm', 'nothing.stm'),
    ],
)
def test_wrong_commands_are_found(line, message, shell, tmp_path, monkeypatch):
    monkeypatch.chdir(shell.folder)
    page = tmp_path / 'wrong.md'
    page.write_text(f'# Wrong\n\n```shell\nexport A=1\n{line}\n```\n')
    found = list(problems(page, 'wrong.md', shell))
    assert len(found) == 1
    assert message in found[0]


def test_marks_and_continuations(tmp_path):
    page = tmp_path / 'page.md'
    page.write_text(
        '```shell\nmake a   # does much\npython b \\\n    --c "x # y" # needs a GPU\n# takes hours\nmake d\n'
        'make e\n```\n```\nmake f\n```\n```bash\nA=1 make g\n```\n'
    )
    commands = read_commands(page)
    assert [(command.text, command.marked) for command in commands] == [
        ('make a', False),
        ('python b --c "x # y"', True),
        ('make d', True),
        ('make e', True),
        ('A=1 make g', False),
    ]
    assert commands[-1].words == ['make', 'g']
