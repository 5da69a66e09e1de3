"""What is measured of a face, and which of it somebody gets."""

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_live.arrays import Image, Points
from fer_live.errors import SettingsError
from fer_live.labels import LABELS
from fer_live.realtime.annotate import AnnotateSettings, annotate
from fer_live.realtime.demo_clip import portrait
from fer_live.realtime.faces import FaceSettings, open_finder
from fer_live.realtime.measures import Measurer, chosen_measures
from fer_live.realtime.measures.affect import expressiveness, valence
from fer_live.realtime.results import Face, Frame, Track
from tests.support.made_results import made_probs, made_result
from tests.support.shared_data import shared_file
from tests.support.tiny_models import tiny_bytes

PROBS = made_probs("happy", 0.5)


def found(rgb: Image, *, blendshapes: bool = False) -> Face:
    settings = FaceSettings(max_faces=1, blendshapes=blendshapes)
    with open_finder(settings, live=False) as finder:
        (face,) = finder.find(Frame(0, 0.0, rgb))
    return face


def replace_landmarks(face: Face, landmarks_px: Points) -> Face:
    return Face(face.box, face.anchors_px, 1.0, landmarks_px=landmarks_px)


def measures(rgb: Image, *words: str, face: Face | None = None) -> dict[str, float]:
    track = Track(1, face or found(rgb), PROBS, PROBS, "happy", 0.5, False, 0.0)
    measurer = Measurer(chosen_measures(words, LABELS))
    measured = measurer.measured(Frame(0, 0.0, rgb), made_result([track]))
    return dict(measured.tracks[0].face.measures or {})


def test_only_what_was_asked_for_is_given() -> None:
    assert list(measures(portrait(), "yaw", "light")) == ["yaw", "light", "contrast", "sharpness"]


def test_measures_mean_the_same_at_any_size_of_the_picture() -> None:
    rgb = portrait()
    face = found(rgb)
    assert face.landmarks_px is not None
    double = cv2.resize(rgb, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC).astype(np.uint8)
    twice = replace_landmarks(face, (face.landmarks_px + 0.5) * 2 - 0.5)
    one, two = measures(rgb, "all", face=face), measures(double, "all", face=twice)
    assert two["face_size_px"] == pytest.approx(2 * one["face_size_px"])
    for name in ("yaw", "pitch", "roll", "mouth_opening", "eye_opening_left"):
        assert two[name] == pytest.approx(one[name], abs=1e-6), name
    for name in ("light", "contrast", "sharpness"):
        assert two[name] == pytest.approx(one[name], abs=0.05), name


@pytest.mark.parametrize("times", [1, 3, 8])
@pytest.mark.parametrize("away", [0.0, 0.5, 3.0])
def test_a_face_that_leaves_the_picture_is_measured_as_far_as_it_is_there(
    times: int, away: float
) -> None:
    rgb, face = portrait(), found(portrait())
    assert face.landmarks_px is not None
    shift = np.array([away * rgb.shape[1], 0.0])
    large = cv2.resize(rgb, None, fx=times, fy=times, interpolation=cv2.INTER_CUBIC)
    moved = (face.landmarks_px + shift + 0.5) * times - 0.5
    told = measures(large.astype(np.uint8), "quality", "light", face=replace_landmarks(face, moved))
    assert 0 <= told["quality"] <= 1
    assert 0 <= told["light"] <= 1
    if away == 0.0:
        once = measures(rgb, "quality", "sharpness", face=face)
        assert told["quality"] == pytest.approx(once["quality"], abs=0.03)


def test_spoiling_a_portrait_shows_in_what_is_measured() -> None:
    rgb, face = portrait(), found(portrait())

    def seen(picture: Image) -> dict[str, float]:
        return measures(picture, "light", "quality", face=face)

    plain = seen(rgb)
    blurred = seen(cv2.GaussianBlur(rgb, (0, 0), 5).astype(np.uint8))
    dark = seen((rgb * 0.1).astype(np.uint8))
    assert blurred["sharpness"] < plain["sharpness"] - 0.1
    assert dark["light"] == pytest.approx(0.1 * plain["light"], abs=0.01)
    assert blurred["quality"] < plain["quality"]
    assert dark["quality"] < plain["quality"]


def test_a_small_face_has_less_quality_than_a_large_one() -> None:
    rgb, face = portrait(), found(portrait())
    assert face.landmarks_px is not None
    small = cv2.resize(rgb, None, fx=0.2, fy=0.2, interpolation=cv2.INTER_AREA).astype(np.uint8)
    far = Face(face.box, face.anchors_px, 1.0, landmarks_px=(face.landmarks_px + 0.5) / 5 - 0.5)
    near_and_far = [
        measures(picture, "quality", face=seen)["quality"]
        for picture, seen in ((rgb, face), (small, far))
    ]
    assert near_and_far == sorted(near_and_far, reverse=True)


def test_a_smile_is_told_by_its_proxy() -> None:
    smiles = [
        measures(rgb, "proxies", face=found(rgb, blendshapes=True))["proxy_AU12"]
        for rgb in map(middle_of, ("happy", "sad"))
    ]
    assert smiles[0] > 0.5
    assert smiles[1] < 0.1


def middle_of(name: str) -> Image:
    from fer_live.realtime.sources import open_video

    with open_video(shared_file(f"video/synthetic/synth_{name}.mp4"), start_s=2.4) as source:
        return next(iter(source)).rgb


def test_valence_and_expressiveness_are_what_their_formulas_say() -> None:
    probs = np.array([0.1, 0.05, 0.05, 0.5, 0.0, 0.1, 0.2, 0.0], np.float32)
    assert valence(probs, LABELS) == pytest.approx(0.5 - 0.1)
    assert expressiveness(probs, LABELS) == pytest.approx(0.8)


def test_columns_are_chosen_by_name_group_and_pattern() -> None:
    assert chosen_measures(["roll", "yaw"], LABELS) == ("yaw", "roll")
    assert chosen_measures(["pose", "proxy_AU1*"], LABELS)[:4] == (
        "yaw",
        "pitch",
        "roll",
        "proxy_AU1",
    )
    with pytest.raises(SettingsError, match="--columns yav: there is no such column"):
        chosen_measures(["yav"], LABELS)
    with pytest.raises(SettingsError, match="valence"):
        chosen_measures(["valence"], ("cat", "dog"))


def test_a_table_has_the_columns_that_were_asked_for_behind_its_own(tmp_path: Path) -> None:
    model = tmp_path / "tiny.onnx"
    model.write_bytes(tiny_bytes())
    clip = shared_file("video/edge/timeline_7emotions.mp4")
    settings = AnnotateSettings(model=str(model), video=False, end_s=2.0)
    annotate([clip], tmp_path / "plain", settings)
    more = AnnotateSettings(model=str(model), video=False, end_s=2.0, columns=("all",))
    annotate([clip], tmp_path / "more", more)
    name = f"{clip.name}.faces.csv"
    plain, wide = (table(tmp_path / where / name) for where in ("plain", "more"))
    assert [row[: len(plain[0])] for row in wide] == plain
    head = wide[0][len(plain[0]) :]
    assert head == list(chosen_measures(["all"], LABELS))
    cells = np.array([row[len(plain[0]) :] for row in wide[1:]], float)
    of = {column: cells[:, k] for k, column in enumerate(head)}
    summed = np.sum([of[f"probability_{label}"] for label in LABELS], axis=0)
    assert summed == pytest.approx(1, abs=1e-5)
    assert ((of["quality"] >= 0) & (of["quality"] <= 1)).all()
    assert ((of["valence"] >= -1) & (of["valence"] <= 1)).all()


def table(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))
