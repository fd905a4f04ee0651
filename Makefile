# Short names for what the README says. Everything runs in .venv, which `make install` makes.
PYTHON ?= python3
VENV ?= .venv
RUN := $(VENV)/bin/python
STAMP := $(VENV)/.installed

.PHONY: install quickstart test test-fast wheel test-deepspeed lint parity bench gpu fuzz docs clean

install: $(STAMP)

$(STAMP): setup.py constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $(STAMP)

# The main job on the synthetic corpus: draw it, train a small SlowFast, score dev and test.
quickstart: install
	$(RUN) tools/make_synthetic.py data/synthsign --preset small --videos 3
	$(RUN) tools/train.py configs/slowfast/synthsign.py --work-dir work_dirs/synthsign --amp bfloat16
	$(RUN) tools/test.py configs/slowfast/synthsign.py work_dirs/synthsign --split dev test

# All tests, by two processes of a thread each where there are two processors. What shares a file shares a process;
# files with the slow tests come first (tests/conftest.py), so that both processes end together.
WORKERS := $(shell n=`nproc 2>/dev/null || echo 1`; [ $$n -gt 1 ] && echo 2 || echo 0)
PYTEST := OMP_NUM_THREADS=1 $(RUN) -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder
test: install
	$(PYTEST)

# What to run before each commit: all but those that take more than some seconds.
test-fast: install
	$(PYTEST) -m 'not slow'

# A wheel, in dist/; configs and tools are in it.
wheel: install
	$(RUN) -m pip wheel --quiet --disable-pip-version-check --no-deps -w dist .

# DeepSpeed against one process, too; it compiles a module when it first starts, which takes minutes.
test-deepspeed: install
	DS_BUILD_OPS=0 $(RUN) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[deepspeed]'
	$(RUN) -m pytest tests/engine/test_scaling.py

lint: install
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .

# Recorded facts of the published implementation; FILES may name others of the same form.
FILES ?= tests/data/*.json
parity: install
	$(RUN) tools/check_parity.py $(FILES)

# The short form of every benchmark; docs/performance.md says how to read them. Nothing else should run meanwhile.
bench: install
	for name in data pack_codecs model train_step decode score end_to_end features; do \
	    $(RUN) -m benchmarks $$name --short || exit 1; \
	done

# What a GPU gains over the published way on it; without one, the same in small on the CPU.
gpu: install
	$(RUN) -m benchmarks gpu --short

# Damaged files of every kind, 200,000 of them: about a quarter of an hour on a core. MINUTES=3 stops earlier.
fuzz: install
	$(RUN) -m benchmarks fuzz $(if $(MINUTES),--minutes $(MINUTES))

# The documentation site, in docs/_build; a warning is an error.
docs: install
	$(RUN) -m pip install --quiet --disable-pip-version-check -e '.[docs]'
	$(RUN) -m sphinx -W --keep-going -q -b html docs docs/_build

clean:
	rm -rf $(VENV) build dist docs/_build docs/api *.egg-info .pytest_cache .ruff_cache
