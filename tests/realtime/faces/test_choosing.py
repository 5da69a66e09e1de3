"""Which faces are passed on: all, one, and none that is too small."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from fer_live.errors import SettingsError
from fer_live.realtime.annotate import AnnotateSettings
from fer_live.realtime.faces import ChosenFaces, FaceChoice, FaceSettings, open_finder
from fer_live.realtime.results import Face
from fer_live.realtime.sources import open_video
from tests.support.shared_data import shared_file

FOUR = "video/edge/four_sadTL_surpriseTR_neutralBL_happyBR.mp4"


def found(clip: str, choice: FaceChoice, *, max_faces: int = 8) -> tuple[list[Sequence[Face]], int]:
    """Return the faces of each picture of a clip, and in how many there may have been more."""
    finder = open_finder(FaceSettings(max_faces=max_faces), live=False)
    with (
        ChosenFaces(finder, choice, max_faces=max_faces) as chosen,
        open_video(shared_file(clip), end_s=1.0) as video,
    ):
        faces = [chosen.find(frame) for frame in video]
    return faces, chosen.crowded


def test_all_faces_are_passed_on_unless_said_otherwise() -> None:
    faces, crowded = found(FOUR, FaceChoice())
    assert {len(some) for some in faces} == {4}
    assert crowded == 0


@pytest.mark.parametrize("which", ["largest", "central"])
def test_one_face_a_picture_and_always_the_same_person(which: str) -> None:
    faces, _ = found(FOUR, FaceChoice(which))  # type: ignore[arg-type]  # one of the literals
    assert {len(some) for some in faces} == {1}
    assert len({some[0].follow_id for some in faces}) == 1


def test_the_largest_is_the_largest() -> None:
    every, _ = found(FOUR, FaceChoice())
    one, _ = found(FOUR, FaceChoice("largest"))
    assert one[0][0].box.area_px2 == pytest.approx(max(f.box.area_px2 for f in every[0]), rel=0.1)


def test_faces_that_are_too_small_are_left_out() -> None:
    every, _ = found(FOUR, FaceChoice())
    widths = sorted(min(face.box.width_px, face.box.height_px) for face in every[0])
    between = (widths[0] + widths[-1]) / 2
    some, _ = found(FOUR, FaceChoice(min_px=between))
    assert len(some[0]) == sum(width >= between for width in widths)
    none, _ = found(FOUR, FaceChoice(min_px=5_000))
    assert {len(faces) for faces in none} == {0}


def test_it_is_known_where_there_may_have_been_more_faces() -> None:
    faces, crowded = found(FOUR, FaceChoice("largest"), max_faces=2)
    assert crowded == len(faces)


def test_a_negative_size_is_refused() -> None:
    with pytest.raises(SettingsError, match="--min-face is -1"):
        FaceChoice(min_px=-1)


def test_choices_are_part_of_what_an_output_was_made_of(tmp_path: Path) -> None:
    plain, chosen = AnnotateSettings(), AnnotateSettings(chosen=FaceChoice("central"))
    assert plain.as_json() != chosen.as_json()
