"""What `annotate` sends is what it writes, row for row, however slow the receiver."""

import csv
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fer_live.errors import SettingsError
from fer_live.realtime.annotate import AnnotateSettings, Watch, annotate
from tests.realtime.send.receivers import deaf_server, udp_receiver, until
from tests.support.shared_data import shared_file

CLIP = "video/edge/four_sadTL_surpriseTR_neutralBL_happyBR.mp4"
TINY = AnnotateSettings(model="tiny", video=False)


def rows_of(table: Path) -> list[tuple[int, int, str]]:
    with table.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["track"]]
    return [(int(row["frame"]), int(row["track"]), row["label"]) for row in rows]


def test_lines_hold_every_row_of_every_table_though_the_reader_is_slow(tmp_path: Path) -> None:
    clips = [shared_file(CLIP), shared_file("video/edge/enters_and_leaves.mp4")]
    command = [sys.executable, "-m", "fer_live.realtime", "annotate", *map(str, clips)]
    options = ["--out", str(tmp_path), "--model", "tiny", "--no-video", "--send", "-"]
    with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        run.stdout.readline()
        time.sleep(3)
        messages = [json.loads(line) for line in run.stdout]
        assert run.wait(60) == 0
    for clip in clips:
        got = [message for message in messages if message["source"] == clip.name]
        sent = [(m["frame"], f["track"], f["label"]) for m in got for f in m["faces"]]
        written = rows_of(next(tmp_path.rglob(f"{clip.name}.faces.csv")))
        assert sent == [row for row in written if (row[0], clip) != (0, clips[0])]
        assert {message["wall_time"] for message in got} == {None}


def test_one_that_never_reads_ends_nothing(tmp_path: Path) -> None:
    with deaf_server() as deaf, udp_receiver() as (port, inbox):
        watch = Watch(send=(f"ws://127.0.0.1:{deaf}", f"udp://127.0.0.1:{port}"))
        report = annotate([shared_file(CLIP)], tmp_path, TINY, watch=watch)
        assert report.went_well
        written = rows_of(next(tmp_path.rglob("*.faces.csv")))
        until(lambda: inbox.frames()[-1:] == [written[-1][0]])


def test_what_cannot_be_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    clip = shared_file(CLIP)
    with pytest.raises(SettingsError, match="not a known kind of receiver"):
        annotate([clip], tmp_path, TINY, watch=Watch(send=("ftp://host",)))
    with pytest.raises(SettingsError, match="one input is done after the other"):
        annotate([clip], tmp_path, TINY, jobs=2, watch=Watch(send=("-",)))
    assert not list(tmp_path.rglob("*.csv"))
