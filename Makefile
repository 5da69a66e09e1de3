# Everything a person or CI runs. Nothing has to be installed by hand but Python 3.11 and make.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
FULL := train,export,parquet,heic,send,serve,virtual-camera,watch,ray,s3,xdf,demo,dev

.PHONY: check test test-fast test-long matrix lint-containers fuzz kills soak demo docs bench gpu-report clean

# The environment is made anew when the project's dependencies change.
$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	PYTHONWARNINGS=ignore:Editable $(BIN)/python -m pip install --quiet --editable ".[$(FULL)]"
	touch $@

check: $(VENV)/.installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: $(VENV)/.installed
	$(BIN)/pytest

test-fast: $(VENV)/.installed
	$(BIN)/pytest -m "not long and not training"

# Properties are searched anew there, at random.
test-long: $(VENV)/.installed
	$(BIN)/pytest -m "long"
	$(BIN)/pytest --hypothesis-profile=search $$(grep -rl "^from hypothesis import" tests --include=test_*.py)

# The containers: no daemon is needed to lint, and none is used.
.venv-containers/.installed: pyproject.toml
	$(PYTHON) -m venv .venv-containers
	.venv-containers/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	.venv-containers/bin/python -m pip install --quiet --group containers
	touch $@

lint-containers: .venv-containers/.installed
	.venv-containers/bin/hadolint Dockerfile
	.venv-containers/bin/yamllint --strict -d "{extends: default, rules: {document-start: disable, line-length: {max: 120}}}" \
		compose.yaml

# What strangers' files, kills and an hour of a failing stream do to it; each prints its own verdict.
MINUTES ?= 60
MUTANTS ?= 3000
KILLS ?= 200

fuzz: $(VENV)/.installed
	$(BIN)/python -m tests.robustness.fuzz --minutes $(MINUTES) --mutants $(MUTANTS)

kills: $(VENV)/.installed
	$(BIN)/python -m tests.robustness.kills --minutes $(MINUTES) --kills $(KILLS)

soak: $(VENV)/.installed
	$(BIN)/python -m tests.robustness.soak --minutes $(MINUTES)

# Lowest and newest packages on every Python that is declared and found, with the tests marked
# "packages"; --whole: all that need no torch.
# MATRIX_OPTIONS: --python 3.13, --ends newest, --tests [PATH...], --whole, --jobs 2, --keep,
# --require, --record.
.venv-matrix/.installed: pyproject.toml
	$(PYTHON) -m venv .venv-matrix
	.venv-matrix/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	.venv-matrix/bin/python -m pip install --quiet --group matrix
	touch $@

matrix: .venv-matrix/.installed
	.venv-matrix/bin/python -m scripts.matrix $(MATRIX_OPTIONS)

# The runtime alone: no torch. CLIP=path uses a video of yours instead of the one made on the spot.
.venv-demo/.installed: pyproject.toml
	$(PYTHON) -m venv .venv-demo
	.venv-demo/bin/python -m pip install --quiet --upgrade pip
	.venv-demo/bin/python -m pip install --quiet ".[demo]"
	touch $@

demo: .venv-demo/.installed
	.venv-demo/bin/python -m fer_live.realtime.demo $(if $(CLIP),--clip "$(CLIP)")

# The documentation as a site in build/site; the packages' docstrings are read, not imported.
.venv-docs/.installed: pyproject.toml
	$(PYTHON) -m venv .venv-docs
	.venv-docs/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	.venv-docs/bin/python -m pip install --quiet --group docs
	touch $@

docs: .venv-docs/.installed
	.venv-docs/bin/mkdocs build --strict --site-dir build/site

# All shipped models against cnn6, and where FER2013 lies in DATA its int8 and fp16 copies.
# CLIP=path measures the pipeline on a video of yours; BENCH_OPTIONS adds options of fer-live bench.
DATA ?= ../shared/data
BENCH_NAME ?= $(shell date +%F)-$(shell git rev-parse --short HEAD)
BENCH_OUT := docs/benchmarks/$(BENCH_NAME)
SHIPPED := cnn6 $(filter-out cnn6,$(basename $(notdir $(wildcard assets/models/*.onnx))))
COPIES := $(if $(wildcard $(DATA)/fer2013.*),build/bench/cnn6-int8.onnx build/bench/cnn6-fp16.onnx)

build/bench/%-int8.onnx: assets/models/%.onnx
	$(BIN)/fer-export quantize $* $@ --data $(DATA)

build/bench/%-fp16.onnx: assets/models/%.onnx
	$(BIN)/fer-export fp16 $* $@ --data $(DATA)

bench: $(VENV)/.installed $(COPIES)
	$(BIN)/fer-live bench --models $(SHIPPED) $(COPIES) $(if $(CLIP),--video "$(CLIP)") \
		--json $(BENCH_OUT).json --markdown $(BENCH_OUT).md --plot $(BENCH_OUT).png $(BENCH_OPTIONS)

# One NVIDIA GPU, no network: WHEELS=dir installs from that folder alone.
.venv-gpu/.installed: pyproject.toml
	@$(PYTHON) -c "import ctypes; ctypes.CDLL('libcuda.so.1')" 2> /dev/null || { echo "gpu-report: there is \
	no NVIDIA driver (libcuda) on this machine, so nothing was installed; run it on one with an NVIDIA \
	GPU" >&2; exit 1; }
	$(PYTHON) -m venv .venv-gpu
	.venv-gpu/bin/python -m pip install --quiet $(if $(WHEELS),--no-index --find-links "$(WHEELS)") \
		"setuptools>=77"
	.venv-gpu/bin/python -m pip install --quiet --no-build-isolation \
		$(if $(WHEELS),--no-index --find-links "$(WHEELS)") --editable ".[cuda,train,demo]"
	touch $@

gpu-report: .venv-gpu/.installed
	.venv-gpu/bin/python -m benchmarks.gpu_report $(if $(CLIP),--clip "$(CLIP)")

clean:
	rm -rf $(VENV) .venv-demo .venv-docs .venv-gpu build dist demo .mypy_cache .ruff_cache .pytest_cache
