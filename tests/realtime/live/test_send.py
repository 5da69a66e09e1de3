"""`--send`: what other programs hear of a live run is what its table says."""

import json
from pathlib import Path

import pytest

from tests.realtime.send.receivers import udp_receiver
from tests.support.running import fer_live
from tests.support.shared_data import shared_file

LIVE = ("--no-window", "--seconds", "2", "--model", "tiny")


def test_receivers_are_told_what_the_table_says(tmp_path: Path) -> None:
    clip = shared_file("video/demo/pyfeat_single_face.mp4")
    log = tmp_path / "log.jsonl"
    with udp_receiver() as (port, inbox):
        address = f"udp://127.0.0.1:{port}"
        where: list[str | Path] = ["--camera", clip, "--log", log, "--send", address, "--send", "-"]
        done = fer_live(*where, *LIVE)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    rows = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert len(lines) > 10
    assert lines == inbox.messages
    assert [line["frame"] for line in lines] == [row["frame"] for row in rows]
    for line, row in zip(lines, rows, strict=True):
        for face in line["faces"]:
            assert face["label"] == row["label"]
            assert face["probabilities"]["happy"] == pytest.approx(row["happy"], abs=2e-6)


def test_a_receiver_that_makes_no_sense_is_refused_before_anything_is_opened() -> None:
    done = fer_live("--camera", "no_such.mp4", "--send", "osc://anna:secret@host", *LIVE)
    assert done.returncode == 2
    assert "has no port" in done.stderr
    assert "secret" not in done.stderr
