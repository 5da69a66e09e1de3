"""The notebook in docs runs from its first cell to its last."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.running import environment
from tests.support.shared_data import shared_file

ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "docs" / "guide" / "group-plot.ipynb"
CLIPS = {"anna.mp4": "happy", "ben.mp4": "sad", "cleo.mp4": "surprise"}


def test_three_clips_become_a_group_plot(tmp_path: Path) -> None:
    pytest.importorskip("pandas")
    pytest.importorskip("matplotlib")
    (tmp_path / "clips").mkdir()
    for name, label in CLIPS.items():
        clip = shared_file(f"video/synthetic/synth_{label}.mp4")
        (tmp_path / "clips" / name).write_bytes(clip.read_bytes())
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    (tmp_path / "cells.py").write_text(code, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "cells.py"],
        cwd=tmp_path,
        env=environment({"PYTHONPATH": str(ROOT), "MPLBACKEND": "Agg"}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "groups.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "results" / "study" / "index.html").exists()
