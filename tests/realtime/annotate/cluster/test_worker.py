"""A process of a cluster whose machine differs, or that hangs."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fer_live.errors import SettingsError, SinkError
from tests.support.running import PATIENCE_S, environment

pytest.importorskip("ray", reason="pip install 'fer-live[ray]'")


def test_a_machine_with_other_packages_is_refused() -> None:
    from fer_live.realtime.annotate.cluster.worker import _settle, home_of

    home = home_of(None, gpu=True)
    _settle(home)
    others = {**dict(home.versions), "av": "1.2.3", "fer-live": "0.0.1"}
    with pytest.raises(SettingsError, match=r"instead of 1\.2\.3, .* instead of 0\.0\.1"):
        _settle(dataclasses.replace(home, versions=tuple(others.items())))


def test_a_machine_that_does_not_share_the_folders_is_refused(tmp_path: Path) -> None:
    from fer_live.realtime.annotate.cluster.worker import _settle, home_of

    home = home_of(tmp_path, gpu=True)
    with pytest.raises(SinkError, match="is not shared"):
        _settle(home)
    (tmp_path / "run.json").write_text("{}")
    _settle(home)
    with pytest.raises(SettingsError, match="is not on"):
        _settle(dataclasses.replace(home, folder=tmp_path / "elsewhere"))


def test_a_process_that_was_given_no_gpu_sees_none(monkeypatch: pytest.MonkeyPatch) -> None:
    from fer_live.realtime.annotate.cluster.worker import _settle, home_of

    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    _settle(home_of(None, gpu=True))
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "0,1"
    _settle(home_of(None, gpu=False))
    assert os.environ["CUDA_VISIBLE_DEVICES"] == ""


HANG = """
import re, types
from fer_live.realtime.annotate.cluster import worker
worker.STALLED_S = 2.0
silent = types.SimpleNamespace(remote=lambda index, fraction: None)
worker._teller(0, types.SimpleNamespace(tell=silent))
re.match("(a+)+$", "a" * 64 + "b")  # for ever, and with Python's lock in its hand
"""


def test_a_process_that_hangs_ends_and_says_where_it_hung() -> None:
    done = subprocess.run(
        [sys.executable, "-c", HANG],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 1
    assert "Timeout" in done.stderr
    assert "in match" in done.stderr
