"""The tool's help and its errors, without Gradio."""


def test_without_a_checkpoint(run_tool, tmp_path):
    done = run_tool('demo.py', '--checkpoint', tmp_path / 'synthsign', check=False)
    assert done.returncode == 1
    assert done.stderr.count('\n') == 1
    assert "synthsign' does not exist" in done.stderr
    assert "Run 'make quickstart'" in done.stderr


def test_help(run_tool):
    text = run_tool('demo.py', '--help').stdout
    assert 'python tools/demo.py --checkpoint work_dirs/synthsign' in text
    assert '127.0.0.1' in text
