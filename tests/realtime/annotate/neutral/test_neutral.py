"""Resting faces of files: as live, from a file of their own, or from all of a clip."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fer_live.errors import FerLiveError, SettingsError
from fer_live.labels import LABELS
from fer_live.realtime.annotate import AnnotateSettings, annotate
from fer_live.realtime.annotate.neutral.choice import NeutralChoice, neutral_choice
from fer_live.realtime.annotate.opened import Opened
from fer_live.realtime.annotate.passes.first import FirstPass
from fer_live.realtime.faces import FaceSettings, open_finder
from fer_live.realtime.inference.classifier import OnnxClassifier
from fer_live.realtime.pipeline import Pipeline, PipelineSettings
from fer_live.realtime.sinks.picture import write_picture
from fer_live.realtime.sources import Span, open_file
from tests.realtime.annotate.conftest import only
from tests.realtime.annotate.reference import table_rows
from tests.support.shared_data import shared_file

SAD_AT_REST = "demo/pyfeat_wolfgang_pexels.mp4"
"""Its first 6 seconds are of a man at rest whom the model calls sad; then he laughs."""
TWO = "edge/two_happyL_angryR.mp4"
MODEL = "small"


def rows_of(target: Path) -> list[dict[str, str]]:
    return table_rows(Path(f"{target}.faces.csv"))


def shares(target: Path, after_s: float = 0.0) -> dict[str, float]:
    labels = [row["label"] for row in rows_of(target) if float(row["time_s"]) >= after_s]
    return {label: labels.count(label) / len(labels) for label in LABELS}


def test_the_same_frames_show_the_same_as_live() -> None:
    """What goes into smoothing is equal to the last bit, in every frame of every face."""
    clip = shared_file(f"video/{SAD_AT_REST}")
    settings = AnnotateSettings(model=MODEL, neutral=2.0, end_s=4.0)
    classifier = OnnxClassifier(MODEL)
    with (
        open_file(clip, Span(0.0, 4.0)) as source,
        open_finder(FaceSettings(), live=False) as finder,
    ):
        pipeline = Pipeline(finder, classifier, PipelineSettings(neutral_s=2.0))
        live = [pipeline.process(frame) for frame in source]
    with Opened() as opened, open_file(clip, Span(0.0, 4.0)) as source:
        look = FirstPass(clip.name, settings, opened, (), None, lambda _: None)
        filed = list(look.results(source, Path("is never written")))
    assert len(live) == len(filed) > 0
    taken = 0
    for one, other in zip(live, filed, strict=True):
        for track, same in zip(one.tracks, other.tracks, strict=True):
            assert track.track_id == same.track_id
            np.testing.assert_array_equal(track.raw, same.raw)
            assert (track.without_rest is None) == (one.time_s - track.first_s < 2.0)
            if track.without_rest is not None and same.without_rest is not None:
                np.testing.assert_array_equal(track.without_rest, same.without_rest)
                taken += 1
    assert taken > 0


def test_a_face_that_rests_in_sadness_is_not_sad_once_its_rest_is_known(tmp_path: Path) -> None:
    _, plain = only(tmp_path / "plain", MODEL, SAD_AT_REST)
    _, rested = only(tmp_path / "rested", MODEL, SAD_AT_REST, neutral=3.0)
    before, after = shares(plain, 3.0), shares(rested, 3.0)
    assert before["sad"] > 0.15
    assert after["sad"] < 0.05
    assert after["happy"] == pytest.approx(before["happy"], abs=0.05)
    raw = [
        [row[f"raw_{label}"] for label in LABELS] for row in table_rows(Path(f"{plain}.faces.csv"))
    ]
    same = [
        [row[f"raw_{label}"] for label in LABELS] for row in table_rows(Path(f"{rested}.faces.csv"))
    ]
    assert raw == same, "raw columns are the network's own answer"
    summary = json.loads(Path(f"{rested}.summary.json").read_text())
    assert summary["neutral"] == {"from": "beginning", "seconds": 3.0}
    (face,) = (track for track in summary["tracks"] if track["frames"] > 400)
    assert face["resting_face"]["sad"] > face["resting_face"]["neutral"]
    assert face["taken_out_nats"]["sad"] > 1
    assert face["taken_out_nats"]["neutral"] == 0
    run = json.loads((tmp_path / "rested/out/run.json").read_text())
    assert run["neutral"] == summary["neutral"]


def at_rest(tmp_path: Path) -> Path:
    """Write a picture of him at rest."""
    with open_file(shared_file(f"video/{SAD_AT_REST}"), Span(1.0, 1.1)) as source:
        rgb = next(iter(source)).rgb
    path = tmp_path / "at rest.png"
    write_picture(path, rgb, "PNG", None)
    return path


def test_a_picture_of_the_person_at_rest_holds_from_the_first_frame_on(tmp_path: Path) -> None:
    picture = at_rest(tmp_path)
    _, rested = only(tmp_path, MODEL, SAD_AT_REST, neutral=picture, end_s=6.0)
    assert shares(rested)["sad"] < 0.05
    summary = json.loads(Path(f"{rested}.summary.json").read_text())
    assert summary["neutral"]["file"] == "at rest.png"
    assert summary["neutral"]["sha256"] == summary["fingerprint"]["neutral_sha256"]
    assert summary["neutral"]["resting_face"]["sad"] > 0.3
    photograph = annotate([picture], tmp_path / "photo", AnnotateSettings(neutral=picture))
    assert photograph.failed == ()
    (row,) = table_rows(tmp_path / "photo/at rest.png.faces.csv")
    assert row["label"] == "neutral"


def test_another_resting_face_is_another_making(tmp_path: Path, tiny: str) -> None:
    picture = at_rest(tmp_path)
    assert only(tmp_path, tiny, TWO, neutral=picture, end_s=0.2)[0].status == "done"
    assert only(tmp_path, tiny, TWO, neutral=picture, end_s=0.2)[0].status == "skipped"
    renamed = picture.rename(tmp_path / "same.png")
    assert only(tmp_path, tiny, TWO, neutral=renamed, end_s=0.2)[0].status == "skipped"
    with renamed.open("ab") as file:
        file.write(b"more")
    outcome, _ = only(tmp_path, tiny, TWO, neutral=renamed, end_s=0.2)
    assert "the resting face is of another file" in (outcome.note or "")


@pytest.mark.parametrize("neutral", [0.2, "median", None])
def test_jobs_make_the_same_bytes(tmp_path: Path, tiny: str, neutral: NeutralChoice | None) -> None:
    clip = shared_file(f"video/{TWO}")
    chosen = at_rest(tmp_path) if neutral is None else neutral
    settings = AnnotateSettings(model=tiny, neutral=chosen, end_s=3.5, video=False, report=False)
    for jobs in (None, 1):
        assert annotate([clip], tmp_path / f"{jobs}", settings, jobs=jobs).went_well
    tables = [(tmp_path / f"{jobs}" / f"{clip.name}.faces.csv").read_bytes() for jobs in (None, 1)]
    assert tables[0] == tables[1]


def test_the_median_is_what_is_shown_for_more_than_half_of_the_time(tmp_path: Path) -> None:
    """He is sad in his first 6 s of 19, then mostly happy: so it is happy that is taken out."""
    _, rested = only(tmp_path, MODEL, SAD_AT_REST, neutral="median", end_s=6.0)
    assert shares(rested)["neutral"] > 0.95
    _, plain = only(tmp_path / "plain", MODEL, SAD_AT_REST)
    _, whole = only(tmp_path / "whole", MODEL, SAD_AT_REST, neutral="median")
    before, after = shares(plain), shares(whole)
    assert before["happy"] > 0.5
    assert after["happy"] < before["happy"] / 5
    assert max(after, key=lambda label: after[label]) == "neutral"


def test_what_is_plotted_is_without_the_resting_face_too(tmp_path: Path) -> None:
    settings = {"end_s": 6.0, "columns": ("probabilities", "affect")}
    _, plain = only(tmp_path / "plain", MODEL, SAD_AT_REST, **settings)
    _, rested = only(tmp_path / "rested", MODEL, SAD_AT_REST, neutral="median", **settings)

    def mean(target: Path, column: str) -> float:
        return float(np.mean([float(row[column]) for row in rows_of(target)]))

    assert mean(rested, "probability_neutral") > mean(plain, "probability_neutral") + 0.2
    assert mean(rested, "expressiveness") < mean(plain, "expressiveness") - 0.2
    assert mean(rested, "valence") > mean(plain, "valence")


@pytest.mark.parametrize("text", ["0s", "0", "nowhere.png", "-3s", "3 minutes", ""])
def test_a_choice_that_makes_no_sense_is_told(text: str) -> None:
    with pytest.raises(SettingsError, match="--neutral"):
        neutral_choice(text)


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("video/edge/noface_black.mp4", "no face was found in it"),
        (f"video/{TWO}", "it shows several faces"),
        ("video/edge/random_bytes.mp4", "random_bytes"),
    ],
)
def test_a_file_that_shows_no_person_at_rest_is_told_before_any_work(
    tmp_path: Path, tiny: str, file: str, said: str
) -> None:
    settings = AnnotateSettings(model=tiny, neutral=shared_file(file))
    with pytest.raises(FerLiveError, match=said):
        annotate([shared_file(f"video/{TWO}")], tmp_path / "out", settings)
    assert not (tmp_path / "out").exists()


def test_without_a_baseline_settings_say_so() -> None:
    settings = AnnotateSettings()
    assert settings.as_json()["neutral"] is None
    assert replace(settings, neutral="median").as_json()["neutral"] == "median"
