"""What may import what, and what starting a command costs, held in fresh processes."""

import json
import subprocess
import sys
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

HEAVY = {"cv2", "av", "onnxruntime", "mediapipe", "torch", "onnx", "numpy", "PIL", "pandas"}
ROOT = Path(__file__).parents[1]


def imported_by(code: str) -> set[str]:
    """Return the names of all modules that a fresh process has imported after running `code`."""
    tail = "\nimport json, sys; sys.stderr.write(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code + tail], capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stderr))


def help_of(*words: str) -> str:
    """Return code that runs `fer-live <words> --help` to its end."""
    return f"""
from fer_live.realtime.cli import app
try:
    app({[*words, "--help"]}, prog_name="fer-live")
except SystemExit as end:
    assert end.code == 0, end.code
"""


@pytest.mark.parametrize("words", [(), ("annotate",), ("bench",), ("doctor",), ("models",)])
def test_asking_for_help_imports_nothing_heavy(words: tuple[str, ...]) -> None:
    modules = imported_by(help_of(*words))
    assert "fer_live.realtime.cli" in modules
    assert not modules & HEAVY


def test_importing_the_package_imports_nothing_heavy() -> None:
    assert not imported_by("import fer_live, fer_live.realtime") & HEAVY
    assert not imported_by("import fer_live; fer_live.SourceError, fer_live.LABELS") & HEAVY


def test_the_whole_runtime_never_imports_torch_or_onnx() -> None:
    modules = imported_by(
        "import fer_live.realtime.annotate, fer_live.realtime.live\n"
        "import fer_live.realtime.bench.shipped_models\n"
        "from fer_live.realtime import analyze"
    )
    assert "cv2" in modules
    assert not modules & {"torch", "onnx", "lightning", "pandas"}


def test_the_folder_is_refused_under_its_own_name() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import realtime"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "this folder is the package fer_live.realtime" in done.stderr


def test_the_options_offer_exactly_the_words_that_the_library_takes() -> None:
    from fer_live.contract import Prior
    from fer_live.realtime.commands import cli_options
    from fer_live.realtime.inference.session import Device

    assert get_args(get_args(cli_options.PriorName)[0]) == get_args(Prior)
    assert get_args(get_args(cli_options.DeviceName)[0]) == get_args(Device)


def test_the_defaults_of_the_command_are_those_of_the_library() -> None:
    import inspect

    from fer_live.realtime.cli import live
    from fer_live.realtime.commands.annotate import annotate
    from fer_live.realtime.faces import FaceSettings
    from fer_live.realtime.pipeline import PipelineSettings

    for command in (live, annotate):
        assert get_type_hints(command)
        defaults = {k: v.default for k, v in inspect.signature(command).parameters.items()}
        assert defaults["max_faces"] == FaceSettings().max_faces
        assert defaults["prior"] == PipelineSettings().prior
        assert defaults["device"] == "auto"
