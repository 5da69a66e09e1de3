"""`analyze`: the README's own example, and what it opens and closes."""

import contextlib
import io
import re
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as PilImage

from fer_live import analyze, analyze_image, draw, to_pandas
from fer_live.errors import DeviceError, ModelError, SettingsError, SourceError
from fer_live.labels import LABELS
from fer_live.realtime.demo_clip import portrait
from fer_live.realtime.faces import FaceSettings
from fer_live.realtime.results import Frame
from tests.realtime.annotate.reference import reference_times
from tests.support.shared_data import shared_file
from tests.support.tiny_models import tiny_bytes

ROOT = Path(__file__).parents[2]
CLIP = "video/demo/pyfeat_single_face.mp4"


@pytest.fixture(scope="module", name="tiny")
def tiny_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("model") / "tiny.onnx"
    path.write_bytes(tiny_bytes())
    return str(path)


def test_the_example_of_the_readme_prints_a_line_for_each_face_and_frame(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    clip = shared_file(CLIP)
    (tmp_path / "talk.mp4").symlink_to(clip)
    monkeypatch.chdir(tmp_path)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(example, "README.md", "exec"), {})
    lines = [line.split() for line in printed.getvalue().splitlines()]
    times_s = [float(time_s) for time_s, *_ in lines]
    assert times_s == pytest.approx(reference_times(clip), abs=1e-4)
    assert {number for _, number, _, _ in lines} == {"1"}
    assert {label for *_, label, _ in lines} <= set(LABELS)
    assert all(0 < float(confidence) <= 1 for *_, confidence in lines)


@pytest.mark.parametrize("how", [str, Path])
def test_a_file_gives_every_frame_in_order(tiny: str, how: type) -> None:
    clip = shared_file("video/edge/fps5.mp4")
    results = list(analyze(how(clip), model=tiny))
    assert [result.frame_index for result in results] == list(range(len(results)))
    assert [r.time_s for r in results] == pytest.approx(reference_times(clip), abs=1e-4)


def test_settings_reach_the_faces(tiny: str) -> None:
    clip = shared_file("video/edge/two_happyL_angryR.mp4")
    faces = FaceSettings(max_faces=1, blendshapes=True)
    result = next(analyze(clip, model=tiny, faces=faces))
    (track,) = result.tracks
    assert track.face.blendshapes is not None
    assert track.face.blendshapes.shape == (52,)


def test_leaving_the_loop_closes_everything(tiny: str) -> None:
    before = set(threading.enumerate())
    results = analyze(shared_file(CLIP), model=tiny)
    next(results)
    results.close()
    assert set(threading.enumerate()) == before
    with pytest.raises(StopIteration):
        next(results)


@pytest.mark.parametrize(
    ("wrong", "error", "sentence"),
    [
        ({"source": "no_such.mp4"}, SourceError, "no_such.mp4"),
        ({"model": "no_such"}, ModelError, "no model 'no_such'"),
        ({"device": "cuda"}, DeviceError, "device cpu"),
    ],
)
def test_nothing_is_opened_before_the_first_result_which_tells_what_is_wrong(
    wrong: dict[str, str], error: type[Exception], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    results = analyze(**{"source": str(shared_file(CLIP)), **wrong})  # type: ignore[call-overload]  # words of a Literal
    with pytest.raises(error, match=sentence):
        next(results)


def test_frames_come_with_their_results_and_can_be_drawn_on(tiny: str) -> None:
    clip = shared_file("video/edge/fps5.mp4")
    seen = list(analyze(clip, model=tiny, frames=True))
    alone = list(analyze(clip, model=tiny))
    assert [result.frame_index for _, result in seen] == [r.frame_index for r in alone]
    frame, result = next((f, r) for f, r in seen if r.tracks)
    picture = draw(frame.rgb, result)
    assert picture.shape == frame.rgb.shape
    assert (picture != frame.rgb).any()


def test_arrays_in_memory_are_read_as_the_file_is(tiny: str) -> None:
    clip = shared_file("video/edge/fps5.mp4")
    seen = list(analyze(clip, model=tiny, frames=True))
    again = list(analyze((frame for frame, _ in seen), model=tiny))
    for (frame, result), same in zip(seen, again, strict=True):
        assert same.time_s == frame.time_s
        assert [t.face.box for t in same.tracks] == [t.face.box for t in result.tracks]
        for track, twin in zip(result.tracks, same.tracks, strict=True):
            np.testing.assert_array_equal(track.raw, twin.raw)
    plain = list(analyze([frame.rgb for frame, _ in seen[:4]], model=tiny))
    assert [result.time_s for result in plain] == [0, 1 / 30, 2 / 30, 3 / 30]


@pytest.mark.packages
def test_a_picture_means_the_same_as_path_bytes_array_and_pil_image(
    tiny: str, tmp_path: Path
) -> None:
    rgb = portrait()
    path = tmp_path / "face.png"
    cv2.imwrite(str(path), rgb[:, :, ::-1])
    given = [path, str(path), path.read_bytes(), rgb, PilImage.fromarray(rgb)]
    found = [analyze_image(image, model=tiny) for image in given]
    (face,) = found[0].tracks
    assert 80 < face.face.box.width_px < 110
    for result in found[1:]:
        assert [track.raw.tolist() for track in result.tracks] == [face.raw.tolist()]


def test_gray_pictures_and_palettes_are_taken_too(tiny: str) -> None:
    gray = cv2.cvtColor(portrait(), cv2.COLOR_RGB2GRAY)
    assert len(analyze_image(gray, model=tiny).tracks) == 1
    palette = PilImage.fromarray(portrait()).convert("P")
    assert len(analyze_image(palette, model=tiny).tracks) == 1


def test_a_result_can_be_read_alone(tiny: str) -> None:
    (track,) = analyze_image(portrait(), model=tiny).tracks
    assert tuple(track.probabilities) == track.labels
    assert track.probabilities[track.label] == pytest.approx(track.confidence)
    assert sum(track.raw_probabilities.values()) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(
    ("picture", "sentence"),
    [
        (np.zeros((8, 8, 3)), "float64 of shape"),
        (np.zeros((8, 8, 4), np.uint8), r"shape \(8, 8, 4\)"),
        (np.zeros((0, 8, 3), np.uint8), "shape"),
        (b"no picture", "not a picture"),
        ("no_such.png", "no_such.png"),
        (None, "object of shape"),
    ],
)
def test_what_is_no_picture_is_told_in_a_sentence(picture: object, sentence: str) -> None:
    with pytest.raises(SourceError, match=sentence):
        analyze_image(picture)


@pytest.mark.parametrize("source", [3.5, None, True, b"bytes"])
def test_what_is_no_source_is_told_in_a_sentence(source: object) -> None:
    with pytest.raises(SettingsError, match="is not a source"):
        next(analyze(source))  # type: ignore[call-overload]  # what a type checker would refuse


def test_frames_that_go_back_in_time_and_no_frames_are_refused(tiny: str) -> None:
    frames = [Frame(0, 1.0, portrait()), Frame(1, 0.5, portrait())]
    with pytest.raises(SourceError, match="in order of time"):
        list(analyze(frames, model=tiny))
    with pytest.raises(SourceError, match="no picture"):
        next(analyze([], model=tiny))


@pytest.mark.packages
def test_a_data_frame_holds_what_the_command_writes(tiny: str, tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    (tmp_path / "face.png").write_bytes(cv2.imencode(".png", portrait()[:, :, ::-1])[1].tobytes())
    frame = to_pandas(analyze(tmp_path / "face.png", model=tiny, frames=True))
    assert list(frame["frame"]) == [0]
    (track,) = analyze_image(portrait(), model=tiny).tracks
    assert frame["label"].item() == track.label
    assert frame["happy"].item() == pytest.approx(track.probabilities["happy"], abs=1e-6)
    empty = to_pandas(analyze([np.zeros((64, 64, 3), np.uint8)], model=tiny))
    assert len(empty) == 1
    assert pandas.isna(empty["label"]).all()


def test_a_path_is_a_file_even_where_it_is_a_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny: str
) -> None:
    (tmp_path / "7").symlink_to(shared_file("video/edge/one_frame.mp4"))
    monkeypatch.chdir(tmp_path)
    assert len(list(analyze(Path("7"), model=tiny))) == 1
