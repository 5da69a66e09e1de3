"""The table is what people come for: the video can fail without costing it."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from fer_live.realtime.annotate import AnnotateSettings, annotate
from fer_live.realtime.sources import Choices
from tests.realtime.annotate.conftest import only
from tests.realtime.annotate.reference import table_rows
from tests.support.disks import mounted
from tests.support.running import fer_live
from tests.support.shared_data import shared_file

PICTURES = 36


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with mounted(tmp_path / "disk", "size=2m") as disk:
        yield disk


def noise_clip(path: Path) -> Path:
    """Write pictures of noise, whose annotated video takes more than two megabytes."""
    rng = np.random.default_rng(0)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=25)
        stream.width, stream.height, stream.pix_fmt = 960, 720, "yuvj420p"
        for _ in range(PICTURES):
            rgb = rng.integers(0, 255, (720, 960, 3), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(rgb, format="rgb24")))
        container.mux(stream.encode())
    return path


def test_a_disk_too_small_for_the_video_keeps_the_table_and_says_so(
    tmp_path: Path, small_disk: Path, tiny: str
) -> None:
    clip = noise_clip(tmp_path / "noise.avi")
    (outcome,) = annotate([clip], small_disk, AnnotateSettings(model=tiny, report=False)).outcomes
    assert outcome.status == "done"
    assert outcome.note is not None
    assert outcome.note.startswith("there is no annotated video: ")
    assert outcome.note.endswith("cannot be written: no space left on device")
    assert sorted(path.name for path in small_disk.iterdir()) == [
        "noise.avi.faces.csv",
        "noise.avi.summary.json",
        "run.json",
    ]
    assert len(table_rows(small_disk / "noise.avi.faces.csv")) == PICTURES
    summary = json.loads((small_disk / "noise.avi.summary.json").read_text())
    assert summary["fault"] == outcome.note


def test_a_video_that_was_not_made_is_made_by_the_next_run(
    tmp_path: Path, small_disk: Path, tiny: str
) -> None:
    clip = noise_clip(tmp_path / "noise.avi")
    annotate([clip], small_disk, AnnotateSettings(model=tiny, report=False))
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    (outcome,) = annotate([clip], small_disk, AnnotateSettings(model=tiny, report=False)).outcomes
    assert (outcome.status, outcome.note) == ("done", None)
    assert (small_disk / "noise.avi.annotated.mp4").exists()


def test_what_of_the_file_was_read_is_in_the_summary(tmp_path: Path, tiny: str) -> None:
    clip = "edge/rotmeta_90.mp4"
    _, target = only(tmp_path, tiny, clip, end_s=0.2, choices=Choices(rotate=90))
    summary = json.loads(Path(f"{target}.summary.json").read_text())
    assert summary["input"]["size_wh"] == [640, 360]
    assert summary["input"]["stream"] == 0
    assert summary["input"]["pixel_aspect"] == "1"
    assert summary["settings"]["choices"]["rotate"] == 90


def test_choices_can_be_made_at_the_command_line(tmp_path: Path, tiny: str) -> None:
    clip = shared_file("video/edge/four_sadTL_surpriseTR_neutralBL_happyBR.mp4")
    done = fer_live(
        *("annotate", clip, "--out", tmp_path, "--model", tiny, "--no-video", "--end", "0.2"),
        *("--rotate", "180", "--stream", "0", "--face", "largest", "--min-face", "20"),
        *("--limit-megapixels", "100", "--limit-hours", "1", "--limit-damaged", "5"),
        *("--limit-streams", "3"),
    )
    assert done.returncode == 0, done.stderr
    rows = table_rows(tmp_path / f"{clip.name}.faces.csv")
    assert len({row["frame"] for row in rows}) == len(rows)
    settings = json.loads((tmp_path / f"{clip.name}.summary.json").read_text())["settings"]
    assert settings["chosen"] == {"which": "largest", "min_px": 20.0}
    assert settings["choices"]["limits"]["hours"] == 1.0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--rotate", "45"), "is not one of"),
        (("--face", "smallest"), "is not one of"),
        (("--limit-hours", "0"), "give more than 0"),
    ],
)
def test_choices_that_make_no_sense_have_status_2(words: tuple[str, ...], sentence: str) -> None:
    done = fer_live("annotate", "a.mp4", "--out", "b", *words)
    assert done.returncode == 2
    assert sentence in done.stderr
