"""Files whose names are a test in themselves."""

import json
import os
import shutil
from pathlib import Path

import pytest

from tests.support.running import fer_live
from tests.support.shared_data import shared_file

pytestmark = pytest.mark.skipif(os.name == "nt", reason="such names are not allowed there")

NAMES = (
    b"7",
    b"--jobs.mp4",
    b"-x.mp4",
    b"concat:a|b.mp4",
    b"a\nb\x1b[31m.mp4",
    b"=1+1.mp4",
    b"[bold]x[red].mp4",
    b"latin\xe9.mp4",
    b"%d?*[1].mp4",
    b"x" * 251 + b".mp4",
    "é".encode() * 125 + b".mp4",
)


def test_every_name_is_annotated_and_none_reaches_the_terminal_raw(
    tmp_path: Path, tiny: str
) -> None:
    clip = shared_file("video/edge/one_frame.mp4")
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    for name in NAMES:
        shutil.copyfile(clip, folder / os.fsdecode(name))
    (folder / "gone\x1b]0;title\x07.mp4").symlink_to("nowhere")
    done = fer_live("annotate", folder, "--out", out, "--model", tiny)
    assert f"{len(NAMES)} done, 1 failed" in done.stderr
    assert all(character.isprintable() or character == "\n" for character in done.stderr)
    assert not (tmp_path / "nowhere").exists()
    inputs = json.loads((out / "run.json").read_text())["inputs"]
    found = {os.fsencode(Path(one["input"]).name): one for one in inputs}
    for name in NAMES:
        assert found[name]["status"] == "done"
        for output in found[name]["outputs"]:
            assert (out / output["path"]).is_file()
            assert (out / output["path"]).parent == out
    again = fer_live("annotate", folder, "--out", out, "--model", tiny)
    assert f"{len(NAMES)} skipped, 1 failed" in again.stderr


def test_names_that_look_like_options_are_files_after_two_dashes(tmp_path: Path, tiny: str) -> None:
    for name in ("7", "--jobs.mp4"):
        shutil.copyfile(shared_file("video/edge/one_frame.mp4"), tmp_path / name)
    words = ["--out", "out", "--model", tiny, "--", "7", "--jobs.mp4"]
    done = fer_live("annotate", *words, folder=tmp_path)
    assert "2 done" in done.stderr
