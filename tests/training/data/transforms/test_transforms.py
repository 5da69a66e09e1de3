"""What a chain makes of pictures, and that it looks for faces only once."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from fer_live.crop import CropGeometry
from fer_live.errors import SettingsError
from fer_live.realtime.faces.mesh import anchors_of
from fer_live.realtime.faces.networks.mediapipe_tasks import MeshNetwork
from fer_live.training.config.experiment import DataSettings
from fer_live.training.data.readers.layouts import read_samples
from fer_live.training.data.transforms.chain import TransformChain
from fer_live.training.data.transforms.face_crops import Boxed, Landmarks
from fer_live.training.data.transforms.live import Live
from fer_live.training.data.transforms.steps import KNOWN, CentreCrop, step_of
from tests.support.data_sets import fer2013_table, picture, write

pytestmark = [pytest.mark.training]


@pytest.fixture(scope="module")
def portrait() -> NDArray[np.uint8]:
    """A real face, with what is around it."""
    data = pytest.importorskip("skimage.data")
    return np.ascontiguousarray(data.astronaut()[:300, 80:380])


@given(height=st.integers(1, 120), width=st.integers(1, 120), side=st.integers(1, 120))
def test_centring_keeps_the_middle_and_pads_with_black(height: int, width: int, side: int) -> None:
    full = np.full((height, width), 200, np.uint8)
    out = CentreCrop(side)(full)
    assert out.shape == (side, side)
    rows, columns = (out == 200).any(axis=1), (out == 200).any(axis=0)
    assert (rows.sum(), columns.sum()) == (min(side, height), min(side, width))
    for line in (rows, columns):
        before, after = int(line.argmax()), int(line[::-1].argmax())
        assert abs(before - after) <= 1


def test_centring_at_its_own_size_changes_nothing() -> None:
    one = picture(3, 50, 50, colour=True)
    np.testing.assert_array_equal(CentreCrop(50)(one), one)


def test_a_chain_is_its_steps_in_order() -> None:
    frame = picture(1, 576, 720, colour=True)
    made = TransformChain(("resize 90x72", "gray")).apply(frame)
    assert made is not None
    assert made.shape == (72, 90)
    gray = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    whole = cv2.resize(gray, (90, 72), interpolation=cv2.INTER_AREA)
    assert np.abs(made.astype(int) - whole).max() <= 2


@pytest.mark.parametrize("words", KNOWN)
def test_every_step_that_is_named_can_be_made(words: str) -> None:
    assert step_of(words) is not None


@pytest.mark.parametrize(
    "words", ["crop", "gray 3", "resize", "resize 0x5", "centre -1", "mtcnn x"]
)
def test_a_step_that_makes_no_sense_names_its_key(words: str) -> None:
    with pytest.raises(SettingsError, match=r"data\.steps"):
        step_of(words)


def test_the_landmark_crop_puts_eyes_and_mouth_where_the_live_crop_does(
    portrait: NDArray[np.uint8],
) -> None:
    step = Landmarks(192)
    cut = step(portrait)
    step.close()
    assert cut is not None
    network = MeshNetwork("confirm")
    mesh = network.look(cut)
    network.close()
    assert mesh is not None
    places = (CropGeometry().anchors_px() + 0.5) * 4 - 0.5
    # A similarity has four unknowns for six numbers, so no face fits to the last pixel.
    assert np.abs(anchors_of(mesh.points_px) - places).max() < 12


def test_the_live_step_cuts_the_largest_face_whatever_was_shown_before(
    portrait: NDArray[np.uint8],
) -> None:
    small = cv2.resize(portrait, (90, 90), interpolation=cv2.INTER_AREA)
    both = np.full((300, 420, 3), 128, np.uint8)
    both[:, :300], both[100:190, 315:405] = portrait, small
    step = Live(48)
    alone = step(portrait)
    assert step(picture(5, 300, 420, colour=True)) is None
    beside, again = step(both), step(both)
    assert alone is not None
    assert beside is not None
    assert again is not None
    np.testing.assert_array_equal(beside, again)
    assert np.corrcoef(alone.ravel(), beside.ravel())[0, 1] > 0.95


def test_the_mouth_lies_in_the_lower_half_of_the_face(portrait: NDArray[np.uint8]) -> None:
    face, mouth = (step_of(words) for words in ("face 96", "mouth 40"))
    whole, part = face(portrait), mouth(portrait)
    for step in (face, mouth):
        step.close()  # type: ignore[attr-defined]  # both hold MediaPipe open
    assert whole is not None
    assert part is not None
    assert part.shape == (40, 40, 3)
    # Found again by its looks, where a face has its mouth.
    likeness = max(
        (_best_place(whole, part, side) for side in range(40, 70)), key=lambda found: found[0]
    )
    assert likeness[0] > 0.9
    assert 0.35 < likeness[1] / 96 < 0.65
    assert 0.6 < likeness[2] / 96 < 0.9


def _best_place(
    whole: NDArray[np.uint8], part: NDArray[np.uint8], side: int
) -> tuple[float, float, float]:
    """Likeness and middle (x, y) of the place in a picture that looks most like a part."""
    small = cv2.resize(part, (side, side), interpolation=cv2.INTER_AREA)
    found = cv2.matchTemplate(whole, small, cv2.TM_CCOEFF_NORMED)
    y, x = np.unravel_index(int(found.argmax()), found.shape)
    return float(found.max()), float(x) + side / 2, float(y) + side / 2


def test_mtcnn_and_haar_cut_the_same_face(portrait: NDArray[np.uint8]) -> None:
    step = Boxed(48)
    by_mtcnn, by_haar = step._by_mtcnn(portrait), step._by_haar(portrait)
    assert by_mtcnn is not None
    assert by_haar is not None
    middles = [(box[:2] + box[2:]) / 2 for box in (by_mtcnn, by_haar)]
    assert np.abs(middles[0] - middles[1]).max() < 20
    cut = step(portrait)
    assert cut is not None
    assert cut.shape == (48, 48, 3)


def test_faces_are_looked_for_once_and_pictures_without_one_left_out(
    tmp_path: Path,
    own_cache: Path,
    portrait: NDArray[np.uint8],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    write(tmp_path / "set/happy/face.png", portrait)
    write(tmp_path / "set/happy/noise.png", picture(0, 100, 100, colour=True))
    settings = DataSettings("folders", path="set", steps=("landmarks 48", "gray"))
    first = read_samples(settings, root=tmp_path)
    assert first.names.tolist() == ["happy/face.png"]
    assert "no face found in 1 of 2" in caplog.text

    def refuse(*_: object) -> None:
        raise AssertionError("looked again")

    monkeypatch.setattr(Landmarks, "__call__", refuse)
    np.testing.assert_array_equal(read_samples(settings, root=tmp_path).pixels, first.pixels)
    write(tmp_path / "set/happy/noise.png", picture(1, 100, 100, colour=True))
    with pytest.raises(AssertionError, match="looked again"):
        read_samples(settings, root=tmp_path)
    assert own_cache.is_dir()


@pytest.mark.usefixtures("own_cache")
def test_pictures_from_a_table_go_through_the_chain_too(tmp_path: Path) -> None:
    fer2013_table(tmp_path / "fer2013.csv", [0, 1], ["Training", "PublicTest"])
    settings = DataSettings("fer2013", "fer2013.csv", steps=("centre 50",))
    samples = read_samples(settings, root=tmp_path)
    assert samples.pixels.shape == (2, 50, 50)
    np.testing.assert_array_equal(samples.pixels[0, 1:49, 1:49], picture(0).reshape(48, 48))
