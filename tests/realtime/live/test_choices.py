"""Choices that a live run and the page share with `annotate`: the turn, and which faces."""

import csv
import json
from pathlib import Path

import pytest

from fer_live.errors import SettingsError
from fer_live.realtime.live import LiveSettings
from fer_live.realtime.serve import ServeSettings
from fer_live.realtime.sources import open_video
from tests.realtime.sources.clips import write_clip
from tests.support.running import fer_live
from tests.support.shared_data import shared_file

FOUR = "video/edge/four_sadTL_surpriseTR_neutralBL_happyBR.mp4"


def test_a_sideways_source_is_recorded_upright(tmp_path: Path, tiny_model: Path) -> None:
    film = write_clip(tmp_path / "film.mp4", range(0, 400, 40))
    with open_video(film) as video:
        width, height = video.info.size_wh
    out = tmp_path / "out.mp4"
    words: list[str | Path] = [
        "--no-window",
        "--model",
        tiny_model,
        "--rotate",
        "90",
        "--record",
        out,
    ]
    assert fer_live("--camera", film, *words).returncode == 0
    with open_video(out) as video:
        assert video.info.size_wh == (height, width)


def test_one_face_is_logged_and_that_there_were_more_is_said_once(
    tmp_path: Path, tiny_model: Path
) -> None:
    clip, log = shared_file(FOUR), tmp_path / "out.csv"
    words: list[str | Path] = [
        "--face",
        "largest",
        "--max-faces",
        "2",
        "--seconds",
        "2",
        "--log",
        log,
    ]
    ran = fer_live("--camera", clip, "--no-window", "--model", tiny_model, *words)
    assert ran.returncode == 0
    with log.open(newline="") as file:
        frames = [row["frame"] for row in csv.DictReader(file) if row["track"]]
    assert frames
    assert len(frames) == len(set(frames))
    assert ran.stderr.count("no more than 2 are followed; follow more with --max-faces") == 1
    about = json.loads((tmp_path / "out.run.json").read_text())
    assert about["settings"]["chosen"] == {"which": "largest", "min_px": 0.0}


@pytest.mark.parametrize("settings", [LiveSettings, ServeSettings])
def test_a_turn_that_cannot_be_is_refused(settings: type) -> None:
    with pytest.raises(SettingsError, match="--rotate is 45"):
        settings(source="0", rotate=45)


def test_the_browsers_own_camera_cannot_be_turned() -> None:
    with pytest.raises(SettingsError, match="--rotate turns a source of this machine"):
        ServeSettings(rotate=90)
